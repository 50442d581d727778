// SPDX-License-Identifier: Apache-2.0
//! How slurmctld ended the last time, as it stands beside its state.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::header::{ID_MARGIN, JobStateHeader, margin_after};
use super::takeover::Takeover;

/// How the last slurmctld on this volume ended.
///
/// The note travels with the volume, because the next slurmctld can start on
/// the other controller. Its first line is for people, too; the second holds
/// what the next start has to know besides:
///
/// ```text
/// stopped     it was asked to stop, saved everything, and ended
/// starting    from the repair of its state until it has answered
/// running     from then on
/// failed      it ended before it had answered, as its start has seen
/// ```
///
/// Whatever does not say "stopped" was no clean stop. A start that was killed
/// in the middle leaves "starting", also when slurmctld has answered by then.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LastStop {
    is_clean: bool,
    rest: Rest,
}

/// The second line.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Rest {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failed: Option<FailedStart>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unfinished: Option<Takeover>,
}

/// A slurmctld that has ended before its start saw it answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedStart {
    /// The next id of the table that it left.
    pub next_id: u32,
    /// How long it can have lived, in milliseconds.
    pub lived_ms: u64,
}

impl FailedStart {
    /// One that lived no longer than this and left that table.
    pub fn new(left: &JobStateHeader, lived: Duration) -> Self {
        let lived_ms = u64::try_from(lived.as_millis()).unwrap_or(u64::MAX);
        Self { next_id: left.next_id, lived_ms }
    }
}

impl LastStop {
    /// Reads the note; `None` for a volume that has none yet.
    pub fn parse(note: Option<&[u8]>) -> Self {
        let note = String::from_utf8_lossy(note.unwrap_or_default()).into_owned();
        let (first, second) = note.split_once('\n').unwrap_or((&note, ""));
        // What cannot be read costs ids and a report, as if nothing was noted.
        let rest = serde_json::from_str(second).unwrap_or_default();
        Self { is_clean: first.starts_with("stopped "), rest }
    }

    /// Whether slurmctld was asked to stop, saved everything, and ended. If
    /// not, it crashed, was killed, or lost its machine.
    pub fn is_clean(&self) -> bool {
        self.is_clean
    }

    /// Whether the note says that slurmctld may run.
    pub fn may_run(&self) -> bool {
        !self.is_clean && self.rest.failed.is_none()
    }

    /// What an earlier start had to do and has not done to its end.
    pub fn unfinished(&self) -> Option<&Takeover> {
        self.rest.unfinished.as_ref()
    }

    /// The report with which the next start goes on, because between that
    /// and the last one nothing was given out and saved: the table is the one
    /// that the last start left. Otherwise the failure that it tells of is
    /// over, and there was another one.
    pub fn goes_on(&self, table: &JobStateHeader) -> Option<&Takeover> {
        self.unfinished().filter(|report| report.raised_id == Some(table.next_id))
    }

    /// By how much the ids of this table have to be raised.
    ///
    /// What was acknowledged and not saved can only have been given out while
    /// slurmctld lived. That is bounded by the time between the order to start
    /// it and the look that found nothing of it left, in which it may well have
    /// served: a look each 50 ms does not prove that it never opened its port,
    /// and jobs without a script leave no directory. So a start that has failed
    /// costs what can be given out in that time, and a thousand at least.
    ///
    /// It is the full margin when nobody saw the end: after a crash, after a
    /// start that was killed in the middle, and when the table is not the one
    /// that the failed start left (somebody put back an older one, or has
    /// started slurmctld by hand since).
    ///
    /// Without this a slurmctld that cannot start, tried twice a minute, uses
    /// up Slurm's 67 million ids in a little more than a day.
    pub fn margin(&self, table: &JobStateHeader) -> u32 {
        match self.rest.failed {
            Some(failed) if failed.next_id == table.next_id => {
                margin_after(Duration::from_millis(failed.lived_ms))
            }
            _ => ID_MARGIN,
        }
    }

    /// The note from before a start until slurmctld has answered, with what is
    /// to be done then.
    pub fn starting(machine: &str, now: Timestamp, unfinished: &Takeover) -> String {
        let rest = Rest { failed: None, unfinished: Some(unfinished.clone()) };
        format!("starting on {machine} since {now:.0}\n{}", line(&rest))
    }

