// SPDX-License-Identifier: Apache-2.0
//! Single jobs, from `scontrol show job` (the scheduler's memory) and `sacct`
//! (the accounting).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ParseError;

/// One job as the scheduler or the accounting knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobRecord {
    /// Job id. After a crash Slurm can give the same id to another job.
    pub id: u32,
    /// Job name.
    pub name: String,
    /// Of an array, which of its jobs; those that wait have one record. Empty for
    /// a job that is of none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub array_tasks: Vec<u32>,
    /// Slurm's word, such as `COMPLETED`; what follows the first word
    /// (`CANCELLED by 0`) is left out.
    pub state: String,
    /// How often it was requeued; the accounting does not say.
    pub restarts: Option<u32>,
    /// Why it waits or failed; empty when there is no reason.
    pub reason: String,
    /// When it began, on slurmctld's clock; only the accounting is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started: Option<Timestamp>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Timestamp>,
}

/// States that a job does not leave (squeue(1), JOB STATE CODES).
const FINAL_STATES: [&str; 9] = [
    "BOOT_FAIL",
    "CANCELLED",
    "COMPLETED",
    "DEADLINE",
    "FAILED",
    "NODE_FAIL",
    "OUT_OF_MEMORY",
    "PREEMPTED",
    "TIMEOUT",
];

impl JobRecord {
    /// Whether it has ended.
    pub fn is_final(&self) -> bool {
        FINAL_STATES.contains(&self.state.as_str())
    }
}

/// Reads `scontrol show job --oneliner`.
///
/// # Errors
/// When a line lacks the id, the name or the state.
pub fn parse_scontrol_jobs(text: &str) -> Result<Vec<JobRecord>, ParseError> {
    const PROGRAM: &str = "scontrol show job";
    // What it prints when the queue is empty.
    if text.trim() == "No jobs in the system" {
        return Ok(Vec::new());
    }
    let job = |line: &str| {
        let word =
            |key, what| value(line, key).ok_or(ParseError::Missing { program: PROGRAM, what });
        // A name may contain spaces; UserId always follows it.
        let name = line
            .split_once(" JobName=")
            .and_then(|(_, rest)| rest.split_once(" UserId="))
            .map(|(name, _)| name.to_owned())
            .ok_or_else(|| ParseError::unexpected(PROGRAM, "JobName", line))?;
        Ok(JobRecord {
            id: number(PROGRAM, word("JobId", "JobId")?)?,
            name,
            array_tasks: value(line, "ArrayTaskId").map(array_tasks).unwrap_or_default(),
            state: word("JobState", "JobState")?.to_owned(),
            restarts: value(line, "Restarts").map(|n| number(PROGRAM, n)).transpose()?,
            reason: value(line, "Reason").filter(|r| *r != "None").unwrap_or_default().to_owned(),
            started: None,
            ended: None,
        })
    };
    lines(text).map(job).collect()
}

/// The columns that [`parse_sacct`] reads, for sacct's `--format`.
pub const SACCT_FORMAT: &str = "JobIDRaw,JobID,Start,End,State,JobName";

/// Reads `sacct --noheader --parsable2 --allocations --duplicates` with
/// [`SACCT_FORMAT`] and `SLURM_TIME_FORMAT=%s`. The name comes last because it may
/// contain the separator.
///
/// # Errors
/// When a line does not have six columns or does not begin with an id.
pub fn parse_sacct(text: &str) -> Result<Vec<JobRecord>, ParseError> {
    const PROGRAM: &str = "sacct";
    let row = |line: &str| {
        let columns: Vec<&str> = line.splitn(6, '|').collect();
        let [id, array_id, started, ended, state, name] = columns[..] else {
            let columns = "id|array id|start|end|state|name";
            return Err(ParseError::unexpected(PROGRAM, columns, line));
        };
        Ok(JobRecord {
            id: number(PROGRAM, id)?,
            name: name.to_owned(),
            // `ARRAY_TASK`, or `ARRAY_[TASKS]` for those that wait.
            array_tasks: match array_id.split_once('_') {
                Some((_, tasks)) => array_tasks(tasks.trim_matches(['[', ']'])),
                None => Vec::new(),
            },
            state: state.split(' ').next().unwrap_or_default().to_owned(),
            restarts: None,
            reason: String::new(),
            started: moment(started),
            ended: moment(ended),
        })
    };
    lines(text).map(row).collect()
}

fn value<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    line.split(' ').find_map(|word| word.strip_prefix(key)?.strip_prefix('='))
}

/// `2`, `1-3,7`, `1-7:2`, and behind `%` how many may run at a time (scontrol(1),
/// sbatch(1), `--array`). What cannot be read is left out: a long list can be cut
/// off, and it is some other user's.
fn array_tasks(text: &str) -> Vec<u32> {
    let tasks = text.split('%').next().unwrap_or_default();
    let mut all = Vec::new();
    for (first, last, step) in tasks.split(',').filter_map(range) {
        let range = (first..=last).step_by(step.max(1));
        all.extend(range.take(MAX_ARRAY - all.len().min(MAX_ARRAY)));
    }
    all
}

