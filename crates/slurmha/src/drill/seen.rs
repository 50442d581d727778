// SPDX-License-Identifier: Apache-2.0
//! What the machines have told so far.

mod service;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use slurmha_core::drill::{
    ClockOffset, ControllerState, Daemon, Hastened, OrderFate, Probe, ProcessFate, Sample,
    Submission, Work,
};
use slurmha_core::site::NodeName;
use slurmha_host::{Local, System as _};

use super::protocol::{Moved, Reply, Struck};

/// Everything told so far; several threads write to it.
#[derive(Default)]
pub struct Seen {
    inner: Mutex<Inner>,
}

/// The parts.
#[derive(Clone, Debug, Default)]
pub struct Inner {
    /// By name.
    pub submissions: BTreeMap<String, Submission>,
    /// Turns left out.
    pub skipped: u64,
    /// In the order in which they ended.
    pub probes: Vec<Probe>,
    /// The same for questions to the accounting.
    pub accounting_probes: Vec<Probe>,
    /// By controller, in order of time.
    pub samples: BTreeMap<NodeName, Vec<Sample>>,
    /// What did not work.
    pub troubles: Vec<String>,
    /// When a machine did what was asked of it, on its own clock; `Err` is
    /// why it did not.
    pub struck: Option<Result<Struck, String>>,
    /// What became of the process that was hit.
    pub process: Option<ProcessFate>,
    /// When what was done to the victim was taken back, on its clock.
    pub taken_back: Option<Timestamp>,
    /// What could not be taken back.
    pub left: Vec<String>,
    /// Why it cannot have been felt.
    pub unfelt: Option<String>,
    /// What a move has reached, and when that was heard.
    pub steps: Vec<(Timestamp, String)>,
    /// Whether everything has moved, and the order was left behind.
    pub is_left_behind: bool,
    /// What `status` told then.
    pub status_told: Option<Vec<String>>,
    /// What became of two orders.
    pub orders: Vec<OrderFate>,
    /// How a move ended.
    pub moved: Option<Moved>,
    /// Requeued jobs that were let start.
    pub hastened: Vec<Hastened>,
    /// How far each machine's clock was from ours in its first conversation.
    pub clocks: BTreeMap<NodeName, ClockOffset>,
}

impl Seen {
    /// Notes a reply.
    pub fn note(&self, machine: &NodeName, reply: Reply) {
        let mut inner = self.inner();
        match reply {
            Reply::Submission(submission) => inner.note_submission(submission),
            Reply::Skipped(count) => inner.skipped = count,
            Reply::Probe(probe) => inner.probes.push(probe),
            Reply::AccountingProbe(probe) => inner.accounting_probes.push(probe),
            Reply::Sample(sample) => {
                inner.samples.entry(machine.clone()).or_default().push(sample);
            }
            Reply::Trouble(what) => inner.troubles.push(format!("{machine}: {what}")),
            Reply::Struck(struck) => inner.struck = Some(Ok(struck)),
            Reply::Unharmed(why) => inner.struck = Some(Err(why)),
            Reply::Process(fate) => inner.process = Some(fate),
            Reply::Unfelt(why) => inner.unfelt = Some(why),
            Reply::TakenBack(at) => inner.taken_back = Some(at),
            Reply::NotTakenBack(why) => {
                inner.left.push(format!("what was done to {machine} was not taken back: {why}"));
            }
            Reply::MoveStep(step) => inner.steps.push((Local::new().now(), step)),
            Reply::LeftBehind => inner.is_left_behind = true,
            Reply::Moved(moved) => inner.moved = Some(moved),
            Reply::Hastened(job) => inner.hastened.push(job),
            Reply::Clock { .. }
            | Reply::Queue(_)
            | Reply::NotHastened { .. }
            | Reply::Accounted(_)
            | Reply::Comparing(_)
            | Reply::Compared(_)
            | Reply::Boot(_)
            | Reply::Collected(_) => {}
        }
    }

    /// Notes by which clocks everything is told.
    pub fn note_clocks(&self, clocks: &BTreeMap<NodeName, ClockOffset>) {
        self.inner().clocks.clone_from(clocks);
    }

