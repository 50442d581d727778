// SPDX-License-Identifier: Apache-2.0
//! Where the time of a failover went, as the controllers' journals tell it.
//!
//! The messages are those of Corosync 3.1 and Pacemaker 2.1; both log them at
//! level notice, so they are in every journal. Orders are logged by the DC,
//! results where the resource runs.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::drill::evidence::{Evidence, Probe, Stroke};
use crate::drill::fault::{Daemon, Fault};
use crate::drill::journal::JournalEntry;
use crate::drill::phase::{Phase, PhaseTiming};
use crate::drill::time::{rounded, seconds};
use crate::observe::Reading;
use crate::render::cib::{ACTIVE_RESOURCES, id};
use crate::site::NodeName;

/// A message this long before the fault still counts: the clocks of two
/// machines are never known exactly.
const CLOCK_SLACK_S: f64 = 0.5;

/// Begin and end of the fault's phases, in seconds after it; of several faults
/// those of the gravest, in seconds after the first one.
pub(super) fn phases(evidence: &Evidence) -> BTreeMap<Phase, PhaseTiming> {
    let stroke = evidence.gravest();
    let phases = stroke.fault.phases().into_iter();
    let messages = match &stroke.at {
        Ok(_) => Messages::after_fault(evidence, &stroke),
        Err(why) => Err(why.clone()),
    };
    match messages {
        Ok(messages) => {
            let seen = Seen { messages, evidence, stroke: &stroke };
            phases.map(|phase| (phase, timing(phase, &seen))).collect()
        }
        Err(reason) => phases.map(|phase| (phase, PhaseTiming::unknown(&reason))).collect(),
    }
}

/// What tells of one fault.
struct Seen<'a> {
    messages: Messages<'a>,
    evidence: &'a Evidence,
    stroke: &'a Stroke,
}

impl Seen<'_> {
    /// When the fault happened, in seconds after the first one.
    fn begin_s(&self) -> f64 {
        rounded(self.evidence.begin_s(self.stroke))
    }

    /// A moment on the victim's clock, in seconds after the first fault.
    fn on_victim(&self, at: Timestamp) -> f64 {
        after_fault(self.evidence, &self.stroke.victim, at)
    }
}

fn timing(phase: Phase, seen: &Seen<'_>) -> PhaseTiming {
    let victim = seen.stroke.victim.as_str();
    let fault = seen.stroke.fault;
    let messages = &seen.messages;
    match (phase, fault) {
        (Phase::Notice, Fault::Process(_, daemon, _)) if !fault.fells_machine() => {
            notice_failure(seen, daemon)
        }
        (Phase::Notice, _) => notice(seen),
        (Phase::Restart, Fault::Process(_, daemon, _)) => restart(seen, daemon),
        (Phase::Answer, Fault::Process(_, daemon, _)) => answer(seen, daemon),
        (Phase::Restart | Phase::Answer, _) => PhaseTiming::unknown("no process was hit"),
        (Phase::Fence, _) => fence(messages, victim),
        (Phase::Stop, _) => stop(messages, victim),
        (Phase::Demote, _) => operation(messages, "demote", id::DRBD),
        (Phase::Promote, _) => operation(messages, "promote", id::DRBD),
        (Phase::Mount, _) => operation(messages, "start", id::STATE),
        (Phase::Vip, _) => operation(messages, "start", id::VIP),
        (Phase::Mariadb, _) => operation(messages, "start", id::MARIADB),
        (Phase::Slurmdbd, _) => operation(messages, "start", id::SLURMDBD),
        (Phase::Slurmctld, _) => operation(messages, "start", id::SLURMCTLD),
    }
}

/// From the cut until Pacemaker knows that the victim is lost.
fn notice(seen: &Seen<'_>) -> PhaseTiming {
    let victim = &seen.stroke.victim;
    let lost = format!("Node {victim} state is now lost");
    let end = seen.messages.first("pacemaker-controld", |m| m.starts_with(&lost));
    match end {
        Some(end) => PhaseTiming::known(seen.begin_s(), end.0, end.1),
        None => PhaseTiming::unknown(&format!("no message says that {victim} is lost")),
    }
}

/// Until Pacemaker has a bad result of the daemon: from a monitor, or from
/// `crm_resource --fail`, which is called asyncmon. A daemon that came back
/// before that was brought back by somebody else.
fn notice_failure(seen: &Seen<'_>, daemon: Daemon) -> PhaseTiming {
    let resource = daemon.resource().unwrap_or_default();
    let failure =
        ["monitor", "asyncmon"].map(|verb| format!("Result of {verb} operation for {resource} "));
    let daemon = daemon.title();
    let end = seen.messages.first("pacemaker-controld", |m| {
        failure.iter().any(|start| m.starts_with(start)) && !m.contains(": ok")
    });
    let restarted = seen.stroke.process.as_ref().and_then(|process| process.restarted);
    match (end, restarted.map(|at| seen.on_victim(at))) {
        (Some(end), restarted) if restarted.is_none_or(|at| end.0 <= at) => {
            PhaseTiming::known(seen.begin_s(), end.0, end.1)
        }
        (_, Some(at)) => PhaseTiming::known(
            seen.begin_s(),
            at,
            &format!("{daemon} was back before Pacemaker knew"),
        ),
        _ => PhaseTiming::unknown(&format!("no message says that {daemon} has failed")),
    }
}

