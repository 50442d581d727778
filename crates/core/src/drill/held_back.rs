// SPDX-License-Identifier: Apache-2.0
//! Jobs of a run that Slurm has requeued and does not let start yet.
//!
//! When Slurm requeues a job it sets the time of its submission to now, and its
//! begin time to when the credential of its last run has expired: 121 s later
//! unless slurm.conf says otherwise (22.05: job_mgr.c, `batch_requeue_fini`;
//! slurm.conf(5), `AuthInfo`, `cred_expire`). A begin time that its user gave
//! it has passed by then: it has run.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::time::{rounded, seconds};
use super::work::array_job;
use crate::observe::{JobRecord, ParseError};

/// What waits for its begin time is PENDING for this reason (22.05:
/// slurm_protocol_defs.c, `job_reason_string`, `WAIT_TIME`).
const HELD_BACK: (&str, &str) = ("PENDING", "BeginTime");

/// What its user has submitted held, or holds, waits for this reason
/// (`WAIT_HELD_USER`): for nothing but an order.
const HELD_BY_USER: (&str, &str) = ("PENDING", "JobHeldUser");

/// slurmd takes a credential for a new one if it was made later than the old one
/// was revoked, by slurmctld's clock and in whole seconds (22.05: slurm_cred.c,
/// `slurm_cred_handle_reissue`, `slurm_cred_revoked`; req.c,
/// `_rpc_terminate_job`); otherwise it refuses the job, which is killed for that
/// (agent.c, `Killing non-startable batch`). It was revoked before the job was
/// requeued. Where that was in the future, because the clock was ahead then, the
/// job is not touched.
const SINCE_REQUEUED: SignedDuration = SignedDuration::from_secs(2);

/// For squeue's `--format`: what [`parse_queue`] reads.
pub const QUEUE_FORMAT: &str = "%T|%r|%j";

/// For `SLURM_TIME_FORMAT` (scontrol(1), sacct(1)): seconds since 1970, whatever the
/// time zone.
pub const TIME_FORMAT: &str = "%s";

/// How much of a run is in the queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Queued {
    /// Jobs that wait, run, or are being cleaned up. Those that are held are left
    /// out: what was to release them is over, and they would wait for ever.
    pub jobs: usize,
    /// Those of them that wait for their begin time.
    pub held_back: usize,
}

/// A job that waits for the time which Slurm gave it when it requeued it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldBack {
    /// Its id.
    pub id: u32,
    /// Its name.
    pub name: String,
    /// When Slurm lets it start, on slurmctld's clock.
    pub due: Timestamp,
}

/// A requeued job that the drill let start before Slurm would have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hastened {
    /// Its id.
    pub id: u32,
    /// Its name.
    pub name: String,
    /// When the drill asked for that, on the client's clock.
    pub at: Timestamp,
    /// When Slurm would have let it start. That is on slurmctld's clock, which
    /// goes for the client's.
    pub due: Timestamp,
}

impl Hastened {
    /// How much earlier it could start, in seconds.
    pub fn earlier_s(&self) -> f64 {
        rounded(seconds(self.at, self.due))
    }

    /// The news for whoever waits.
    pub fn news(&self) -> String {
        let (id, earlier) = (self.id, self.earlier_s());
        format!(
            "job {id} was requeued; the drill lets it start now instead of {earlier:.0} s later"
        )
    }
}

/// Reads `squeue --noheader` with [`QUEUE_FORMAT`].
pub fn parse_queue(text: &str, run: &str) -> Queued {
    let mut queued = Queued::default();
    for line in text.lines() {
        let mut columns = line.trim().splitn(3, '|');
        let (state, reason, name) = (columns.next(), columns.next(), columns.next());
        let waits = state.zip(reason);
        if name.is_some_and(|name| is_of(run, name)) && waits != Some(HELD_BY_USER) {
            queued.jobs += 1;
            queued.held_back += usize::from(waits == Some(HELD_BACK));
        }
    }
    queued
}

/// Reads `scontrol show job --oneliner` with times as [`TIME_FORMAT`] has them:
/// the jobs of this run and user that Slurm has requeued and that wait for
/// nothing but their begin time. `now` is the client's.
///
/// # Errors
/// When such a job lacks something.
pub fn parse_held_back(
    text: &str,
    run: &str,
    user: &str,
    now: Timestamp,
) -> Result<Vec<HeldBack>, ParseError> {
    let mut jobs = Vec::new();
    for line in text.lines().map(str::trim) {
        let owner = word(line, "UserId").and_then(|it| it.split('(').next());
        let name = word(line, "JobName").filter(|name| is_of(run, name));
        let Some(name) = name.filter(|_| owner == Some(user)) else { continue };
        let waits = word(line, "JobState").zip(word(line, "Reason")) == Some(HELD_BACK);
        if !waits || number(line, "Restarts")? == 0 {
            continue;
        }
        let id = u32::try_from(number(line, "JobId")?);
        let id = id.map_err(|_| ParseError::unexpected(PROGRAM, "JobId", line))?;
        let (requeued, due) = (moment(line, "SubmitTime")?, moment(line, "EligibleTime")?);
        if now.duration_since(requeued) >= SINCE_REQUEUED && now < due {
            let task = word(line, "ArrayTaskId").and_then(|task| task.parse().ok());
            let name = task.map_or_else(|| name.to_owned(), |task| array_job(name, task));
            jobs.push(HeldBack { id, name, due });
        }
    }
    Ok(jobs)
}