    /// What a later conversation calls that moment, by the clock of the machine's first
    /// one; `None` when that was not read. Where both readings may be of one clock, it
    /// is: the first was taken when the machine was calm.
    pub fn as_first_told(
        &self,
        machine: &NodeName,
        at: Timestamp,
        later: ClockOffset,
    ) -> Option<Timestamp> {
        let first = *self.inner().clocks.get(machine)?;
        let is_same = (first.add_s - later.add_s).abs() <= first.error_s + later.error_s;
        Some(if is_same { at } else { first.there(later.apply(at)) })
    }

    /// Notes something that did not work.
    pub fn trouble(&self, what: String) {
        self.inner().troubles.push(what);
    }

    /// Everything.
    pub fn take(&self) -> Inner {
        std::mem::take(&mut self.inner())
    }

    /// Jobs that were acknowledged.
    pub fn acknowledged(&self) -> usize {
        let inner = self.inner();
        let acknowledged = inner.submissions.values().filter(|s| s.acknowledged().is_some());
        acknowledged.map(|submission| submission.jobs().len()).sum()
    }

    /// Names of the jobs that have themselves requeued.
    pub fn requeued_by_users(&self) -> BTreeSet<String> {
        let inner = self.inner();
        let requeued = inner.submissions.values().filter(|it| it.work == Work::Requeued);
        requeued.map(|submission| submission.name.clone()).collect()
    }

    /// Whether slurmctld has answered a question that was sent at such a time,
    /// on the client's clock.
    pub fn has_answered(&self, is_meant: &dyn Fn(Timestamp) -> bool) -> bool {
        self.inner().probes.iter().any(|probe| probe.answered && is_meant(probe.sent))
    }

    /// What did not work so far.
    pub fn troubles(&self) -> Vec<String> {
        self.inner().troubles.clone()
    }

    /// Whether the fault has happened or the move was ordered.
    pub fn struck(&self) -> Option<Result<Struck, String>> {
        self.inner().struck.clone()
    }

    /// What became of the process that was hit.
    pub fn process(&self) -> Option<ProcessFate> {
        self.inner().process.clone()
    }

    /// Whether an order was left behind and nobody has asked `status` yet.
    pub fn awaits_a_look(&self) -> bool {
        let inner = self.inner();
        inner.is_left_behind && inner.status_told.is_none()
    }

    /// Notes what `status` told.
    pub fn note_status(&self, told: Vec<String>) {
        self.inner().status_told = Some(told);
    }

    /// Notes what became of two orders.
    pub fn note_orders(&self, orders: [OrderFate; 2]) {
        self.inner().orders = orders.into();
    }

    /// Whether no order of two has moved the role.
    pub fn all_orders_failed(&self) -> bool {
        !self.inner().orders.contains(&OrderFate::Moved)
    }

    /// How the move ended.
    pub fn moved(&self) -> Option<Moved> {
        self.inner().moved.clone()
    }

    /// What the move has reached, beyond the first so many steps.
    pub fn steps_after(&self, known: usize) -> Vec<(Timestamp, String)> {
        self.inner().steps.iter().skip(known).cloned().collect()
    }

    /// The last state of a controller.
    pub fn last_state(&self, machine: &NodeName) -> Option<ControllerState> {
        Some(self.inner().samples.get(machine)?.last()?.state.clone())
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Whether a daemon was last seen to run on a machine.
    fn runs_on(&self, machine: &NodeName, daemon: Daemon) -> bool {
        let last = self.samples.get(machine).and_then(|samples| samples.last());
        last.and_then(|sample| sample.state.runs(daemon)) == Some(true)
    }

    /// A submission is told when it begins, with its answer, and with that of what
    /// was ordered next.
    pub fn note_submission(&mut self, submission: Submission) {
        match self.submissions.get_mut(&submission.name) {
            Some(known) if submission.is_newer_than(known) => *known = submission,
            Some(_) => {}
            None => {
                self.submissions.insert(submission.name.clone(), submission);
            }
        }
    }
}

#[cfg(test)]
mod tests;