/// From Pacemaker's first order to the daemon until its good start.
fn restart(seen: &Seen<'_>, daemon: Daemon) -> PhaseTiming {
    let messages = &seen.messages;
    let start = match daemon.resource() {
        Some(resource) => operation(messages, "start", resource),
        None => PhaseTiming::unknown(&format!("{} was not seen back", daemon.title())),
    };
    if let (Some(_), Some(resource)) = (start.start_s, daemon.resource()) {
        let stop = operation(messages, "stop", resource);
        let earliest = stop.start_s.into_iter().chain(start.start_s).reduce(f64::min);
        return PhaseTiming { start_s: earliest, ..start };
    }
    let process = seen.stroke.process.as_ref();
    let at = |time: Timestamp| seen.on_victim(time);
    match process.and_then(|process| Some((process.restarted?, process.answered?))) {
        Some((restarted, answered)) => {
            PhaseTiming::known(at(restarted), at(answered), "without an order of Pacemaker's")
        }
        None => start,
    }
}

/// Until the first answer that only a new process can have given: to a client
/// for slurmctld, on the victim itself for what clients do not talk to.
fn answer(seen: &Seen<'_>, daemon: Daemon) -> PhaseTiming {
    let Seen { evidence, stroke, .. } = seen;
    let confirmed = stroke.confirmed.unwrap_or(evidence.cut_confirmed);
    let clients_ask = daemon == Daemon::Slurmctld;
    let client = &evidence.client;
    let asked_later =
        |probe: &&Probe| probe.answered && evidence.on_drill_clock(client, probe.sent) > confirmed;
    let (end, who) = if clients_ask {
        let answers = evidence.probes.iter().filter(asked_later);
        let first = answers.map(|p| after_fault(evidence, client, p.ended)).reduce(f64::min);
        (first, client)
    } else {
        let at = stroke.process.as_ref().and_then(|process| process.answered);
        (at.map(|at| seen.on_victim(at)), &stroke.victim)
    };
    let what = daemon.title();
    let Some(end) = end else {
        return PhaseTiming::unknown(&format!("{who} had no answer of {what}"));
    };
    let start = restart(seen, daemon).end_s.unwrap_or(end).min(end);
    PhaseTiming::known(start, end, &format!("{who} had an answer of {what}"))
}

/// From the first order to stop something until the last result of it.
fn stop(messages: &Messages<'_>, victim: &str) -> PhaseTiming {
    let stops = ACTIVE_RESOURCES.map(|resource| operation(messages, "stop", resource));
    let Some(begin) = stops.iter().filter_map(|stop| stop.start_s).reduce(f64::min) else {
        return PhaseTiming::unknown(&format!("no order to stop anything on {victim}"));
    };
    if let Some(unfinished) = stops.iter().find(|stop| stop.end_s.is_none()) {
        let reason = unfinished.reason.as_deref().unwrap_or("a stop did not end");
        return PhaseTiming::unfinished(begin, reason);
    }
    let last =
        stops.into_iter().max_by(|a, b| a.end_s.unwrap_or(0.0).total_cmp(&b.end_s.unwrap_or(0.0)));
    match last {
        Some(last) => PhaseTiming { start_s: Some(begin), ..last },
        None => PhaseTiming::unfinished(begin, "nothing was stopped"),
    }
}

fn after_fault(evidence: &Evidence, machine: &NodeName, at: Timestamp) -> f64 {
    rounded(seconds(evidence.cut, evidence.on_drill_clock(machine, at)))
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

/// Messages after the fault, each with its time in seconds after it.
struct Messages<'a>(Vec<(f64, &'a JournalEntry)>);

impl<'a> Messages<'a> {
    /// `Err` is why a journal that should be there is not.
    fn after_fault(evidence: &'a Evidence, stroke: &Stroke) -> Result<Self, String> {
        let begin = evidence.begin_s(stroke);
        let mut hits = evidence.happened().into_iter().filter(|it| it.victim == evidence.victim);
        let victim_lives = !hits.any(|hit| hit.fault.fells_machine());
        let journals = [
            Some((&evidence.survivor, &evidence.journal)),
            victim_lives.then_some((&evidence.victim, &evidence.victim_journal)),
        ];
        let mut messages = Vec::new();
        let steps =
            |hit: &Stroke, machine: &NodeName| hit.victim == *machine && hit.fault.steps_clock();
        for (machine, journal) in journals.into_iter().flatten() {
            if evidence.happened().iter().any(|hit| steps(hit, machine)) {
                return Err(format!("the clock of {machine} was set wrong"));
            }
            let journal = match journal {
                Reading::Known(journal) => journal,
                Reading::Unknown(why) => {
                    return Err(format!("the journal of {machine} could not be read: {why}"));
                }
            };
            let timed =
                journal.iter().map(|entry| (after_fault(evidence, machine, entry.at), entry));
            messages.extend(timed.filter(|(after, _)| *after >= begin - CLOCK_SLACK_S));
        }
        messages.sort_by(|a, b| a.0.total_cmp(&b.0));
        Ok(Self(messages))
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
