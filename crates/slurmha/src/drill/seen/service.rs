// SPDX-License-Identifier: Apache-2.0
//! Whether what was told says that clients are served again.

use std::collections::BTreeMap;

use jiff::Timestamp;
use slurmha_core::drill::{ClockOffset, Fault, ProcessFate, Submission};
use slurmha_core::site::NodeName;

use super::Seen;
use crate::drill::preflight::Cast;

impl Seen {
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
}
