// SPDX-License-Identifier: Apache-2.0
//! The rule by which a saved table contains a job.

use jiff::Timestamp;

use crate::state_save::{JobStateHeader, MAX_JOB_ID};

/// Whether a table with this header contains a job that the slurmctld that
/// wrote it had acknowledged when the question arrived.
///
/// Both tests are sound by themselves. slurmctld takes the next id and the
/// time before it locks the table and copies it (22.05, job_mgr.c,
/// `dump_all_job_state`), so every job with a lower id, and every job that was
/// there before that second, is in it. The first test is the quicker one; it
/// alone could wait for ever, because a reconfiguration sets the sequence in
/// memory back to the saved one.
///
/// A job of an earlier slurmctld is another question: the sequence is raised
/// over everything that may have been lost.
pub fn is_saved(header: &JobStateHeader, job: u32, arrived: Timestamp) -> bool {
    has_later_id(header, job) || header.saved.as_second() > arrived.as_second()
}

/// The first test alone, for a table whose time proves nothing.
///
/// At Slurm's highest id they begin again at the lowest, and until the next save the table
/// has the high one: an id that is far above proves nothing.
pub fn has_later_id(header: &JobStateHeader, job: u32) -> bool {
    header.next_id.checked_sub(job).is_some_and(|ahead| ahead > 0 && ahead < MAX_JOB_ID / 2)
}

/// Whether a table was saved at a time that has not come: the clock was ahead
/// then and was set back. It is older than whatever has come since, and
/// slurmctld saves no other before that time
/// ([`Diagnosis::ahead`](crate::observe::Diagnosis::ahead)).
pub fn is_from_the_future(header: &JobStateHeader, now: Timestamp) -> bool {
    header.saved.as_second() > now.as_second()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    fn header(next_id: u32, saved: &str) -> JobStateHeader {
        JobStateHeader { protocol: 9728, saved: at(saved), next_id }
    }

    #[test]
    fn a_table_with_a_later_id_contains_the_job() {
        let arrived = at("2026-01-01T12:00:05.9Z");
        assert!(is_saved(&header(43, "2026-01-01T12:00:01Z"), 42, arrived));
        assert!(!is_saved(&header(42, "2026-01-01T12:00:01Z"), 42, arrived));
    }

    #[test]
    fn the_first_ids_after_the_last_one_are_not_in_the_table_that_has_that() {
        let arrived = at("2026-01-01T12:00:05.9Z");
        let table = header(MAX_JOB_ID - 1, "2026-01-01T12:00:01Z");
        assert!(!is_saved(&table, 1, arrived));
        assert!(is_saved(&table, MAX_JOB_ID - 2, arrived));
    }

    #[test]
    fn a_table_with_a_time_that_has_not_come_is_told_by_its_id_alone() {
        let now = at("2026-01-01T12:00:05.9Z");
        let table = header(43, "2026-01-01T12:10:00Z");
        assert!(is_from_the_future(&table, now));
        assert!(has_later_id(&table, 42) && !has_later_id(&table, 43));
        assert!(!is_from_the_future(&header(43, "2026-01-01T12:00:05Z"), now));
    }

    #[test]
    fn a_table_of_the_same_second_may_be_from_before_the_question() {
        let arrived = at("2026-01-01T12:00:05.1Z");
        assert!(!is_saved(&header(7, "2026-01-01T12:00:05Z"), 42, arrived));
        assert!(is_saved(&header(7, "2026-01-01T12:00:06Z"), 42, arrived));
    }
}
