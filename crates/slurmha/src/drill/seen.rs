// SPDX-License-Identifier: Apache-2.0
//! What the machines have told so far.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use slurmha_core::drill::{
    ClockOffset, ControllerState, Daemon, Fault, Hastened, OrderFate, Probe, ProcessFate, Sample,
    Submission,
};
use slurmha_core::site::NodeName;
use slurmha_host::{Local, System as _};

use super::preflight::Cast;
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
}

impl Seen {
    /// Notes a reply.
    pub fn note(&self, machine: &NodeName, reply: Reply) {
        let mut inner = self.inner();
        match reply {
            Reply::Submission(submission) => inner.note_submission(submission),
            Reply::Skipped(count) => inner.skipped = count,
            Reply::Probe(probe) => inner.probes.push(probe),
            Reply::Sample(sample) => {
                inner.samples.entry(machine.clone()).or_default().push(sample);
            }
            Reply::Trouble(what) => inner.troubles.push(format!("{machine}: {what}")),
            Reply::Struck(struck) => inner.struck = Some(Ok(struck)),
            Reply::Unharmed(why) => inner.struck = Some(Err(why)),
            Reply::Process(fate) => inner.process = Some(fate),
            Reply::TakenBack(at) => inner.taken_back = Some(at),
            Reply::MoveStep(step) => inner.steps.push((Local::new().now(), step)),
            Reply::LeftBehind => inner.is_left_behind = true,
            Reply::Moved(moved) => inner.moved = Some(moved),
            Reply::Hastened(job) => inner.hastened.push(job),
            Reply::Clock { .. }
            | Reply::Queue(_)
            | Reply::NotHastened { .. }
            | Reply::Accounted(_)
            | Reply::Collected(_) => {}
        }
    }

    /// Notes something that did not work.
    pub fn trouble(&self, what: String) {
        self.inner().troubles.push(what);
    }

    /// Everything.
    pub fn take(&self) -> Inner {
        std::mem::take(&mut self.inner())
    }