/// The ids of the run's jobs that nobody is going to release any more.
pub fn left_held(jobs: &[JobRecord], run: &str) -> Vec<u32> {
    let held = jobs.iter().filter(|job| is_of(run, &job.name) && is_held(job));
    held.map(|job| job.id).collect()
}

/// The ids of the run's jobs that wait, for whatever it is.
pub fn still_waiting(jobs: &[JobRecord], run: &str) -> Vec<u32> {
    let waiting = jobs.iter().filter(|job| is_of(run, &job.name) && job.state == "PENDING");
    waiting.map(|job| job.id).collect()
}

/// Whether its user holds it.
pub(super) fn is_held(job: &JobRecord) -> bool {
    (job.state.as_str(), job.reason.as_str()) == HELD_BY_USER
}

const PROGRAM: &str = "scontrol show job";

/// The run makes its jobs' names of its own name and a number.
fn is_of(run: &str, name: &str) -> bool {
    name.strip_prefix(run).is_some_and(|rest| rest.starts_with('-'))
}

fn moment(line: &str, key: &'static str) -> Result<Timestamp, ParseError> {
    let wrong = |_| ParseError::unexpected(PROGRAM, key, line);
    Timestamp::from_second(number(line, key)?).map_err(wrong)
}

fn number(line: &str, key: &'static str) -> Result<i64, ParseError> {
    let word = word(line, key).ok_or(ParseError::Missing { program: PROGRAM, what: key })?;
    word.parse().map_err(|_| ParseError::unexpected(PROGRAM, "a number", word))
}

fn word<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    line.split(' ').find_map(|word| word.strip_prefix(key)?.strip_prefix('='))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000;

    /// In the words and the order of scontrol 22.05.8, shortened.
    fn shown(id: u32, name: &str, restarts: u32, requeued: i64) -> String {
        let (submitted, due) = (NOW + requeued, NOW + requeued + 121);
        format!(
            "JobId={id} JobName={name} UserId=nobody(65534) GroupId=nogroup(65534) JobState=PENDING \
             Reason=BeginTime Dependency=(null) Requeue=1 Restarts={restarts} BatchFlag=1 \
             SubmitTime={submitted} EligibleTime={due} AccrueTime=Unknown StartTime={due}"
        )
    }

    fn held_back(text: &str) -> Vec<u32> {
        let now = Timestamp::from_second(NOW).unwrap();
        let jobs = parse_held_back(text, "drill1", "nobody", now).unwrap();
        jobs.into_iter().map(|job| job.id).collect()
    }

    #[test]
    fn what_slurm_has_requeued_is_told_with_its_time() {
        let now = Timestamp::from_second(NOW).unwrap();
        let text = shown(7, "drill1-0003", 1, -3);
        let due = Timestamp::from_second(NOW + 118).unwrap();
        let expected = HeldBack { id: 7, name: "drill1-0003".to_owned(), due };
        assert_eq!(parse_held_back(&text, "drill1", "nobody", now).unwrap(), [expected]);
        assert_eq!(held_back("No jobs in the system\n"), [0; 0]);
        assert!(parse_held_back(&text.replace("Eligible", ""), "drill1", "nobody", now).is_err());
    }

    #[test]
    fn nobody_elses_job_is_the_runs() {
        for name in ["drill10-0003", "drill1", "render", "my drill1-0003"] {
            assert_eq!(held_back(&shown(7, name, 1, -3)), [0; 0], "{name}");
        }
        let text = shown(7, "drill1-0003", 1, -3).replace("nobody(65534)", "alice(2001)");
        assert_eq!(held_back(&text), [0; 0]);
    }

    #[test]
    fn what_waits_for_something_else_goes_on_waiting() {
        let later = shown(7, "drill1-0003", 0, -3);
        assert_eq!(held_back(&later), [0; 0], "its user wants it to wait");
        for (was, is) in [
            ("Reason=BeginTime", "Reason=Resources"),
            ("Reason=BeginTime", "Reason=launch_failed_requeued_held"),
            ("JobState=PENDING", "JobState=COMPLETING"),
        ] {
            assert_eq!(held_back(&shown(7, "drill1-0003", 1, -3).replace(was, is)), [0; 0], "{is}");
        }
    }

    /// The credential of its next run must be younger than the end of the last.
    #[test]
    fn what_was_requeued_just_now_or_in_the_future_goes_on_waiting() {
        let text = [shown(7, "drill1-0003", 1, -1), shown(8, "drill1-0004", 2, -2)].join("\n");
        assert_eq!(held_back(&text), [8]);
        assert_eq!(held_back(&shown(7, "drill1-0003", 1, 600)), [0; 0]);
        assert_eq!(held_back(&shown(7, "drill1-0003", 1, -121)), [0; 0], "it may start by itself");
    }

    #[test]
    fn the_queue_is_counted_by_run() {
        let text = "RUNNING|None|drill1-0001\nPENDING|BeginTime|drill1-0002\n\
                    PENDING|Priority|drill1-0003\nPENDING|BeginTime|drill10-0001\n\
                    PENDING|BeginTime|a|b\n\n";
        assert_eq!(parse_queue(text, "drill1"), Queued { jobs: 3, held_back: 1 });
        assert_eq!(parse_queue("", "drill1"), Queued::default());
    }

    #[test]
    fn the_news_names_the_job_and_what_it_is_spared() {
        let at = Timestamp::from_millisecond(NOW * 1000 + 400).unwrap();
        let due = Timestamp::from_second(NOW + 118).unwrap();
        let job = Hastened { id: 7, name: "drill1-0003".to_owned(), at, due };
        assert_eq!(
            job.news(),
            "job 7 was requeued; the drill lets it start now instead of 118 s later"
        );
    }
}
