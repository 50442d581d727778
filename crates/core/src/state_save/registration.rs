// SPDX-License-Identifier: Apache-2.0
//! What slurmctld says of jobs that nodes report and that it does not expect.

use std::collections::BTreeSet;

/// A job that a node still has and that slurmctld's table does not show as
/// running there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum UnexpectedJob {
    /// The table shows it as pending: it was started after the last save.
    /// slurmctld has it killed and starts it again.
    Pending {
        /// The id as scontrol(1) takes it, such as `12`, `12_3` or `12+1`.
        id: String,
        /// The node that has it.
        node: String,
    },
    /// The table does not have it: it was submitted and started after the
    /// last save. slurmctld has it killed.
    Orphan {
        /// The id.
        id: String,
        /// The node that has it.
        node: String,
    },
}

/// Finds the lines that `validate_jobs_on_node` writes (job_mgr.c; the same
/// words from 22.05 to 25.11), each job and node once.
pub fn parse_unexpected_jobs(log: &str) -> BTreeSet<UnexpectedJob> {
    log.lines().filter_map(unexpected_job).collect()
}

fn unexpected_job(line: &str) -> Option<UnexpectedJob> {
    let node = line.split_once(" on node ")?.1.split_whitespace().next()?.to_owned();
    if let Some((_, rest)) = line.split_once("Registered PENDING ") {
        return Some(UnexpectedJob::Pending { id: job_id(rest)?, node });
    }
    let (_, rest) = line.split_once("Orphan ")?;
    line.contains(" reported on node ").then_some(())?;
    Some(UnexpectedJob::Orphan { id: job_id(rest)?, node })
}

/// The id behind `JobId=` or, in the names of steps, `StepId=`: `12`,
/// `12_3(15)`, `12+1(13)`, `12_*`, and with a step `12.batch` (log.c,
/// `jobid2fmt`).
fn job_id(text: &str) -> Option<String> {
    let id = text.strip_prefix("JobId=").or_else(|| text.strip_prefix("StepId="))?;
    let end = id.find(|c: char| !(c.is_ascii_digit() || c == '_' || c == '+'));
    let id = id[..end.unwrap_or(id.len())].trim_end_matches('_');
    (!id.is_empty()).then(|| id.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pending(id: &str, node: &str) -> UnexpectedJob {
        UnexpectedJob::Pending { id: id.into(), node: node.into() }
    }

    #[test]
    fn jobs_that_nodes_still_have_are_found() {
        let log = "\
slurmctld: error: Registered PENDING JobId=41 StepId=41.batch on node cn1
slurmctld: error: Registered PENDING JobId=41 StepId=41.extern on node cn1
slurmctld: error: Registered PENDING JobId=50_3(55) StepId=55.batch on node cn2
slurmctld: error: Registered PENDING JobId=60_* StepId=60.batch on node cn2
slurmctld: error: Orphan StepId=77.batch reported on node cn1
slurmctld: _slurm_rpc_submit_batch_job: JobId=90 InitPrio=4294901757 usec=1042
slurmctld: Node cn1 now responding";
        let found: Vec<_> = parse_unexpected_jobs(log).into_iter().collect();
        assert_eq!(
            found,
            [
                pending("41", "cn1"),
                pending("50_3", "cn2"),
                pending("60", "cn2"),
                UnexpectedJob::Orphan { id: "77".into(), node: "cn1".into() },
            ]
        );
    }

    #[test]
    fn a_het_job_is_named_by_leader_and_offset() {
        let line = "error: Registered PENDING JobId=12+1(13) StepId=13.batch on node cn1";
        assert_eq!(unexpected_job(line), Some(pending("12+1", "cn1")));
    }

    #[test]
    fn lines_that_only_look_alike_are_left() {
        for line in [
            "Registered PENDING JobId=Invalid StepId=1.batch on node cn1",
            "Registered PENDING JobId=1 on wrong",
            "Orphan process found on node cn1",
            "",
        ] {
            assert_eq!(unexpected_job(line), None, "{line}");
        }
    }
}
