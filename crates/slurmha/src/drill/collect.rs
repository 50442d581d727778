// SPDX-License-Identifier: Apache-2.0
//! After the load: waiting for the jobs to end, and asking every machine for
//! what it has.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use slurmha_core::drill::{
    ClockOffset, JournalEntry, Mark, Queued, Sample, Submission, parse_journal, parse_marks,
};
use slurmha_core::observe::{JobRecord, Reading, parse_sacct, parse_scontrol_jobs};
use slurmha_core::site::{NodeName, Site};
use slurmha_core::state_save::Takeover;
use slurmha_host::{Remote, for_each_host};

use super::preflight::Cast;
use super::protocol::{CollectTask, Collected, HastenTask, Reply, Task};
use super::watch::complete;

/// Time for one machine to hand over what it has.
const LIMIT: Duration = Duration::from_secs(120);

/// The journal is read from this long before the cut.
const BEFORE_CUT: SignedDuration = SignedDuration::from_secs(20);

/// What the machines handed over.
#[derive(Default)]
pub struct Gathered {
    pub ledger: Vec<Submission>,
    pub marks: BTreeMap<NodeName, Reading<Vec<Mark>>>,
    pub scheduler_jobs: Reading<Vec<JobRecord>>,
    pub accounting_jobs: Reading<Vec<JobRecord>>,
    pub journals: BTreeMap<NodeName, Reading<Vec<JournalEntry>>>,
    pub takeovers: BTreeMap<NodeName, Takeover>,
    /// What controllers kept of what they were doing.
    pub samples: BTreeMap<NodeName, Vec<Sample>>,
    /// Of the compute nodes; the others' are known by now.
    pub clocks: BTreeMap<NodeName, ClockOffset>,
    pub troubles: Vec<String>,
}

/// How many of the run's jobs have not ended.
pub fn unfinished(
    remote: &Remote,
    client: &NodeName,
    run: &str,
    user: &str,
) -> Result<Queued, String> {
    let task = Task::Queue { run: run.to_owned(), user: user.to_owned() };
    answer(remote, client, task, |reply| match reply {
        Reply::Queue(queued) => Some(queued),
        _ => None,
    })
}

/// How many of the run's jobs have ended in the accounting.
pub fn accounted(remote: &Remote, client: &NodeName, run: &str) -> Result<usize, String> {
    answer(remote, client, Task::Accounted { run: run.to_owned() }, |reply| match reply {
        Reply::Accounted(count) => Some(count),
        _ => None,
    })
}

fn answer<T>(
    remote: &Remote,
    client: &NodeName,
    task: Task,
    meant: impl FnMut(Reply) -> Option<Reading<T>>,
) -> Result<T, String> {
    let (replies, _) = complete(remote, client, task, false, LIMIT)?;
    match replies.into_iter().find_map(meant) {
        Some(Reading::Known(known)) => Ok(known),
        Some(Reading::Unknown(why)) => Err(why),
        None => Err("no answer".to_owned()),
    }
}

/// Lets the run's requeued jobs start; what became of each.
pub fn hasten(remote: &Remote, client: &NodeName, task: HastenTask) -> Result<Vec<Reply>, String> {
    complete(remote, client, Task::Hasten(task), false, LIMIT).map(|(replies, _)| replies)
}

/// Asks the client, the survivor and every compute node at the same time, and
/// the victim where it can tell something of what happened; of what it was doing
/// each controller tells that has not booted since. `cut` is when it happened, on a
/// machine's own clock.
pub fn gather(
    site: &Site,
    remote: &Remote,
    cast: &Cast,
    victim_tells: bool,
    run: &str,
    cut: &(dyn Fn(&NodeName) -> Timestamp + Sync),
) -> Gathered {
    let tells =
        |machine: &NodeName| *machine == cast.survivor || (victim_tells && *machine == cast.victim);
    let controllers = site.controllers.each_ref().map(|controller| controller.name.clone());
    let compute = || site.compute_nodes().map(|node| node.name.clone());
    let task = |machine: &NodeName| CollectTask {
        run: run.to_owned(),
        marks: compute().any(|node| node == *machine),
        ledger: *machine == cast.client,
        jobs: *machine == cast.client,
        samples: controllers.contains(machine),
        journal_since: tells(machine).then(|| cut(machine) - BEFORE_CUT),
        remove: true,
    };
    let mut machines: Vec<NodeName> = vec![cast.client.clone(), cast.survivor.clone()];
    machines.extend(victim_tells.then(|| cast.victim.clone()));
    machines.extend(controllers.iter().cloned());
    machines.extend(compute());
    // One that was asked twice would tell nothing the second time.
    let mut asked = BTreeSet::new();
    machines.retain(|machine| asked.insert(machine.clone()));
    let answers = for_each_host(&machines, |machine| {
        complete(remote, machine, Task::Collect(task(machine)), true, LIMIT)
    });
    let mut gathered = Gathered::default();
    for (machine, answer) in machines.iter().zip(answers) {
        match answer {
            Ok((replies, clock)) => {
                gathered.clocks.extend(clock.map(|clock| (machine.clone(), clock)));
                for reply in replies {
                    gathered.take(machine, reply, &task(machine));
                }
            }
            Err(why) => gathered.missed(machine, &why, &task(machine)),
        }
    }
    gathered
}

