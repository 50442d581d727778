// SPDX-License-Identifier: Apache-2.0
//! What the machines have told so far.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use slurmha_core::drill::{ClockOffset, ControllerState, Probe, Sample, Submission};
use slurmha_core::site::NodeName;

use super::preflight::Cast;
use super::protocol::Reply;

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
            Reply::Clock { .. } | Reply::Queue(_) | Reply::Collected(_) => {}
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

    /// Whether slurmctld has answered at all.
    pub fn has_answered(&self) -> bool {
        self.inner().probes.iter().any(|probe| probe.answered)
    }

    /// What did not work so far.
    pub fn troubles(&self) -> Vec<String> {
        self.inner().troubles.clone()
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

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
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
