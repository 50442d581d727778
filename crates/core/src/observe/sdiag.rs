// SPDX-License-Identifier: Apache-2.0
//! `sdiag` of Slurm 22.05: what slurmctld counts about itself, for the cost
//! of one request whatever the number of jobs.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::ParseError;

const PROGRAM: &str = "sdiag";

/// slurmctld's own figures.
///
/// What is counted "since" is counted since midnight, UTC, or since slurmctld
/// started, whichever was later (sdiag(1)).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnosis {
    /// Threads that answer requests.
    pub server_threads: u64,
    /// Requests to nodes that wait.
    pub agent_queue: u64,
    /// Records that wait for slurmdbd.
    pub dbd_queue: u64,
    /// Jobs that wait, an array as many as it has tasks. Counted every 30 s
    /// (`JOB_COUNT_INTERVAL`, controller.c).
    pub pending: u64,
    /// Jobs that run; counted every 30 s.
    pub running: u64,
    /// Jobs accepted since then.
    pub submitted: u64,
    /// Jobs started since then.
    pub started: u64,
    /// Jobs that ended since then.
    pub completed: u64,
    /// Jobs canceled since then.
    pub canceled: u64,
    /// Jobs failed since then, for reasons of Slurm's own.
    pub failed: u64,
    /// The main scheduler's last pass.
    pub cycle_last: Duration,
    /// Its longest pass since then.
    pub cycle_max: Duration,
    /// Mean of its passes since then; absent while there was none.
    pub cycle_mean: Option<Duration>,
}

/// Reads what `sdiag` prints (`_print_stats` in sdiag.c of 22.05).
///
/// # Errors
/// When a figure is missing or no number.
pub fn parse_sdiag(text: &str) -> Result<Diagnosis, ParseError> {
    let jobs = Section { lines: text };
    // The backfill scheduler has lines of the same names.
    let cycles = Section { lines: main_scheduler(text)? };
    Ok(Diagnosis {
        server_threads: jobs.number("Server thread count:")?,
        agent_queue: jobs.number("Agent queue size:")?,
        dbd_queue: jobs.number("DBD Agent queue size:")?,
        pending: jobs.number("Jobs pending:")?,
        running: jobs.number("Jobs running:")?,
        submitted: jobs.number("Jobs submitted:")?,
        started: jobs.number("Jobs started:")?,
        completed: jobs.number("Jobs completed:")?,
        canceled: jobs.number("Jobs canceled:")?,
        failed: jobs.number("Jobs failed:")?,
        cycle_last: Duration::from_micros(cycles.number("Last cycle:")?),
        cycle_max: Duration::from_micros(cycles.number("Max cycle:")?),
        cycle_mean: cycles.optional("Mean cycle:")?.map(Duration::from_micros),
    })
}

/// Records that wait in slurmctld for slurmdbd, from `sdiag` (a line
/// `DBD Agent queue size: 0` among many; `None` when it has none).
pub fn parse_sdiag_dbd_queue(text: &str) -> Option<u64> {
    Section { lines: text }.optional("DBD Agent queue size:").ok()?
}

/// Requests to nodes that wait or are under way, from `sdiag` (lines
/// `Agent queue size: 0` and `Agent count: 0`; `None` when one is missing).
pub fn parse_sdiag_agents(text: &str) -> Option<u64> {
    let all = Section { lines: text };
    Some(all.number("Agent queue size:").ok()? + all.number("Agent count:").ok()?)
}

/// The lines from the main scheduler's title to the next one's.
fn main_scheduler(text: &str) -> Result<&str, ParseError> {
    const TITLE: &str = "Main schedule statistics (microseconds)";
    let start = text.find(TITLE).ok_or(ParseError::Missing { program: PROGRAM, what: TITLE })?;
    let rest = &text[start..];
    Ok(rest.split("\nBackfilling stats").next().unwrap_or(rest))
}

struct Section<'a> {
    lines: &'a str,
}

impl Section<'_> {
    fn number(&self, title: &'static str) -> Result<u64, ParseError> {
        self.optional(title)?.ok_or(ParseError::Missing { program: PROGRAM, what: title })
    }

    fn optional(&self, title: &'static str) -> Result<Option<u64>, ParseError> {
        let value = self.lines.lines().find_map(|line| line.trim().strip_prefix(title));
        let Some(value) = value.map(str::trim) else { return Ok(None) };
        value.parse().map(Some).map_err(|_| ParseError::unexpected(PROGRAM, "a number", value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// sdiag 22.05.8 (Debian 12) a minute after slurmctld's start.
    const BUSY: &str = include_str!("../../tests/fixtures/observe/sdiag-busy.txt");

    #[test]
    fn figures_are_read_and_those_of_the_backfill_scheduler_are_not() {
        let read = parse_sdiag(BUSY).unwrap();
        assert_eq!(
            (read.server_threads, read.agent_queue, read.dbd_queue, read.pending, read.running),
            (3, 0, 0, 7, 2)
        );
        assert_eq!(
            (read.submitted, read.started, read.completed, read.canceled, read.failed),
            (10, 2, 0, 1, 0)
        );
        assert_eq!(
            [Some(read.cycle_last), Some(read.cycle_max), read.cycle_mean],
            [75, 1182, 347].map(|micros| Some(Duration::from_micros(micros)))
        );
        assert_eq!(parse_sdiag_dbd_queue(BUSY), Some(read.dbd_queue));
    }

    #[test]
    fn a_scheduler_that_has_not_run_yet_has_no_mean() {
        let text = BUSY.replacen("\tMean cycle:", "\tMean circle:", 1);
        assert_eq!(parse_sdiag(&text).unwrap().cycle_mean, None);
    }

    #[test]
    fn the_queue_for_slurmdbd_is_one_line_among_many() {
        let text = "Server thread count:  3\nAgent queue size:     0\nAgent count:          0\n\
                    DBD Agent queue size: 17\n\nJobs submitted: 4\n";
        assert_eq!(parse_sdiag_dbd_queue(text), Some(17));
        assert_eq!(parse_sdiag_dbd_queue("Agent queue size: 3\n"), None);
        assert_eq!(parse_sdiag_agents(text), Some(0));
        assert_eq!(parse_sdiag_agents("Agent queue size: 3\nAgent count: 2\n"), Some(5));
        assert_eq!(parse_sdiag_agents("DBD Agent queue size: 17\n"), None);
    }

    #[test]
    fn what_is_missing_is_named() {
        let missing = |text: &str| parse_sdiag(text).unwrap_err().to_string();
        let nothing = "sdiag: the output has no Main schedule statistics (microseconds)";
        assert_eq!(missing(""), nothing);
        let text = BUSY.replace("Jobs failed:", "Jobs lost:");
        assert_eq!(missing(&text), "sdiag: the output has no Jobs failed:");
        let text = BUSY.replace("Jobs running:   ", "Jobs running: -");
        assert_eq!(missing(&text), "sdiag: expected a number, found \"-2\"");
    }
}
