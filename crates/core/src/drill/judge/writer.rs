// SPDX-License-Identifier: Apache-2.0
//! How many controllers could write to the state at the same time.
//!
//! A controller counts as a writer as soon as it shows one of the means:
//! DRBD is primary there, the state volume is mounted there, or slurmctld
//! runs there. Between two samples a change can go unseen; what is reported
//! as simultaneous was seen.

use std::collections::BTreeMap;

use crate::drill::evidence::{ControllerState, Evidence, Sample, Stroke};
use crate::drill::fault::{Fault, Side};
use crate::drill::report::WriterInterval;
use crate::drill::time::{rounded, seconds, short};
use crate::drill::words::moment;
use crate::observe::Reading;
use crate::site::NodeName;

use super::watched::{SEEN_TO_LIVE_S, deaths, gaps, may_be_fenced_untold};

/// When each controller could write, and the largest number at a time.
pub(super) struct Writers {
    /// By controller.
    pub intervals: BTreeMap<NodeName, Vec<WriterInterval>>,
    /// `Err` is why it could not be told.
    pub max: Result<usize, String>,
}

pub(super) fn writers(evidence: &Evidence) -> Writers {
    let controllers = controllers(evidence);
    let intervals: BTreeMap<_, _> =
        controllers.iter().map(|&node| (node.clone(), node_intervals(evidence, node))).collect();
    let unwatched =
        unwatched(evidence, &controllers).or_else(|| unseen(evidence, &controllers, &intervals));
    let max = unwatched.map_or_else(|| Ok(largest_overlap(&intervals)), Err);
    Writers { intervals, max }
}

/// Who could write: the victim and the survivor, unless it is another machine
/// that was hit.
fn controllers(evidence: &Evidence) -> Vec<&NodeName> {
    match evidence.scenario.gravest().side() {
        Side::Active | Side::Passive => vec![&evidence.victim, &evidence.survivor],
        Side::Arbiter | Side::Compute => evidence.samples.keys().collect(),
    }
}

/// The faults that hit this machine.
fn hits(evidence: &Evidence, node: &NodeName) -> Vec<Stroke> {
    evidence.happened().into_iter().filter(|stroke| stroke.victim == *node).collect()
}

/// Why the number of writers cannot be told.
fn unwatched(evidence: &Evidence, controllers: &[&NodeName]) -> Option<String> {
    let event = evidence.scenario.event();
    if controllers.len() < 2 {
        return Some("not both controllers were watched".to_owned());
    }
    let why = |node: &NodeName| {
        let samples = evidence.samples.get(node).map_or(&[][..], Vec::as_slice);
        let is_victim = *node == evidence.victim;
        // With its sessions a machine that boots anew ends those who watch it.
        let goes = |fault: Fault| {
            (fault.ends_machine() || fault.leaves_by_itself()) && !fault.leaves_nobody()
        };
        let dies = hits(evidence, node).iter().any(|stroke| goes(stroke.fault));
        let after = |sample: &Sample| seconds(evidence.cut, time(evidence, node, sample)) > 0.0;
        if is_victim && samples.is_empty() {
            Some(format!("{node} was not watched before {event}"))
        } else if !dies && !samples.iter().any(after) {
            Some(format!("{node} was not watched after {event}"))
        } else if !evidence.clocks.is_empty() && !evidence.clocks.contains_key(node) {
            Some(format!("the clock of {node} could not be read"))
        } else if samples.iter().any(|sample| signs(&sample.state).is_none()) {
            Some(format!("what {node} was doing could not always be told"))
        } else {
            None
        }
    };
    controllers.iter().find_map(|node| why(node))
}

