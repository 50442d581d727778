// SPDX-License-Identifier: Apache-2.0
//! `sdiag` of Slurm 22.05: what slurmctld counts about itself, for the cost
//! of one request whatever the number of jobs.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ParseError;

const PROGRAM: &str = "sdiag";

/// What slurmctld may have noted ahead of its clock before that is worth a
/// word: less is over before anybody has read it.
const LEAST_AHEAD: Duration = Duration::from_secs(30);

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
    /// When slurmctld answered, by its own clock.
    #[serde(default)]
    pub asked: Timestamp,
    /// When it counted jobs last, by its own clock as that was then.
    #[serde(default)]
    pub counted: Timestamp,
}

impl Diagnosis {
    /// How far ahead of its clock slurmctld has noted its last work; 0 as
    /// long as no clock was set back.
    ///
    /// Several of its threads compare the time with that of their last work and
    /// wait until it has come (22.05.8: the main scheduler, `_sched_agent` in
    /// job_scheduler.c; the backfill scheduler, `backfill_agent`; saving,
    /// `slurmctld_state_save`; most that `_slurmctld_background` does in
    /// controller.c). They forget it when slurmctld ends; `scontrol
    /// reconfigure` of 22.05 touches none of it.
    ///
    /// The time of the last count is the one to look at: it is noted every 30 s
    /// whatever there is to do. The backfill scheduler's (`Last cycle when`) is
    /// saved with the jobs and read again at the next start
    /// (`load_all_job_state` in job_mgr.c), when nothing waits for it any more.
    pub fn ahead(&self) -> Duration {
        ahead(self.asked, self.counted)
    }

    /// Until about when slurmctld starts no job, if it was found so far
    /// [ahead](Self::ahead) that it matters. It is the scheduler's time to a
    /// minute or two.
    pub fn waits_until(&self) -> Option<Timestamp> {
        waits_until(self.asked, self.counted)
    }
}

fn ahead(asked: Timestamp, counted: Timestamp) -> Duration {
    counted.duration_since(asked).try_into().unwrap_or_default()
}

fn waits_until(asked: Timestamp, counted: Timestamp) -> Option<Timestamp> {
    (ahead(asked, counted) >= LEAST_AHEAD).then_some(counted)
}

/// What slurmctld waits for, as far as it was told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waits {
    /// Records that wait for slurmdbd.
    pub records: Option<u64>,
    /// Until when it starts no job; see [`Diagnosis::waits_until`].
    pub until: Option<Timestamp>,
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
        asked: jobs.time(ASKED)?,
        counted: jobs.time(COUNTED)?,
    })
}

const ASKED: &str = "sdiag output at";
const COUNTED: &str = "Job states ts:";

/// What slurmctld waits for, from `sdiag`: the line `DBD Agent queue size: 0`
/// among many, and two times. What is missing is not known.
pub fn parse_sdiag_waits(text: &str) -> Waits {
    let all = Section { lines: text };
    let times = all.time(ASKED).ok().zip(all.time(COUNTED).ok());
    Waits {
        records: all.optional("DBD Agent queue size:").ok().flatten(),
        until: times.and_then(|(asked, counted)| waits_until(asked, counted)),
    }
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
        let Some(value) = self.value(title) else { return Ok(None) };
        value.parse().map(Some).map_err(|_| ParseError::unexpected(PROGRAM, "a number", value))
    }

    /// A time in words, which are in the machine's zone, and in parentheses as
    /// seconds since the epoch.
    fn time(&self, title: &'static str) -> Result<Timestamp, ParseError> {
        let value =
            self.value(title).ok_or(ParseError::Missing { program: PROGRAM, what: title })?;
        let seconds = value.strip_suffix(')').and_then(|value| value.rsplit_once('('));
        seconds
            .and_then(|(_, seconds)| Timestamp::from_second(seconds.parse().ok()?).ok())
            .ok_or_else(|| ParseError::unexpected(PROGRAM, "a time with its seconds", value))
    }

    fn value(&self, title: &str) -> Option<&str> {
        let mut lines = self.lines.lines();
        lines.find_map(|line| line.trim().strip_prefix(title)).map(str::trim)
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
        assert_eq!(parse_sdiag_waits(BUSY), Waits { records: Some(read.dbd_queue), until: None });
        assert_eq!((read.ahead(), read.waits_until()), (Duration::ZERO, None));
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
        assert_eq!(parse_sdiag_waits(text), Waits { records: Some(17), until: None });
        assert_eq!(parse_sdiag_waits("Agent queue size: 3\n"), Waits::default());
        assert_eq!(parse_sdiag_agents(text), Some(0));
        assert_eq!(parse_sdiag_agents("Agent queue size: 3\nAgent count: 2\n"), Some(5));
        assert_eq!(parse_sdiag_agents("DBD Agent queue size: 17\n"), None);
    }

    /// The clock was ahead by ten minutes when jobs were counted last.
    #[test]
    fn work_noted_in_the_future_is_waited_for() {
        let counted = |seconds: i64| BUSY.replace("(1795875458)", &format!("({seconds})"));
        let asked = 1_795_875_471;
        let text = counted(asked + 587);
        let until = Timestamp::from_second(asked + 587).unwrap();
        let read = parse_sdiag(&text).unwrap();
        assert_eq!((read.ahead(), read.waits_until()), (Duration::from_secs(587), Some(until)));
        assert_eq!(parse_sdiag_waits(&text).until, Some(until));
        let short = parse_sdiag(&counted(asked + 29)).unwrap();
        assert_eq!((short.ahead(), short.waits_until()), (Duration::from_secs(29), None));
    }

    /// What is read from the saved jobs at a start, and waited for by nobody.
    #[test]
    fn a_backfill_cycle_in_the_future_is_no_sign() {
        let text = BUSY.replace("(1795875457)", "(1795876057)");
        assert_eq!(parse_sdiag(&text).unwrap().ahead(), Duration::ZERO);
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
        let text = BUSY.replace("(1795875458)", "N/A");
        let found = "Sat Nov 28 14:17:38 2026 N/A";
        assert_eq!(
            missing(&text),
            format!("sdiag: expected a time with its seconds, found {found:?}")
        );
    }
}
