// SPDX-License-Identifier: Apache-2.0
//! The time of which Slurm may know nothing after its end.

use std::time::Duration;

use jiff::Timestamp;

use crate::drill::evidence::Evidence;
use crate::drill::fault::{Daemon, Fault};
use crate::drill::time::seconds;

/// How long before a power cut Slurm may have acknowledged what it then
/// loses.
///
/// slurmctld answers `sbatch` from memory and saves its job table later: at
/// most `SAVE_MAX_WAIT` = 5 s after a change (state_save.c; counted in whole
/// seconds, so up to 6 s), then it writes and syncs the table, and the rename
/// that makes it valid waits for a commit of the journal (1 s with
/// `commit=1`). The last second is for the write itself and for clocks that
/// are not quite equal. What was acknowledged earlier than that had to
/// survive.
pub const UNSAVED_WINDOW: Duration = Duration::from_secs(8);

/// An answer that was under way when the power went can arrive this much
/// later; used only when nothing tells when the survivor took over.
const UNDER_WAY_S: f64 = 2.0;

/// The time of which Slurm may know nothing after the cut.
pub(super) struct UnsavedWindow {
    /// The cut, on the drill's clock.
    pub cut: Timestamp,
    /// When (in seconds after the cut) slurmctld certainly did not live any
    /// more.
    died_s: f64,
    /// Until when (in seconds after the cut) answers can only have come from
    /// the slurmctld that was hit.
    until_s: f64,
    /// Whether slurmctld died without having saved at all.
    exists: bool,
    /// Whether an acknowledgement says that the job is saved.
    durable: bool,
}

impl UnsavedWindow {
    pub(super) fn new(evidence: &Evidence) -> Self {
        let survivor = &evidence.survivor;
        let took_over = evidence
            .samples
            .get(survivor)
            .into_iter()
            .flatten()
            .filter(|sample| sample.state.slurmctld == Some(true))
            .map(|sample| seconds(evidence.cut, evidence.on_drill_clock(survivor, sample.at)))
            .find(|at| *at > 0.0);
        // Another daemon that is back says nothing of slurmctld.
        let is_slurmctld =
            matches!(evidence.scenario.fault, Fault::Process(_, Daemon::Slurmctld, _));
        let restarted = evidence
            .process
            .as_ref()
            .filter(|_| is_slurmctld)
            .and_then(|process| process.restarted)
            .map(|at| seconds(evidence.cut, evidence.on_drill_clock(&evidence.victim, at)));
        let took_over = took_over.into_iter().chain(restarted).reduce(f64::min);
        let exists = evidence.scenario.fault.may_lose_unsaved();
        Self {
            cut: evidence.cut,
            died_s: died(evidence),
            until_s: took_over.unwrap_or(UNDER_WAY_S),
            exists,
            durable: evidence.scenario.load.durable,
        }
    }

    /// Whether a job acknowledged at that time may be lost.
    pub(super) fn may_lose(&self, acknowledged_s: f64) -> bool {
        !self.durable && self.holds(acknowledged_s)
    }

    /// Whether something at that time (in seconds after the cut) is in it.
    pub(super) fn holds(&self, after_cut_s: f64) -> bool {
        let from_s = self.died_s - UNSAVED_WINDOW.as_secs_f64();
        self.exists && (from_s..self.until_s).contains(&after_cut_s)
    }
}

/// With the fault, or when the machine was fenced because of it: until then
/// slurmctld went on. Its last sign of life tells when that was.
fn died(evidence: &Evidence) -> f64 {
    let fault = evidence.scenario.fault;
    if fault.ends_machine() || !fault.may_fell_machine() {
        return 0.0;
    }
    let victim = &evidence.victim;
    let samples = evidence.samples.get(victim).into_iter().flatten();
    let lived = samples.filter(|sample| sample.state.slurmctld == Some(true));
    let times = lived.map(|s| seconds(evidence.cut, evidence.on_drill_clock(victim, s.at)));
    times.fold(0.0, f64::max)
}