    /// The note while slurmctld runs.
    pub fn running(machine: &str, now: Timestamp) -> String {
        format!("running on {machine} since {now:.0}\n")
    }

    /// The note after a start that failed.
    pub fn failed(
        machine: &str,
        now: Timestamp,
        failed: FailedStart,
        unfinished: Option<&Takeover>,
    ) -> String {
        let rest = Rest { failed: Some(failed), unfinished: unfinished.cloned() };
        format!("failed on {machine} at {now:.0}\n{}", line(&rest))
    }

    /// The note after a clean stop.
    pub fn stopped(machine: &str, now: Timestamp, unfinished: Option<&Takeover>) -> String {
        let rest = Rest { failed: None, unfinished: unfinished.cloned() };
        let rest = if rest == Rest::default() { String::new() } else { line(&rest) };
        format!("stopped on {machine} at {now:.0}\n{rest}")
    }
}

/// Numbers and texts, which always can be written.
fn line(rest: &Rest) -> String {
    serde_json::to_string(rest).map(|text| text + "\n").unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn parse(note: &str) -> LastStop {
        LastStop::parse(Some(note.as_bytes()))
    }

    fn table(next_id: u32) -> JobStateHeader {
        JobStateHeader { protocol: 9728, saved: NOW, next_id }
    }

    fn report() -> Takeover {
        Takeover { raised_id: Some(20_100), known_by_directory: vec![101], ..Takeover::default() }
    }

    fn failed(lived: Duration) -> LastStop {
        let failed = FailedStart::new(&table(20_100), lived);
        parse(&LastStop::failed("ctl1", NOW, failed, Some(&report())))
    }

    #[test]
    fn only_a_note_of_a_stop_is_clean() {
        assert!(parse(&LastStop::stopped("ctl1", NOW, None)).is_clean());
        let others = [
            LastStop::running("ctl1", NOW),
            LastStop::starting("ctl1", NOW, &report()),
            LastStop::failed("ctl1", NOW, FailedStart::new(&table(1), Duration::ZERO), None),
            String::new(),
        ];
        for note in others {
            assert!(!parse(&note).is_clean(), "{note}");
        }
        assert!(!LastStop::parse(None).is_clean());
        assert_eq!(LastStop::stopped("ctl1", NOW, None).lines().count(), 1);
    }

    #[test]
    fn a_start_that_failed_costs_what_can_be_given_out_in_its_time() {
        let margin = |lived| failed(lived).margin(&table(20_100));
        assert_eq!(margin(Duration::from_millis(40)), 1000);
        assert_eq!(margin(Duration::from_secs(2)), 5000);
        assert_eq!(margin(Duration::from_secs(3600)), ID_MARGIN);
        assert_eq!(margin(Duration::MAX), ID_MARGIN);
    }

    #[test]
    fn an_end_that_nobody_saw_or_another_table_costs_the_full_margin() {
        let soon = failed(Duration::from_millis(40));
        for next_id in [20_099, 20_101, 100] {
            assert_eq!(soon.margin(&table(next_id)), ID_MARGIN);
        }
        let killed = LastStop::starting("ctl1", NOW, &report());
        for note in [killed.as_str(), "running on ctl1\n", "failed on ctl1 at x\nno json\n", ""] {
            assert_eq!(parse(note).margin(&table(20_100)), ID_MARGIN, "{note}");
        }
    }

    #[test]
    fn the_report_goes_on_with_the_table_that_its_start_has_left() {
        let starting = parse(&LastStop::starting("ctl1", NOW, &report()));
        for last in [failed(Duration::ZERO), starting] {
            assert_eq!(last.goes_on(&table(20_100)), Some(&report()));
            assert_eq!(last.goes_on(&table(20_101)), None, "jobs were saved since");
        }
        assert_eq!(parse(&LastStop::running("ctl1", NOW)).goes_on(&table(20_100)), None);
    }

    #[test]
    fn what_a_clean_stop_left_undone_is_kept() {
        let last = parse(&LastStop::stopped("ctl1", NOW, Some(&report())));
        assert!(last.is_clean());
        assert_eq!(last.unfinished(), Some(&report()));
        assert!(!last.may_run() && parse(&LastStop::running("ctl1", NOW)).may_run());
    }
}
