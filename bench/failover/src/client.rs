// SPDX-License-Identifier: Apache-2.0
//! The client on the login node: asks slurmctld for a sign of life and
//! submits jobs, as in slurmha's drills.
//!
//! It is the other end of a drill, `slurmha node drill`, whatever made the
//! cluster: it starts an `scontrol ping` four times a second, or, where that
//! program takes long to start, as often as the machine bears. The lines that
//! it speaks are those of `crates/slurmha/src/drill/protocol.rs`.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use slurmha_core::drill::{Probe, Submission};
use slurmha_core::observe::Reading;
use slurmha_host::Conversation;

use crate::lab::{LOGIN, Machines, Result, wait_for};

/// Longer than anything here takes; nothing stays behind on the machine.
const LIMIT_S: u64 = 1200;
/// For an answer of the other end itself.
const PATIENCE: Duration = Duration::from_secs(60);
/// Submissions a second, as in a drill.
const RATE: f64 = 1.0;

/// What the other end says, as far as it matters here.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Reply {
    Clock { question: u32, now: Timestamp },
    Probe(Probe),
    Submission(Submission),
    Accounted(Reading<usize>),
    Trouble(String),
}

/// What was heard.
#[derive(Default)]
pub struct Heard {
    /// When an answer of slurmctld had come.
    pub answers: Vec<Timestamp>,
    /// When the answered questions were asked.
    asked: Vec<Timestamp>,
    /// By name.
    pub submissions: BTreeMap<String, Submission>,
    clocks: BTreeMap<u32, Timestamp>,
    troubles: Vec<String>,
}

/// A running client.
pub struct Client {
    prober: Conversation,
    submitter: Option<Conversation>,
    heard: Mutex<Heard>,
}

/// Runs a client, submitting under the name of the run if there is one, for
/// as long as `work` takes.
pub fn with_client<T>(
    machines: &Machines<'_>,
    run: Option<&str>,
    work: impl FnOnce(&Client) -> Result<T>,
) -> Result<T> {
    let client = Client {
        prober: converse(machines)?,
        submitter: run.map(|_| converse(machines)).transpose()?,
        heard: Mutex::default(),
    };
    let limit = json!({ "secs": LIMIT_S, "nanos": 0 });
    say(&client.prober, &json!({ "task": { "probe": { "limit": limit } } }))?;
    if let (Some(submitter), Some(run)) = (&client.submitter, run) {
        let load = json!({ "rate": RATE, "max_outstanding": 20, "user": "nobody" });
        let task = json!({ "submit": { "run": run, "load": load, "limit": limit } });
        say(submitter, &json!({ "task": task }))?;
    }
    thread::scope(|scope| {
        for conversation in client.conversations() {
            // How it ended shows in what was heard.
            scope.spawn(|| conversation.listen(&mut |line| client.note(line)));
        }
        let result = work(&client);
        client.conversations().for_each(Conversation::kill);
        result
    })
}

/// How many of a run's jobs the accounting knows to have completed.
pub fn accounted(machines: &Machines<'_>, run: &str) -> Result<usize> {
    let mut count = None;
    let conversation = converse(machines)?;
    say(&conversation, &json!({ "task": { "accounted": { "run": run } } }))?;
    let ended = conversation.listen(&mut |line| {
        if let Ok(Reply::Accounted(Reading::Known(known))) = serde_json::from_str(line) {
            count = Some(known);
        }
    });
    count.ok_or_else(|| format!("the accounting was not told: {ended:?}"))
}

impl Client {
    /// The client's clock.
    pub fn now(&self) -> Result<Timestamp> {
        let question = u32::try_from(self.heard().clocks.len()).unwrap_or_default();
        say(&self.prober, &json!({ "clock": question }))?;
        self.wait_for("the client's clock", |heard| heard.clocks.get(&question).copied())
    }

    /// Waits until slurmctld has answered often enough to tell what is usual.
    pub fn warm_up(&self, pause: Duration) -> Result<()> {
        self.wait_for("the first answers", |heard| (heard.answers.len() >= 3).then_some(()))?;
        if self.submitter.is_some() {
            self.wait_for("the first jobs", |heard| {
                (heard.acknowledged().count() >= 3).then_some(())
            })?;
        }
        thread::sleep(pause);
        Ok(())
    }

    /// Whether something was answered that was asked after that moment.
    pub fn answered_after(&self, moment: Timestamp) -> bool {
        self.heard().asked.iter().any(|&asked| asked > moment)
    }

    /// Whether a submission was accepted that was made after that moment.
    pub fn accepted_after(&self, moment: Timestamp) -> bool {
        self.heard().accepted().any(|submission| submission.sent > moment)
    }

    /// Ends the submissions and waits for the answers that are missing.
    pub fn end_load(&self) {
        let Some(submitter) = &self.submitter else { return };
        submitter.hang_up();
        // What is not answered then was not accepted.
        let _ = wait_for("submissions to end", PATIENCE, || {
            self.heard().submissions.values().all(|submission| submission.answer.is_some())
        });
    }

    /// What was heard so far.
    pub fn heard(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn conversations(&self) -> impl Iterator<Item = &Conversation> {
        std::iter::once(&self.prober).chain(&self.submitter)
    }

    fn wait_for<T>(&self, what: &str, found: impl Fn(&Heard) -> Option<T>) -> Result<T> {
        let mut value = None;
        wait_for(what, PATIENCE, || {
            value = found(&self.heard());
            value.is_some()
        })
        .map_err(|why| match self.heard().troubles.last() {
            Some(trouble) => format!("{why}; the client said: {trouble}"),
            None => why,
        })?;
        value.ok_or_else(|| what.to_owned())
    }

    fn note(&self, line: &str) {
        let mut heard = self.heard();
        // A login shell may print a greeting, a newer client say more.
        match serde_json::from_str(line) {
            Ok(Reply::Clock { question, now }) => {
                heard.clocks.insert(question, now);
            }
            Ok(Reply::Probe(probe)) if probe.answered => {
                heard.answers.push(probe.ended);
                heard.asked.push(probe.sent);
            }
            Ok(Reply::Submission(submission)) => {
                heard.submissions.insert(submission.name.clone(), submission);
            }
            Ok(Reply::Trouble(what)) => heard.troubles.push(what),
            Ok(Reply::Probe(_) | Reply::Accounted(_)) | Err(_) => {}
        }
    }
}

impl Heard {
    /// Submissions that were given an id.
    pub fn accepted(&self) -> impl Iterator<Item = &Submission> {
        self.submissions.values().filter(|submission| submission.acknowledged().is_some())
    }

    /// When submissions were accepted.
    pub fn acknowledged(&self) -> impl Iterator<Item = Timestamp> {
        self.accepted().filter_map(Submission::acknowledged).map(|(_, at)| at)
    }
}

fn converse(machines: &Machines<'_>) -> Result<Conversation> {
    machines.remote.converse(LOGIN, &["drill"]).map_err(|error| error.to_string())
}

fn say(conversation: &Conversation, request: &Value) -> Result<()> {
    conversation.say(&request.to_string()).map_err(|error| error.to_string())
}
