// SPDX-License-Identifier: Apache-2.0
//! Jobs whose node or partition slurm.conf shall no longer have.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::ParseError;
use crate::site::hostlist;
use crate::slurm_conf::Places;

/// A job's id, its partitions, and the nodes that it has and that it asks for; squeue(1).
pub const SQUEUE_PLACES: &str = "%i|%P|%N|%n";

/// How many jobs there are in what goes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndingJobs {
    /// All of them, each once.
    pub all: u64,
    /// In each partition that goes and has any.
    pub in_partitions: BTreeMap<String, u64>,
    /// On nodes that go, or waiting for one of them by its name.
    pub on_nodes: u64,
}

impl EndingJobs {
    fn count(&mut self, gone: &Places, partitions: &str, nodes: [&str; 2]) {
        // One that waits may name several partitions.
        let mut partitions: Vec<&str> = partitions.split(',').collect();
        partitions.retain(|&partition| gone.partitions.contains(partition));
        let names = |list| hostlist::expand(list).unwrap_or_default();
        let is_on_nodes = !gone.nodes.is_empty()
            && nodes.into_iter().flat_map(names).any(|it| gone.nodes.contains(&it));
        for &partition in &partitions {
            *self.in_partitions.entry(partition.to_owned()).or_default() += 1;
        }
        self.on_nodes += u64::from(is_on_nodes);
        self.all += u64::from(is_on_nodes || !partitions.is_empty());
    }
}

/// Counts the jobs in what goes, from `squeue --noheader --all --array --format` with
/// [`SQUEUE_PLACES`].
///
/// # Errors
/// When a line does not have four fields.
pub fn parse_ending_jobs(text: &str, gone: &Places) -> Result<EndingJobs, ParseError> {
    let mut jobs = EndingJobs::default();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let fields: Vec<&str> = line.split('|').map(str::trim).collect();
        let [_, partitions, has, asks_for] = fields[..] else {
            return Err(ParseError::unexpected("squeue", "a job and its places", line));
        };
        jobs.count(gone, partitions, [has, asks_for]);
    }
    Ok(jobs)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn gone(nodes: &str, partitions: &str) -> Places {
        let set = |list: &str| -> BTreeSet<String> {
            hostlist::expand(list).unwrap_or_default().into_iter().collect()
        };
        Places { nodes: set(nodes), partitions: set(partitions) }
    }

    /// Made up by squeue(1): one runs on two nodes, one waits in two partitions, one for a
    /// node by its name, and one is an array's element.
    const JOBS: &str = "\
        100001|main|cn[1-2]|\n\
        100002|main,long||\n\
        100003|main||cn2\n\
        100004_7|long|big1|\n";

    #[test]
    fn a_job_that_ends_counts_once() {
        let jobs = parse_ending_jobs(JOBS, &gone("cn2,big1", "long")).expect("jobs");
        let in_partitions = BTreeMap::from([("long".to_owned(), 2)]);
        assert_eq!(jobs, EndingJobs { all: 4, in_partitions, on_nodes: 3 });
    }

    #[test]
    fn jobs_elsewhere_stay() {
        let jobs = parse_ending_jobs(JOBS, &gone("cn3", "")).expect("jobs");
        assert_eq!(jobs, EndingJobs::default());
        assert_eq!(parse_ending_jobs("", &gone("cn3", "")), Ok(EndingJobs::default()));
    }

    #[test]
    fn what_is_no_list_of_jobs_is_not_none() {
        let text = "slurm_load_jobs error: Unable to contact slurm controller";
        assert!(parse_ending_jobs(text, &gone("cn3", "")).is_err());
    }
}
