// SPDX-License-Identifier: Apache-2.0
//! Partitions and compute nodes that go from a running scheduler, and their
//! jobs with them.

use std::path::Path;

use super::Seen;
use crate::layout;
use crate::observe::{EndingJobs, Reading};
use crate::plan::build::{Acceptance, Draft, Refusal};
use crate::site::hostlist;
use crate::slurm_conf::Places;

/// Says what goes, and refuses where jobs would. slurmctld ends the jobs of a partition
/// or a node that its new configuration does not have, those that wait included (22.05,
/// read_config.c: "Invalid partition", "Invalid nodes", both with the state `NODE_FAIL`).
pub(super) fn check(controllers: &[Seen<'_>], draft: &mut Draft) {
    let path = Path::new(layout::SLURM_CONF);
    let active = controllers.iter().find(|seen| seen.is_active("slurmctld.service"));
    let texts =
        active.and_then(|seen| Some((seen, seen.text(path)?, draft.text_of(seen.name(), path)?)));
    let Some((active, old, new)) = texts else { return };
    let gone = Gone(Places::of(old).without(&Places::of(new)));
    if gone.0.is_empty() {
        return;
    }
    let what = match &active.observed.ending_jobs {
        Reading::Known(EndingJobs { all: 0, .. }) => {
            draft.notes.push(format!("{}; no job is there", gone.names()));
            return;
        }
        Reading::Known(jobs) => format!("{}, and slurmctld ends {}", gone.names(), gone.jobs(jobs)),
        Reading::Unknown(why) => {
            format!("{}, and how many jobs end with that could not be told: {why}", gone.names())
        }
    };
    draft.refusals.push(Refusal {
        machine: active.name().clone(),
        what,
        cure: gone.cure(),
        unless: Some(Acceptance::EndJobs),
    });
}

/// What a slurm.conf no longer has.
struct Gone(Places);

impl Gone {
    fn partitions(&self) -> String {
        let names: Vec<&str> = self.0.partitions.iter().map(String::as_str).collect();
        names.join(",")
    }

    fn nodes(&self) -> String {
        hostlist::compress(&self.0.nodes.iter().collect::<Vec<_>>())
    }

    fn names(&self) -> String {
        let names = match (self.0.nodes.is_empty(), self.0.partitions.is_empty()) {
            (false, true) => self.nodes(),
            (true, _) => format!("partition {}", self.partitions()),
            (false, false) => format!("{} and partition {}", self.nodes(), self.partitions()),
        };
        format!("slurm.conf no longer has {names}")
    }

    fn jobs(&self, jobs: &EndingJobs) -> String {
        let mut places: Vec<String> = Vec::new();
        if jobs.on_nodes > 0 {
            places.push(format!("{} on {}", jobs.on_nodes, self.nodes()));
        }
        places.extend(jobs.in_partitions.iter().map(|(name, count)| format!("{count} in {name}")));
        let noun = if jobs.all == 1 { "job" } else { "jobs" };
        format!("{} {noun} that run or wait ({})", jobs.all, places.join(", "))
    }

    /// A partition that drains takes no new jobs and goes on with those that it has.
    fn cure(&self) -> String {
        let (mut show, mut drain) = (Vec::new(), Vec::new());
        if !self.0.nodes.is_empty() {
            let nodes = self.nodes();
            show.push(format!("`squeue --nodelist={nodes}`"));
            drain.push(format!("`scontrol update nodename={nodes} state=drain reason=leaves`"));
        }
        if !self.0.partitions.is_empty() {
            show.push(format!("`squeue --partition={}`", self.partitions()));
        }
        for partition in &self.0.partitions {
            drain.push(format!("`scontrol update partitionname={partition} state=drain`"));
        }
        format!(
            "to see them: {}; to let them end first: {}; to end them: `slurmha apply --end-jobs`",
            show.join(", "),
            drain.join(", ")
        )
    }
}
