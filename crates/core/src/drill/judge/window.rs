// SPDX-License-Identifier: Apache-2.0
//! The time of which Slurm may know nothing after its end.

use std::ops::Range;
use std::time::Duration;

use jiff::Timestamp;

use crate::drill::evidence::{Evidence, Stroke};
use crate::drill::fault::{Daemon, Disturbance, Fault};
use crate::drill::time::seconds;
use crate::site::NodeName;

use super::watched::{SEEN_TO_LIVE_S, deaths, may_be_fenced_untold};

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
    /// For each end of slurmctld without having saved, in seconds after the cut.
    gaps: Vec<Range<f64>>,
    /// Whether an acknowledgement says that the job is saved.
    durable: bool,
}

impl UnsavedWindow {
    pub(super) fn new(evidence: &Evidence) -> Self {
        let strokes = evidence.happened();
        let losing = strokes.iter().filter(|stroke| stroke.fault.may_lose_unsaved());
        let gaps = losing.flat_map(|stroke| {
            ends(evidence, stroke).into_iter().map(|end| gap(evidence, stroke, end))
        });
        Self { cut: evidence.cut, gaps: gaps.collect(), durable: evidence.scenario.load.durable }
    }

    /// Whether a job acknowledged at that time may be lost.
    pub(super) fn may_lose(&self, acknowledged_s: f64) -> bool {
        !self.durable && self.holds(acknowledged_s)
    }

    /// Whether something at that time (in seconds after the cut) is in it.
    pub(super) fn holds(&self, after_cut_s: f64) -> bool {
        self.gaps.iter().any(|gap| gap.contains(&after_cut_s))
    }
}

/// From the first acknowledgement that can be lost when slurmctld ended at that
/// time, until answers can only have come from the next one.
fn gap(evidence: &Evidence, stroke: &Stroke, end: f64) -> Range<f64> {
    let window = UNSAVED_WINDOW.as_secs_f64();
    // What was not saved before the disk hung was not saved at all.
    let begin = evidence.begin_s(stroke);
    let hangs = |hung: &Stroke| {
        let saves_again = evidence.end_s(hung);
        hung.fault.stops_saving()
            && hung.victim == stroke.victim
            && saves_again.is_none_or(|saves_again| end < saves_again + window)
    };
    let hung = evidence.happened().into_iter().filter(hangs).map(|hung| evidence.begin_s(&hung));
    let from = hung.reduce(f64::min).unwrap_or(end).min(end) - window;
    let next = begins(evidence, stroke).into_iter().filter(|begin| *begin > end).reduce(f64::min);
    from..next.unwrap_or(begin + UNDER_WAY_S)
}

/// When another slurmctld than the one that was hit was seen first, on either
/// side.
fn begins(evidence: &Evidence, stroke: &Stroke) -> Vec<f64> {
    let survivor = &stroke.survivor;
    let begin = evidence.begin_s(stroke);
    let samples = evidence.samples.get(survivor).into_iter().flatten();
    let took_over = samples
        .filter(|sample| sample.state.slurmctld == Some(true))
        .map(|sample| seconds(evidence.cut, evidence.on_drill_clock(survivor, sample.at)))
        .find(|at| *at > begin);
    // Another daemon that is back says nothing of slurmctld.
    let is_slurmctld = matches!(stroke.fault, Fault::Process(_, Daemon::Slurmctld, _));
    let process = stroke.process.as_ref().filter(|_| is_slurmctld);
    let restarted = process
        .and_then(|process| process.restarted)
        .map(|at| seconds(evidence.cut, evidence.on_drill_clock(&stroke.victim, at)));
    let signs = signs_of_life(evidence, &stroke.victim);
    let back = signs.windows(2).filter(|two| !two[0].1 && two[1].1).map(|two| two[1].0);
    took_over.into_iter().chain(restarted).chain(back).collect()
}

/// When slurmctld ended on the victim: with the fault, or when the machine was
/// fenced or the process killed because of it. Until then it went on, and its
/// last sign of life tells when that was.
fn ends(evidence: &Evidence, stroke: &Stroke) -> Vec<f64> {
    let fault = stroke.fault;
    let begin = evidence.begin_s(stroke);
    if fault.ends_machine() || !fault.may_fell_machine() {
        return vec![begin];
    }
    let signs = signs_of_life(evidence, &stroke.victim);
    let ended = signs.windows(2).filter(|two| two[0].1 && !two[1].1 && two[1].0 > begin);
    let in_good_order = |two: &&[(f64, bool)]| is_stopped(evidence, stroke, two);
    let (stopped, ended): (Vec<_>, Vec<_>) = ended.partition(in_good_order);
    let ended = ended.into_iter().map(|two| two[0].0);
    let last = signs.iter().rev().take(1).filter(|(_, lives)| *lives).map(|(at, _)| *at);
    let ends: Vec<f64> = ended.chain(last).map(|end| end.max(begin)).collect();
    if ends.is_empty() && stopped.is_empty() { vec![begin] } else { ends }
}

/// Whether slurmctld was stopped in good order, and has saved: a bad link or a disk
/// that hangs kills no process, and its machine was seen right after, and was not
/// fenced then. Who takes all memory has the kernel kill it.
fn is_stopped(evidence: &Evidence, stroke: &Stroke, two: &[(f64, bool)]) -> bool {
    let kills = !matches!(stroke.fault, Fault::Disturbance(_, what) if what != Disturbance::Memory);
    let (last, next) = (two[0].0, two[1].0);
    let is_fenced = deaths(evidence, &stroke.victim).iter().any(|at| *at > last);
    !kills && next - last <= SEEN_TO_LIVE_S && !is_fenced && !may_be_fenced_untold(evidence)
}

/// Whether slurmctld lived on the victim, and when that was seen.
fn signs_of_life(evidence: &Evidence, victim: &NodeName) -> Vec<(f64, bool)> {
    let samples = evidence.samples.get(victim).into_iter().flatten();
    let after = |at| seconds(evidence.cut, evidence.on_drill_clock(victim, at));
    samples.filter_map(|sample| Some((after(sample.at), sample.state.slurmctld?))).collect()
}
