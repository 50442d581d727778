// SPDX-License-Identifier: Apache-2.0
//! Asks all machines, again and again.
//!
//! A round ends when everybody has answered or an answer is late. Who is late
//! counts as one that does not answer and is not asked again before it has;
//! who failed last is asked, but not waited for. So one machine that is gone
//! costs one round a few seconds, and the next ones nothing. All answers of a round are of about the same moment, so that what
//! is moved by a person is not seen on both controllers at once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use slurmha_core::observe::Observation;
use slurmha_core::site::{NodeName, Site};
use slurmha_core::status::{Answers, Status, assemble};

/// Asks one machine and waits for its answer, or says why there is none.
pub type Ask = dyn Fn(&NodeName) -> Result<Observation, String> + Send + Sync;

/// An answer is late after three times what the machine's last one took,
const PATIENCE: u32 = 3;
/// but not sooner than this,
const SHORTEST: Duration = Duration::from_secs(3);
/// nor later than this; so long for the first, which has to connect.
const LONGEST: Duration = Duration::from_secs(15);

/// The thread that asks.
pub struct Looker {
    orders: Sender<LookNow>,
    seen: Receiver<Status>,
    thread: JoinHandle<()>,
}

/// The pause until the next round is over.
struct LookNow;

impl Looker {
    /// Begins to ask these machines; a round begins so long after the last one
    /// has ended.
    pub fn start(site: Site, machines: Vec<NodeName>, interval: Duration, ask: Arc<Ask>) -> Self {
        let (orders, wanted) = channel();
        let (report, seen) = channel();
        let thread = thread::spawn(move || {
            let mut rounds = Rounds::new(site, machines, ask);
            while report.send(rounds.next()).is_ok() {
                match wanted.recv_timeout(interval) {
                    // Impatience that has piled up is worth one look.
                    Ok(LookNow) => while wanted.try_recv().is_ok() {},
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => return,
                }
            }
        });
        Self { orders, seen, thread }
    }

    /// Begins the next round at once.
    pub fn look_now(&self) {
        // One that has ended is told by `next`.
        let _ = self.orders.send(LookNow);
    }

    /// What was seen since the last call, oldest first.
    ///
    /// # Errors
    /// When nobody asks any more, which is a mistake in slurmha.
    pub fn seen(&self) -> Result<Vec<Status>, TryRecvError> {
        let mut all = Vec::new();
        loop {
            match self.seen.try_recv() {
                Ok(status) => all.push(status),
                Err(TryRecvError::Empty) => return Ok(all),
                Err(error) => return Err(error),
            }
        }
    }

    /// Ends, and waits for that for at most so long: who still waits for a
    /// machine is left behind and ends with the process.
    pub fn end(self, patience: Duration) {
        let Self { orders, seen, thread } = self;
        drop((orders, seen));
        let began = Instant::now();
        while !thread.is_finished() && began.elapsed() < patience {
            thread::sleep(Duration::from_millis(10));
        }
    }
}

/// Who is asked, and whose answer is under way.
struct Rounds {
    site: Site,
    ask: Arc<Ask>,
    machines: BTreeMap<NodeName, Machine>,
    answer: Sender<Answered>,
    answers: Receiver<Answered>,
}

#[derive(Default)]
struct Machine {
    /// Since when its answer is under way.
    asked: Option<Instant>,
    /// What its last answer took.
    usual: Option<Duration>,
    /// Why there was none the last time.
    failed: Option<String>,
}

struct Answered {
    name: NodeName,
    answer: Result<Observation, String>,
    took: Duration,
}

impl Rounds {
    fn new(site: Site, machines: Vec<NodeName>, ask: Arc<Ask>) -> Self {
        let (answer, answers) = channel();
        let machines = machines.into_iter().map(|name| (name, Machine::default())).collect();
        Self { site, ask, machines, answer, answers }
    }

    /// Asks everybody who is not still being asked.
    fn next(&mut self) -> Status {
        while let Ok(late) = self.answers.try_recv() {
            self.take(&late);
        }
        let began = Instant::now();
        let (mut asked, mut patience) = (BTreeSet::new(), Duration::ZERO);
        for (name, machine) in self.machines.iter_mut().filter(|(_, m)| m.asked.is_none()) {
            machine.asked = Some(began);
            if machine.failed.is_none() {
                patience = patience.max(machine.patience());
            }
            asked.insert(name.clone());
            let (name, ask, answer) = (name.clone(), Arc::clone(&self.ask), self.answer.clone());
            thread::spawn(move || {
                let told = ask(&name);
                // Nobody is left to hear it: the screen was left.
                let _ = answer.send(Answered { name, answer: told, took: began.elapsed() });
            });
        }
        let mut answers = Answers::new();
        while self.are_awaited(&asked) {
            let left = patience.saturating_sub(began.elapsed());
            let Ok(answered) = self.answers.recv_timeout(left) else { break };
            self.take(&answered);
            // Otherwise it is late, and about an older moment.
            if asked.remove(&answered.name) {
                answers.insert(answered.name, answered.answer);
            }
        }
        // Also whose late answer came meanwhile: who has none in this round was not seen in it.
        for (name, machine) in &self.machines {
            answers.entry(name.clone()).or_insert_with(|| Err(machine.why_silent()));
        }
        assemble(&self.site, &answers)
    }

    /// Whether one of these is worth waiting for.
    fn are_awaited(&self, asked: &BTreeSet<NodeName>) -> bool {
        asked.iter().any(|name| self.machines[name].failed.is_none())
    }

    /// Notes that a machine may be asked again, and how long it took.
    fn take(&mut self, answered: &Answered) {
        let Some(machine) = self.machines.get_mut(&answered.name) else { return };
        machine.asked = None;
        match &answered.answer {
            Ok(_) => (machine.usual, machine.failed) = (Some(answered.took), None),
            Err(why) => machine.failed = Some(why.clone()),
        }
    }
}

impl Machine {
    fn why_silent(&self) -> String {
        match (&self.failed, self.asked) {
            (Some(why), _) => why.clone(),
            (None, Some(since)) => format!("no answer for {} s", since.elapsed().as_secs()),
            (None, None) => "its answer came too late".to_owned(),
        }
    }

    fn patience(&self) -> Duration {
        self.usual.map_or(LONGEST, |usual| (usual * PATIENCE).clamp(SHORTEST, LONGEST))
    }
}

#[cfg(test)]
#[path = "tests/looker.rs"]
mod tests;
