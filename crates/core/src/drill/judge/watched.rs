// SPDX-License-Identifier: Apache-2.0
//! For how long nobody saw what a controller did.
//!
//! A sampler says something every second, so that silence means that nobody looked:
//! the conversation was lost, or the machine had no time for it. A machine that is
//! dead is not looked at, and does nothing.

use crate::drill::evidence::{Evidence, Sample, Stroke};
use crate::drill::fault::Fault;
use crate::drill::time::seconds;
use crate::observe::Reading;
use crate::site::NodeName;

use super::writer::signs;

/// Seconds for which one that could write when it was seen last may go unseen while
/// another one writes. An emulated machine that stands still for 20 s costs the
/// conversation (ssh gives up after 15 s) and some seconds for the next one. A drill
/// cuts links for 45 s, and whoever is cut off goes on writing for less than that.
const UNSEEN_WRITER_S: f64 = 40.0;

/// The same for one that could not write: it would have to begin first.
const UNSEEN_S: f64 = 60.0;

/// The same where all memory is taken: what looks does not get any either.
const UNSEEN_WITHOUT_MEMORY_S: f64 = 120.0;

/// Seconds between two samples of a machine that lives.
pub(super) const SEEN_TO_LIVE_S: f64 = 5.0;

/// Seconds by which a sample may seem to be later than the proof that its machine was
/// dead: their clocks were read over ssh, from machines that were busy.
const CLOCKS_AGREE_S: f64 = 5.0;

/// A time for which nobody knows what a controller did, in seconds after the first
/// fault.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Gap {
    pub from: f64,
    pub until: f64,
    /// The longest that proves nothing against the proof.
    pub limit: f64,
}

impl Gap {
    pub(super) fn length(self) -> f64 {
        self.until - self.from
    }

    pub(super) fn is_too_long(self) -> bool {
        self.length() > self.limit
    }
}

/// When this machine was certainly dead, or taking its leave, in seconds after the
/// first fault: its power was cut, its kernel ended, or it was fenced.
pub(super) fn deaths(evidence: &Evidence, node: &NodeName) -> Vec<f64> {
    let hits = |stroke: &&Stroke| {
        let is_hit = stroke.victim == *node;
        stroke.fault.has_to_boot()
            && (is_hit || stroke.fault.hits_both() && stroke.survivor == *node)
    };
    let strokes = evidence.happened();
    let ended = strokes.iter().filter(hits).filter_map(|stroke| stroke.confirmed);
    let ended = ended.map(|at| seconds(evidence.cut, at));
    ended.chain(fenced(evidence, node)).collect()
}

/// When Pacemaker had the proof that this machine was off.
pub(super) fn fenced(evidence: &Evidence, node: &NodeName) -> Vec<f64> {
    let proof = format!("Peer {node} was terminated (");
    let told =
        [(&evidence.survivor, &evidence.journal), (&evidence.victim, &evidence.victim_journal)];
    let entries = told.into_iter().flat_map(|(machine, journal)| {
        journal.known().into_iter().flatten().map(move |entry| (machine, entry))
    });
    entries
        .filter(|(_, entry)| entry.message.contains(&proof) && entry.message.contains(": OK"))
        .map(|(machine, entry)| seconds(evidence.cut, evidence.on_drill_clock(machine, entry.at)))
        .collect()
}

/// Whether somebody may have been fenced of which nobody could tell: a journal that
/// could not be read takes nothing from what was seen.
pub(super) fn may_be_fenced_untold(evidence: &Evidence) -> bool {
    matches!(evidence.journal, Reading::Unknown(_))
        && evidence.scenario.any(Fault::may_fell_machine)
}

/// Each time without a sample from the first fault until the load was stopped, up to
/// the machine's proven death. One that is dead is excused until it is seen again.
pub(super) fn gaps(evidence: &Evidence, node: &NodeName) -> Vec<Gap> {
    let end = seconds(evidence.cut, evidence.load_stopped);
    let deaths = deaths(evidence, node);
    let seen = seen(evidence, node);
    let next = seen.iter().skip(1).map(|(at, _)| *at).chain([end]);
    let gaps = seen.iter().zip(next).filter_map(|(&(last, wrote), next)| {
        let next = next.min(end);
        let own = deaths.iter().copied().filter(|at| *at >= last - CLOCKS_AGREE_S && *at < next);
        let until = own.reduce(f64::min).map_or(next, |at| at.max(last));
        let limit = limit(evidence, node, wrote);
        let gap = Gap { from: last.max(0.0), until, limit };
        (gap.until > gap.from).then_some(gap)
    });
    gaps.collect()
}

fn limit(evidence: &Evidence, node: &NodeName, wrote: bool) -> f64 {
    let takes_memory = |stroke: &Stroke| stroke.fault.takes_memory() && stroke.victim == *node;
    match wrote {
        _ if evidence.happened().iter().any(takes_memory) => UNSEEN_WITHOUT_MEMORY_S,
        true => UNSEEN_WRITER_S,
        false => UNSEEN_S,
    }
}

/// When it was seen, in order of time, and whether it could write then.
fn seen(evidence: &Evidence, node: &NodeName) -> Vec<(f64, bool)> {
    let samples = evidence.samples.get(node).into_iter().flatten();
    let look = |sample: &Sample| {
        let at = seconds(evidence.cut, evidence.on_drill_clock(node, sample.at));
        (at, signs(&sample.state).is_none_or(|signs| !signs.is_empty()))
    };
    let mut seen: Vec<(f64, bool)> = samples.map(look).collect();
    seen.sort_by(|a, b| a.0.total_cmp(&b.0));
    seen
}