impl Gathered {
    fn take(&mut self, machine: &NodeName, reply: Reply, task: &CollectTask) {
        match reply {
            Reply::Collected(collected) => self.take_all(machine, *collected, task),
            Reply::Trouble(what) => self.troubles.push(format!("{machine}: {what}")),
            _ => {}
        }
    }

    fn take_all(&mut self, machine: &NodeName, collected: Collected, task: &CollectTask) {
        if task.marks {
            let marks = self.marks_of(machine, collected.marks);
            self.marks.insert(machine.clone(), marks);
        }
        if task.ledger {
            self.take_ledger(machine, collected.ledger);
        }
        if task.jobs {
            self.scheduler_jobs = parsed(collected.scontrol, parse_scontrol_jobs);
            self.accounting_jobs = parsed(collected.sacct, parse_sacct);
        }
        if task.samples {
            self.take_samples(machine, collected.samples);
        }
        if task.journal_since.is_some() {
            let journal = parsed(collected.journal, parse_journal);
            self.journals.insert(machine.clone(), journal);
            match parsed(collected.takeover, parse_takeover) {
                Reading::Known(takeover) => {
                    self.takeovers.extend(takeover.map(|it| (machine.clone(), it)));
                }
                Reading::Unknown(why) => {
                    let what = format!("the takeover on {machine} could not be read: {why}");
                    self.troubles.push(what);
                }
            }
        }
    }

    /// A machine that did not answer leaves a hole that is told as such.
    fn missed(&mut self, machine: &NodeName, why: &str, task: &CollectTask) {
        if task.has_only_samples() {
            // A dead machine is one of these.
            return;
        }
        self.troubles.push(format!("nothing could be collected from {machine}: {why}"));
        let unknown = || Reading::Unknown(why.to_owned());
        let nothing = Collected {
            marks: unknown(),
            ledger: unknown(),
            scontrol: unknown(),
            sacct: unknown(),
            journal: unknown(),
            takeover: unknown(),
            samples: unknown(),
        };
        self.take_all(machine, nothing, task);
    }

    fn marks_of(&mut self, machine: &NodeName, text: Reading<String>) -> Reading<Vec<Mark>> {
        match text {
            Reading::Unknown(why) => Reading::Unknown(why),
            Reading::Known(text) => {
                let (marks, strange) = parse_marks(&text);
                if strange > 0 {
                    self.troubles.push(format!("{strange} marks on {machine} cannot be read"));
                }
                Reading::Known(marks)
            }
        }
    }

    /// They are there besides what was told: without them the holes stay.
    fn take_samples(&mut self, machine: &NodeName, text: Reading<String>) {
        let Reading::Known(text) = text else { return };
        let samples = text.lines().filter_map(|line| serde_json::from_str(line).ok());
        self.samples.insert(machine.clone(), samples.collect());
    }

    fn take_ledger(&mut self, machine: &NodeName, text: Reading<String>) {
        match text {
            Reading::Known(text) => {
                // A line that was cut short was not acknowledged to anybody.
                self.ledger = text.lines().filter_map(|l| serde_json::from_str(l).ok()).collect();
            }
            Reading::Unknown(why) => {
                self.troubles.push(format!("the ledger on {machine} could not be read: {why}"));
            }
        }
    }
}

/// Of a machine that never took over there is none.
fn parse_takeover(text: &str) -> Result<Option<Takeover>, serde_json::Error> {
    if text.is_empty() { Ok(None) } else { serde_json::from_str(text).map(Some) }
}

fn parsed<T, E: Display>(
    text: Reading<String>,
    parse: impl Fn(&str) -> Result<T, E>,
) -> Reading<T> {
    match text {
        Reading::Unknown(why) => Reading::Unknown(why),
        Reading::Known(text) => match parse(&text) {
            Ok(value) => Reading::Known(value),
            Err(error) => Reading::Unknown(error.to_string()),
        },
    }
}
