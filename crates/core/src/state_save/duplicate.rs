// SPDX-License-Identifier: Apache-2.0
//! What Slurm does to a node and a job when slurmd calls the job a duplicate.

use jiff::Timestamp;

/// The reason that Slurm gives when it drains the node (agent.c).
const REASON: &str = "Duplicate jobid";

/// The reason of the job that it holds (squeue(1), `%r`).
const HELD: &str = "launch failed requeued held";

/// Columns of `sinfo --list-reasons` for [`parse_drained_as_duplicate`].
pub const SINFO_REASONS: &str = "%N|%H|%E";

/// Columns of `squeue` for [`parse_held_after_launch`].
pub const SQUEUE_REASONS: &str = "%A|%r";

/// Nodes, as hostlists, that Slurm drained since then because of a duplicate.
/// The times have to be in UTC.
pub fn parse_drained_as_duplicate(sinfo: &str, since: Timestamp) -> Vec<String> {
    let drained = |line: &str| {
        let mut columns = line.trim().splitn(3, '|');
        let (nodes, time, reason) = (columns.next()?, columns.next()?, columns.next()?);
        let time: Timestamp = format!("{time}Z").parse().ok()?;
        // Slurm's times are whole seconds.
        let recent = time.as_second() >= since.as_second();
        (reason.trim() == REASON && recent).then(|| nodes.to_owned())
    };
    sinfo.lines().filter_map(drained).collect()
}

/// Jobs with an id below `next_id` that Slurm holds after a failed launch.
pub fn parse_held_after_launch(squeue: &str, next_id: u32) -> Vec<u32> {
    let held = |line: &str| {
        let (id, reason) = line.trim().split_once('|')?;
        let id: u32 = id.parse().ok()?;
        (id < next_id && reason.trim_matches(['(', ')']) == HELD).then_some(id)
    };
    squeue.lines().filter_map(held).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As Slurm 22.05.8 printed it in the laboratory, but for the other
    /// reasons.
    const SINFO: &str = "\
cn1|2026-11-25T12:03:57|Duplicate jobid
cn[3-4]|2026-11-25T12:03:58|Duplicate jobid
cn5|2026-11-25T11:00:00|Duplicate jobid
cn6|2026-11-25T12:04:00|bad DIMM
cn7|Unknown|Duplicate jobid
";

    #[test]
    fn only_drains_of_that_kind_and_time_count() {
        let since = "2026-11-25T12:03:57.9Z".parse().unwrap();
        assert_eq!(parse_drained_as_duplicate(SINFO, since), ["cn1", "cn[3-4]"]);
    }

    #[test]
    fn only_jobs_from_before_that_are_held_for_that_count() {
        let squeue = "\
40156|launch failed requeued held
40157|(launch failed requeued held)
40158|JobHeldAdmin
70000|launch failed requeued held
";
        assert_eq!(parse_held_after_launch(squeue, 40_160), [40_156, 40_157]);
    }
}
