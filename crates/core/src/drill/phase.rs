// SPDX-License-Identifier: Apache-2.0
//! Where the time of a failover went, as the survivor's journal tells it.
//!
//! The messages are those of Corosync 3.1 and Pacemaker 2.1; both log them at
//! level notice, so they are in every journal.

use std::collections::BTreeMap;

use super::evidence::Evidence;
use super::journal::JournalEntry;
use super::report::{Phase, PhaseTiming};
use super::time::{rounded, seconds};
use crate::observe::Reading;
use crate::render::cib::id;

/// A message this long before the cut still counts: the clocks of two
/// machines are never known exactly.
const CLOCK_SLACK_S: f64 = 0.5;

/// Begin and end of every phase, in seconds after the cut.
pub(super) fn phases(evidence: &Evidence) -> BTreeMap<Phase, PhaseTiming> {
    let messages = match &evidence.journal {
        Reading::Known(journal) => Messages::after_cut(evidence, journal),
        Reading::Unknown(why) => {
            let reason = format!("the journal of {} could not be read: {why}", evidence.survivor);
            return Phase::ALL.map(|phase| (phase, PhaseTiming::unknown(&reason))).into();
        }
    };
    Phase::ALL.map(|phase| (phase, timing(phase, &messages, evidence))).into()
}

fn timing(phase: Phase, messages: &Messages<'_>, evidence: &Evidence) -> PhaseTiming {
    match phase {
        Phase::Notice => notice(messages, evidence.victim.as_str()),
        Phase::Fence => fence(messages, evidence.victim.as_str()),
        Phase::Promote => operation(messages, "promote", id::DRBD),
        Phase::Mount => operation(messages, "start", id::STATE),
        Phase::Vip => operation(messages, "start", id::VIP),
        Phase::Mariadb => operation(messages, "start", id::MARIADB),
        Phase::Slurmdbd => operation(messages, "start", id::SLURMDBD),
        Phase::Slurmctld => operation(messages, "start", id::SLURMCTLD),
    }
}

/// From the cut until Pacemaker knows that the victim is lost.
fn notice(messages: &Messages<'_>, victim: &str) -> PhaseTiming {
    let lost = format!("Node {victim} state is now lost");
    let end = messages.first("pacemaker-controld", |m| m.starts_with(&lost));
    match end {
        Some(end) => PhaseTiming::known(0.0, end.0, end.1),
        None => PhaseTiming::unknown(&format!("no message says that {victim} is lost")),
    }
}

/// From the request for fencing until its proof.
fn fence(messages: &Messages<'_>, victim: &str) -> PhaseTiming {
    let begin = messages.first("pacemaker-", |m| {
        (m.starts_with("Requesting fencing (") && m.contains(&format!(" of node {victim}")))
            || (m.starts_with("Requesting peer fencing (")
                && m.contains(&format!(" targeting {victim}")))
    });
    let Some(begin) = begin else {
        return PhaseTiming::unknown(&format!("no request to fence {victim}"));
    };
    let done = format!("Peer {victim} was terminated (");
    let end = messages.first("pacemaker-controld", |m| m.starts_with(&done) && m.contains(": OK"));
    match end {
        Some(end) => PhaseTiming::known(begin.0, end.0, end.1),
        None => PhaseTiming::unfinished(begin.0, &format!("no proof that {victim} was fenced")),
    }
}

/// From Pacemaker's order until the agent's good result.
fn operation(messages: &Messages<'_>, verb: &str, resource: &str) -> PhaseTiming {
    // An instance of a clone may be called `drbd:0`.
    let order = format!("Initiating {verb} operation {resource}");
    let begin = messages.first("pacemaker-controld", |m| {
        m.strip_prefix(&order)
            .is_some_and(|rest| rest.starts_with(&format!("_{verb}_0 ")) || rest.starts_with(':'))
    });
    let Some(begin) = begin else {
        return PhaseTiming::unknown(&format!("no order to {verb} {resource}"));
    };
    let result = format!("Result of {verb} operation for {resource}");
    let end = messages.first("pacemaker-controld", |m| {
        m.strip_prefix(&result)
            .is_some_and(|rest| rest.starts_with([' ', ':']) && rest.contains(": ok"))
    });
    match end {
        Some(end) => PhaseTiming::known(begin.0, end.0, end.1),
        None => PhaseTiming::unfinished(
            begin.0,
            &format!("no good result of the operation {verb} of {resource}"),
        ),
    }
}

/// Messages after the cut, each with its time in seconds after it.
struct Messages<'a>(Vec<(f64, &'a JournalEntry)>);

impl<'a> Messages<'a> {
    fn after_cut(evidence: &Evidence, journal: &'a [JournalEntry]) -> Self {
        let after = |entry: &JournalEntry| {
            let at = evidence.on_drill_clock(&evidence.survivor, entry.at);
            rounded(seconds(evidence.cut, at))
        };
        let mut messages: Vec<_> = journal
            .iter()
            .map(|entry| (after(entry), entry))
            .filter(|(after, _)| *after >= -CLOCK_SLACK_S)
            .collect();
        messages.sort_by(|a, b| a.0.total_cmp(&b.0));
        Self(messages)
    }

    /// The first message of a source (or of several with the same beginning)
    /// that fits, with the seconds after the cut.
    fn first(&self, source: &str, fits: impl Fn(&str) -> bool) -> Option<(f64, &'a str)> {
        self.0
            .iter()
            .filter(|(_, entry)| entry.source.starts_with(source))
            .map(|(after, entry)| (*after, without_level(&entry.message)))
            .find(|(_, message)| fits(message))
    }
}

/// Pacemaker writes the level before the text: ` notice: Node ...`.
fn without_level(message: &str) -> &str {
    let message = message.trim();
    match message.split_once(": ") {
        Some(("notice" | "warning" | "error" | "info" | "crit", text)) => text.trim_start(),
        _ => message,
    }
}