fn range(text: &str) -> Option<(u32, u32, usize)> {
    let (range, step) = text.split_once(':').unwrap_or((text, "1"));
    let (first, last) = range.split_once('-').unwrap_or((range, range));
    Some((first.parse().ok()?, last.parse().ok()?, step.parse().ok()?))
}

/// Slurm's own bound (slurm.conf(5), `MaxArraySize`).
const MAX_ARRAY: usize = 4_000_001;

/// `Unknown` or `None` where it has not come.
fn moment(seconds: &str) -> Option<Timestamp> {
    Timestamp::from_second(seconds.parse().ok()?).ok()
}

fn number(program: &'static str, value: &str) -> Result<u32, ParseError> {
    value.parse().map_err(|_| ParseError::unexpected(program, "a number", value))
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// scontrol of Slurm 22.05.8 (Debian 12), one job.
    const SHOW_JOB: &str = include_str!("../../tests/fixtures/observe/scontrol-show-job.txt");

    #[test]
    fn a_real_job_is_read() {
        let expected = JobRecord {
            id: 1,
            name: "wrap".to_owned(),
            array_tasks: Vec::new(),
            state: "COMPLETED".to_owned(),
            restarts: Some(0),
            reason: String::new(),
            started: None,
            ended: None,
        };
        assert_eq!(parse_scontrol_jobs(SHOW_JOB).unwrap(), [expected]);
    }

    #[test]
    fn jobs_without_and_with_a_reason_are_read() {
        let text = "JobId=7 JobName=r1-0001 UserId=nobody(65534) JobState=COMPLETED Reason=None \
             Dependency=(null) Requeue=1 Restarts=0 BatchFlag=1\n\
             JobId=8 JobName=two words UserId=nobody(65534) JobState=PENDING Reason=Resources \
             Requeue=1 Restarts=2\n";
        let jobs = parse_scontrol_jobs(text).unwrap();
        assert_eq!(
            jobs[0],
            JobRecord {
                id: 7,
                name: "r1-0001".to_owned(),
                array_tasks: Vec::new(),
                state: "COMPLETED".to_owned(),
                restarts: Some(0),
                reason: String::new(),
                started: None,
                ended: None,
            }
        );
        assert_eq!((jobs[1].name.as_str(), jobs[1].restarts), ("two words", Some(2)));
        assert_eq!(jobs[1].reason, "Resources");
    }

    #[test]
    fn an_empty_queue_is_an_answer() {
        assert_eq!(parse_scontrol_jobs("No jobs in the system\n").unwrap(), []);
        assert_eq!(parse_scontrol_jobs("").unwrap(), []);
    }

    #[test]
    fn accounting_rows_are_read() {
        let jobs = parse_sacct(
            "7|7|1800000000|1800000002|COMPLETED|r1-0001\n8|8|Unknown|None|CANCELLED by 0|a|b\n",
        )
        .unwrap();
        assert_eq!((jobs[0].id, jobs[0].name.as_str()), (7, "r1-0001"));
        assert_eq!(jobs[0].ended, Timestamp::from_second(1_800_000_002).ok());
        assert_eq!((jobs[1].state.as_str(), jobs[1].name.as_str()), ("CANCELLED", "a|b"));
        assert_eq!((jobs[1].started, jobs[1].ended), (None, None));
    }

    #[test]
    fn jobs_of_an_array_are_told_apart() {
        let rows = "9|7_2|1|2|COMPLETED|a\n7|7_[1,3-5%1]|Unknown|Unknown|PENDING|a\n";
        let tasks = parse_sacct(rows).unwrap().into_iter().map(|job| job.array_tasks);
        assert_eq!(tasks.collect::<Vec<_>>(), [vec![2], vec![1, 3, 4, 5]]);
        let shown = "JobId=7 ArrayJobId=7 ArrayTaskId=1-5:2 ArrayTaskThrottle=1 JobName=a \
             UserId=nobody(65534) JobState=PENDING Reason=Resources";
        assert_eq!(parse_scontrol_jobs(shown).unwrap()[0].array_tasks, [1, 3, 5]);
    }

    #[test]
    fn a_list_that_is_cut_off_is_no_reason_to_know_nothing() {
        let jobs = parse_sacct("7|7_[1,3,7,...]|Unknown|Unknown|PENDING|a\n8|8|1|2|COMPLETED|b\n");
        let jobs = jobs.unwrap();
        assert_eq!((jobs[0].array_tasks.as_slice(), jobs[1].id), (&[1, 3, 7][..], 8));
    }

    #[test]
    fn rows_of_another_form_are_errors() {
        assert!(parse_sacct("sacct: error: slurmdbd is away").is_err());
        assert!(parse_sacct("x|x|1|2|COMPLETED|name").is_err());
        assert!(parse_scontrol_jobs("JobId=7 JobState=PENDING").is_err());
    }
}