    /// Submissions that were acknowledged.
    pub fn acknowledged(&self) -> usize {
        self.inner().submissions.values().filter(|s| s.acknowledged().is_some()).count()
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

    /// Whether the survivor serves: its slurmctld was seen, and after that a
    /// submission was accepted and an RPC answered.
    pub fn serves_again(
        &self,
        cast: &Cast,
        cut: Timestamp,
        clocks: &BTreeMap<NodeName, ClockOffset>,
    ) -> bool {
        let here = |machine: &NodeName, there| {
            clocks.get(machine).map_or(there, |offset: &ClockOffset| offset.apply(there))
        };
        let inner = self.inner();
        let mut samples = inner.samples.get(&cast.survivor).into_iter().flatten();
        let Some(took_over) = samples
            .find(|s| here(&cast.survivor, s.at) > cut && s.state.slurmctld == Some(true))
            .map(|sample| here(&cast.survivor, sample.at))
        else {
            return false;
        };
        let after = |at| here(&cast.client, at) > took_over;
        let accepted = inner
            .submissions
            .values()
            .filter_map(Submission::acknowledged)
            .any(|(_, at)| after(at));
        accepted && inner.probes.iter().any(|probe| probe.answered && after(probe.ended))
    }

    /// Whether clients were served by what they asked after the fault had
    /// certainly happened, and what was hit is back.
    pub fn goes_on(
        &self,
        fault: Fault,
        cast: &Cast,
        confirmed: Timestamp,
        clocks: &BTreeMap<NodeName, ClockOffset>,
    ) -> bool {
        let fate = self.process();
        self.is_served(cast, confirmed, clocks) && self.is_back(fault, fate.as_ref(), cast)
    }

    /// Whether clients were served by what they asked after that moment.
    pub fn is_served(
        &self,
        cast: &Cast,
        confirmed: Timestamp,
        clocks: &BTreeMap<NodeName, ClockOffset>,
    ) -> bool {
        let here = |there| {
            clocks.get(&cast.client).map_or(there, |offset: &ClockOffset| offset.apply(there))
        };
        let inner = self.inner();
        let asked_later = |sent| here(sent) > confirmed;
        let accepted =
            inner.submissions.values().any(|s| asked_later(s.sent) && s.acknowledged().is_some());
        let answered = inner.probes.iter().any(|p| p.answered && asked_later(p.sent));
        accepted && answered
    }

    /// Whether what was hit is back: the process of which this is told, or
    /// another one on the other controller.
    pub fn is_back(&self, fault: Fault, fate: Option<&ProcessFate>, cast: &Cast) -> bool {
        match fault {
            // What becomes of a whole machine is asked for later.
            Fault::Process(_, daemon, _) if !fault.fells_machine() => {
                fate.is_some_and(|process| process.answered.is_some())
                    || self.inner().runs_on(&cast.survivor, daemon)
            }
            _ => true,
        }
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

    /// A submission is told twice: when it begins, and with its answer.
    pub fn note_submission(&mut self, submission: Submission) {
        match self.submissions.get_mut(&submission.name) {
            Some(known) if submission.answer.is_none() && known.answer.is_some() => {}
            Some(known) => *known = submission,
            None => {
                self.submissions.insert(submission.name.clone(), submission);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use slurmha_core::drill::{Answer, FaultSignal, Side};

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn submission(name: &str, answered: Option<i64>) -> Reply {
        Reply::Submission(Submission {
            name: name.to_owned(),
            sent: at(0),
            answer: answered.map(|second| Answer { at: at(second), result: Ok(7) }),
        })
    }

    #[test]
    fn an_answer_is_not_forgotten_when_the_beginning_is_told_late() {
        let seen = Seen::default();
        let client = NodeName::from("login1");
        seen.note(&client, submission("r-0001", Some(1)));
        seen.note(&client, submission("r-0001", None));
        seen.note(&client, submission("r-0002", None));
        assert_eq!(seen.acknowledged(), 1);
        assert_eq!(seen.take().submissions.len(), 2);
    }

    #[test]
    fn service_is_back_when_the_survivor_answers_on_everybodys_clock() {
        let cast = Cast {
            victim: "ctl1".into(),
            survivor: "ctl2".into(),
            client: "login1".into(),
            weaknesses: Vec::new(),
        };
        // The survivor's clock is 100 s ahead.
        let ahead = ClockOffset { add_s: -100.0, error_s: 0.0 };
        let clocks = BTreeMap::from([(cast.survivor.clone(), ahead)]);
        let seen = Seen::default();
        let cut = at(10);
        let sample = |second: i64, slurmctld| {
            let state = ControllerState { slurmctld: Some(slurmctld), ..Default::default() };
            Reply::Sample(Sample { at: at(second + 100), state })
        };
        let probe = |second: i64, answered| {
            Reply::Probe(Probe { sent: at(second), ended: at(second), answered })
        };
        // An answer that was under way does not count.
        seen.note(&cast.client, submission("r-0001", Some(11)));
        seen.note(&cast.client, probe(11, true));
        seen.note(&cast.survivor, sample(12, false));
        assert!(!seen.serves_again(&cast, cut, &clocks));
        seen.note(&cast.survivor, sample(40, true));
        seen.note(&cast.client, probe(41, false));
        seen.note(&cast.client, submission("r-0002", Some(42)));
        assert!(!seen.serves_again(&cast, cut, &clocks));
        seen.note(&cast.client, probe(43, true));
        assert!(seen.serves_again(&cast, cut, &clocks));
    }

    #[test]
    fn an_answer_of_the_old_process_does_not_count() {
        let cast = Cast {
            victim: "ctl1".into(),
            survivor: "ctl2".into(),
            client: "login1".into(),
            weaknesses: Vec::new(),
        };
        let clocks = BTreeMap::new();
        let kill = Fault::Process(Side::Active, Daemon::Slurmctld, FaultSignal::Kill);
        let goes_on = |seen: &Seen| seen.goes_on(kill, &cast, at(10), &clocks);
        let asked = |name: &str, sent: i64| {
            Reply::Submission(Submission {
                name: name.to_owned(),
                sent: at(sent),
                answer: Some(Answer { at: at(sent + 5), result: Ok(7) }),
            })
        };
        let probe =
            |sent: i64| Reply::Probe(Probe { sent: at(sent), ended: at(sent + 1), answered: true });
        let fate = |answered| {
            Reply::Process(ProcessFate { pid: 1, restarted: Some(at(12)), answered, thawed: false })
        };
        let seen = Seen::default();
        seen.note(&cast.client, asked("r-0001", 9));
        seen.note(&cast.client, probe(9));
        seen.note(&cast.victim, fate(None));
        assert!(!goes_on(&seen));
        seen.note(&cast.client, asked("r-0002", 11));
        seen.note(&cast.client, probe(12));
        assert!(!goes_on(&seen), "nobody has seen it back");
        seen.note(&cast.victim, fate(Some(at(13))));
        assert!(goes_on(&seen));
        // It may be back on the other controller instead.
        seen.note(&cast.victim, fate(None));
        let state = ControllerState { slurmctld: Some(true), ..Default::default() };
        seen.note(&cast.survivor, Reply::Sample(Sample { at: at(14), state }));
        assert!(goes_on(&seen));
    }
}
