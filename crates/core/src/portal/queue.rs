// SPDX-License-Identifier: Apache-2.0
//! The queue as `squeue` tells it, by user.

use std::collections::HashMap;

use jiff::Timestamp;

use super::job::JobRef;
use super::text::{moment, seconds};

/// What is asked of each job (squeue(1), `--format`). The name stands last: it
/// alone is what a user likes.
const FIELDS: &str = "%i|%u|%P|%T|%r|%S|%M|%l|%D|%C|%N|%j";
const FIELD_COUNT: usize = 12;

/// The format for one run of `squeue`. A name may hold line ends, and then the
/// rest of it looks like another job, of whomever its owner likes: so each line
/// that is one begins with a word which nobody could know before.
pub fn squeue_format(word: &str) -> String {
    format!("{word}|{FIELDS}")
}

/// A job, or those tasks of an array that wait together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobRow {
    /// As squeue writes it: `42`, `42_7`, `42_[8-90%5]`, `42+1`.
    pub id: String,
    /// What a link leads to; of several tasks their array.
    pub job: JobRef,
    /// Where, or, while it waits, where it may.
    pub partition: String,
    /// In Slurm's word, such as `PENDING`.
    pub state: String,
    /// Why it waits, in Slurm's words.
    pub reason: String,
    /// When it began, or is expected to.
    pub begins: Option<Timestamp>,
    /// For how long it has run, in seconds.
    pub elapsed_s: Option<u64>,
    /// For how long it may, in seconds; `None` without a limit.
    pub limit_s: Option<u64>,
    /// How many nodes.
    pub nodes: String,
    /// How many processors.
    pub cpus: String,
    /// Which nodes, as a host list; empty while it waits.
    pub node_list: String,
    /// What its owner calls it.
    pub name: String,
}

/// Whether a job in this state has not begun.
pub fn is_waiting(state: &str) -> bool {
    matches!(
        state,
        "PENDING" | "REQUEUED" | "REQUEUE_HOLD" | "REQUEUE_FED" | "RESV_DEL_HOLD" | "SPECIAL_EXIT"
    )
}

impl JobRow {
    /// Whether it has not begun.
    pub fn is_waiting(&self) -> bool {
        is_waiting(&self.state)
    }

    /// The part of its time that has passed, in percent.
    pub fn percent(&self) -> Option<u64> {
        let limit = self.limit_s.filter(|limit| *limit > 0)?;
        Some((self.elapsed_s? * 100 / limit).min(100))
    }
}

/// All jobs that wait or run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Queue {
    by_user: HashMap<String, Vec<JobRow>>,
    /// Lines that run.
    pub running: usize,
    /// Lines that wait; an array's tasks are one.
    pub waiting: usize,
}

impl Queue {
    /// This user's, in the order of `squeue`, and nobody else's.
    pub fn of(&self, user: &str) -> &[JobRow] {
        self.by_user.get(user).map_or(&[], Vec::as_slice)
    }
}

/// Reads what `squeue` prints with [`squeue_format`].
pub fn parse_squeue(text: &str, word: &str) -> Queue {
    let mut queue = Queue::default();
    for record in records(text, word) {
        let Some((user, row)) = row(&record) else { continue };
        *(if row.is_waiting() { &mut queue.waiting } else { &mut queue.running }) += 1;
        queue.by_user.entry(user).or_default().push(row);
    }
    queue
}

/// Jobs without their word; what begins with none goes on with the name
/// before it.
fn records(text: &str, word: &str) -> Vec<String> {
    let mut records: Vec<String> = Vec::new();
    for line in text.split('\n') {
        match line.strip_prefix(word).and_then(|rest| rest.strip_prefix('|')) {
            Some(rest) => records.push(rest.to_owned()),
            None => {
                if let Some(name) = records.last_mut() {
                    name.push('\n');
                    name.push_str(line);
                }
            }
        }
    }
    // The end of the last line is no part of its name.
    if let Some(name) = records.last_mut()
        && name.ends_with('\n')
    {
        name.pop();
    }
    records
}

fn row(record: &str) -> Option<(String, JobRow)> {
    let fields: Vec<&str> = record.splitn(FIELD_COUNT, '|').collect();
    let &[id, user, partition, state, reason, begins, elapsed, limit, nodes, cpus, list, name] =
        &fields[..]
    else {
        return None;
    };
    let row = JobRow {
        id: id.to_owned(),
        job: job(id)?,
        partition: partition.to_owned(),
        state: state.to_owned(),
        reason: reason.to_owned(),
        begins: moment(begins),
        elapsed_s: seconds(elapsed),
        limit_s: seconds(limit),
        nodes: nodes.to_owned(),
        cpus: cpus.to_owned(),
        node_list: list.to_owned(),
        name: name.to_owned(),
    };
    Some((user.to_owned(), row))
}

/// A part of a heterogeneous job (`42+1`) stands for the whole.
fn job(id: &str) -> Option<JobRef> {
    let id = id.split('+').next().unwrap_or_default();
    match id.split_once("_[") {
        Some((array, _)) => array.parse().ok(),
        None => id.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORD: &str = "c0ffee";

    fn line(id: &str, user: &str, state: &str, name: &str) -> String {
        format!(
            "{WORD}|{id}|{user}|batch|{state}|Resources|2026-11-28T21:00:00|1:00|1:00:00|2|8||{name}\n"
        )
    }

    #[test]
    fn jobs_are_told_apart_by_user() {
        let text = line("42_[8-90%5]", "ann", "PENDING", "sweep")
            + &line("42_7", "ann", "RUNNING", "sweep")
            + &line("50", "bob", "RUNNING", "a|b | c");
        let queue = parse_squeue(&text, WORD);
        assert_eq!((queue.waiting, queue.running), (1, 2));
        let ann: Vec<_> = queue.of("ann").iter().map(|row| row.job.to_string()).collect();
        assert_eq!(ann, ["42", "42_7"]);
        let bob = &queue.of("bob")[0];
        assert_eq!((bob.name.as_str(), bob.percent()), ("a|b | c", Some(1)));
        assert!(queue.of("root").is_empty() && queue.of("").is_empty());
    }

    #[test]
    fn a_name_makes_no_job_of_another_user() {
        let forged = "x\n99|ann|batch|RUNNING|None|N/A|0:00|1:00|1|1||sent to ann\n\nc0ffe|";
        let text = line("50", "bob", "RUNNING", forged) + &line("51", "bob", "RUNNING", "y");
        let queue = parse_squeue(&text, WORD);
        assert!(queue.of("ann").is_empty());
        assert_eq!(queue.of("bob")[0].name, forged);
        assert_eq!(queue.of("bob")[1].name, "y");
    }

    #[test]
    fn what_is_no_job_is_none() {
        assert_eq!(parse_squeue("", WORD), Queue::default());
        assert_eq!(parse_squeue("slurm_load_jobs error\nc0ffee|42|ann\n", WORD), Queue::default());
        let text = line("42+1", "ann", "PENDING", "") + &line("_7", "ann", "PENDING", "");
        assert_eq!(parse_squeue(&text, WORD).of("ann").len(), 1);
    }
}