/// A time for which one controller was not seen, too long to be taken for nothing,
/// while another one could write.
fn unseen(
    evidence: &Evidence,
    controllers: &[&NodeName],
    intervals: &BTreeMap<NodeName, Vec<WriterInterval>>,
) -> Option<String> {
    let of_node = |node: &NodeName| {
        let others = intervals.iter().filter(|(other, _)| *other != node);
        let others: Vec<&WriterInterval> = others.flat_map(|(_, of_other)| of_other).collect();
        let matters = |from: f64, until: f64| {
            others.iter().any(|other| other.start_s < until && other.end_s > from)
        };
        let gap = gaps(evidence, node)
            .into_iter()
            .find(|gap| gap.is_too_long() && matters(gap.from, gap.until))?;
        let from = moment(evidence.scenario.event(), gap.from);
        let length = short(gap.length());
        // Whoever was fenced meanwhile need not be seen, and the journal would tell.
        let untold = match &evidence.journal {
            Reading::Unknown(why) if may_be_fenced_untold(evidence) => {
                format!("; whether it was fenced then could not be read: {why}")
            }
            _ => String::new(),
        };
        Some(format!("{node} was not seen for {length} s, the last time {from}{untold}"))
    };
    controllers.iter().find_map(|node| of_node(node))
}

/// The signs of a writer; `None` when it could not be told whether there
/// are any.
pub(in crate::drill) fn signs(state: &ControllerState) -> Option<Vec<&'static str>> {
    let mut signs = Vec::new();
    if state.drbd_role.as_deref() == Some("Primary") {
        signs.push("primary");
    }
    if state.state_mounted == Some(true) {
        signs.push("mounted");
    }
    if state.slurmctld == Some(true) {
        signs.push("slurmctld");
    }
    let told = state.drbd_role.is_some() && state.state_mounted.is_some();
    (told || !signs.is_empty()).then_some(signs)
}

fn time(evidence: &Evidence, node: &NodeName, sample: &Sample) -> jiff::Timestamp {
    evidence.on_drill_clock(node, sample.at)
}

/// Neighbouring samples that show a writer, as one interval.
fn node_intervals(evidence: &Evidence, node: &NodeName) -> Vec<WriterInterval> {
    let mut intervals: Vec<WriterInterval> = Vec::new();
    let mut writing = false;
    let deaths = deaths(evidence, node);
    let hits = hits(evidence, node);
    let ended = hits.iter().filter(|stroke| stroke.fault.ends_machine());
    let ended: Vec<f64> = ended
        .filter_map(|stroke| Some(rounded(seconds(evidence.cut, stroke.confirmed?))))
        .collect();
    for sample in evidence.samples.get(node).into_iter().flatten() {
        let at = rounded(seconds(evidence.cut, time(evidence, node, sample)));
        if let Some(interval) = intervals.last_mut().filter(|_| writing) {
            let (last, meant) =
                (interval.end_s, |death: &f64| (interval.end_s..at).contains(death));
            // One that died in between and came back has not written all the time.
            writing = at - last <= SEEN_TO_LIVE_S || !deaths.iter().any(meant);
            let ended = ended.iter().copied().filter(meant).reduce(f64::max);
            interval.end_s = ended.unwrap_or(last);
        }
        let signs = signs(&sample.state).unwrap_or_default();
        if !signs.is_empty() && !writing {
            intervals.push(WriterInterval { start_s: at, end_s: at, signs: Vec::new() });
        }
        writing = !signs.is_empty();
        if let Some(interval) = intervals.last_mut().filter(|_| writing) {
            interval.end_s = at;
            for sign in signs {
                if !interval.signs.iter().any(|known| known == sign) {
                    interval.signs.push(sign.to_owned());
                }
            }
        }
    }
    // A victim that was writing until the end could do so until it was dead.
    let dead = ended.iter().copied().reduce(f64::max);
    if let (Some(last), Some(dead)) = (intervals.last_mut().filter(|_| writing), dead) {
        last.end_s = last.end_s.max(dead);
    }
    intervals
}

/// The largest number of nodes of which an interval holds the same moment.
fn largest_overlap(intervals: &BTreeMap<NodeName, Vec<WriterInterval>>) -> usize {
    let begins = intervals.values().flatten().map(|interval| interval.start_s);
    let at = |moment: f64| {
        let holds = |i: &WriterInterval| i.start_s <= moment && moment <= i.end_s;
        intervals.values().filter(|of_node| of_node.iter().any(holds)).count()
    };
    // The number only grows where an interval begins.
    begins.map(at).max().unwrap_or(0)
}
