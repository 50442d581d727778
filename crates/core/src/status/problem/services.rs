// SPDX-License-Identifier: Apache-2.0
//! Daemons, who watches them, compute nodes, fencing.

use jiff::Timestamp;

use super::super::model::{Contact, Member, Problem, Severity, Status};
use super::super::view::View;
use super::{problem, somewhere, weakness};
use crate::layout::{DURABLE_UNIT, WATCH_UNIT};
use crate::observe::{FencingEvent, Health, Reading, UnitState};
use crate::site::{Accept, NodeName};

pub(super) fn daemons(status: &Status) -> Vec<Problem> {
    let daemons = &status.daemons;
    let place = match &status.active {
        Some(active) => format!("on {active}: "),
        None => String::new(),
    };
    // MariaDB answers on the active controller alone.
    let asked_in_vain = status.machines.iter().any(|machine| {
        Some(&machine.name) == status.active.as_ref() && machine.contact != Contact::NotAsked
    });
    let in_vain = |name: &str, why: &str| {
        let next = format!("{place}systemctl status {name}");
        Some(problem(Severity::Unknown, format!("{name} could not be asked{why}"), next))
    };
    let health = |name: &str, health: &Health, down: Severity| match health {
        Health::Up => None,
        Health::Elsewhere if status.active.is_some() && !asked_in_vain => None,
        Health::Down(why) => {
            let next = format!("{place}journalctl -u {name}");
            Some(problem(down, format!("{name} does not answer: {why}"), next))
        }
        Health::Unknown(why) => in_vain(name, &format!(": {why}")),
        Health::Elsewhere => in_vain(name, ""),
    };
    [
        health("slurmctld", &daemons.slurmctld, Severity::Down),
        health("slurmdbd", &daemons.slurmdbd, Severity::Degraded),
        health("mariadb", &daemons.mariadb, Severity::Degraded),
        daemons.records_waiting.and_then(|waiting| backlog(waiting, &place)),
        daemons.waits_until.map(|until| stands_still(until, &place)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// What users see: a network between a login node and the VIP that keeps them
/// out is nothing that a controller notices. Only what is told to be down counts:
/// a login node that is short of time gives no answer, and is asked again.
pub(super) fn logins(view: &View<'_>, status: &Status) -> Vec<Problem> {
    if status.daemons.slurmctld != Health::Up {
        return Vec::new();
    }
    let is_shut_out = |name: &&NodeName| {
        let slurm = view.observation(name).and_then(|seen| seen.slurm.known());
        slurm.is_some_and(|slurm| matches!(slurm.slurmctld, Health::Down(_)))
    };
    let logins = view.site.logins.iter().map(|login| &login.name);
    logins
        .filter(is_shut_out)
        .map(|name| {
            let text = format!("slurmctld does not answer {name}, and does elsewhere");
            let next = format!("on {name}: scontrol ping; ip neigh show {}", status.vip.address);
            problem(Severity::Degraded, text, next)
        })
        .collect()
}

/// slurmctld sends what has queued up as soon as slurmdbd takes it. Beyond
/// `MaxDBDMsgs`, at least 10,000 (slurm.conf(5)), it drops records for good.
const BACKLOG: u64 = 1000;

fn backlog(waiting: u64, place: &str) -> Option<Problem> {
    let text = format!(
        "{waiting} records wait for slurmdbd; Slurm begins to drop them at MaxDBDMsgs, 10000 or more"
    );
    let next = format!("{place}sdiag; journalctl -u slurmdbd");
    (waiting >= BACKLOG).then(|| problem(Severity::Degraded, text, next))
}

/// slurmctld accepts jobs meanwhile and answers as ever. A restart lets it
/// forget what it has noted; its orderly end saves first.
fn stands_still(until: Timestamp, place: &str) -> Problem {
    let text = format!(
        "slurmctld starts no job and may save none until about {}: its clock was ahead, and it has \
         noted its last work at that time",
        until.strftime("%F %T UTC")
    );
    let next = format!("{place}when `date` is right, crm_resource --restart --resource slurmctld");
    problem(Severity::Degraded, text, next)
}

/// Without the watcher a daemon that hangs is noticed by nobody, and nothing
/// else looks different.
pub(super) fn watchers(view: &View<'_>, status: &Status) -> Vec<Problem> {
    let takes_part = |name: &NodeName| !status.is_offline(name.as_str());
    view.controllers()
        .filter(|(name, _)| takes_part(name))
        .filter_map(|(name, seen)| Some((name, seen.units.get(WATCH_UNIT)?)))
        .filter_map(|(name, unit)| {
            let text = format!("a daemon that hangs on {name} is not noticed: no {WATCH_UNIT}");
            missing(name, WATCH_UNIT, unit, text)
        })
        .collect()
}

/// Where submissions can wait until they are saved, somebody has to tell them:
/// without an answer each waits for its whole patience.
pub(super) fn durable(view: &View<'_>, status: &Status) -> Option<Problem> {
    let active = status.active.as_ref().filter(|_| view.site.durable_submit.is_offered())?;
    let unit = view.observation(active)?.units.get(DURABLE_UNIT)?;
    let text =
        format!("submissions that wait until they are saved get no answer: no {DURABLE_UNIT}");
    missing(active, DURABLE_UNIT, unit, text)
}

/// A unit that should run and does not. One that dies as soon as it is started,
/// and is started anew for ever, is never `failed` (systemd.service(5),
/// `Restart=` without a limit of starts).
fn missing(machine: &NodeName, name: &str, unit: &UnitState, text: String) -> Option<Problem> {
    let runs = match unit.active.as_str() {
        "active" => true,
        "activating" => unit.sub != "auto-restart",
        _ => false,
    };
    let next = match unit.load.as_str() {
        "loaded" => format!("on {machine}: systemctl restart {name}"),
        _ => "slurmha plan".to_owned(),
    };
    (!runs).then(|| problem(Severity::Degraded, text, next))
}

/// In the words of `node_state_string` (slurm_protocol_defs.c of 22.05). One
/// that registers with less than slurm.conf says is `inval`, before all else that
/// it is, and slurmctld drains it.
const BAD_NODE_STATES: [&str; 8] =
    ["down", "drain", "drained", "draining", "fail", "failing", "error", "inval"];

/// Whether a node in this state of sinfo's takes no jobs and will not by
/// itself.
pub(in super::super) fn takes_no_jobs(state: &str) -> bool {
    let word = state.trim_end_matches(|c: char| !c.is_ascii_alphabetic());
    BAD_NODE_STATES.contains(&word) || state.ends_with('*')
}

pub(super) fn compute_nodes(status: &Status) -> Vec<Problem> {
    let Reading::Known(nodes) = &status.nodes else { return Vec::new() };
    nodes
        .iter()
        .filter(|(state, _)| takes_no_jobs(state))
        .map(|(state, count)| {
            let text = format!(
                "{count} compute node{} {state}",
                if *count == 1 { " is" } else { "s are" }
            );
            problem(Severity::Degraded, text, "sinfo --list-reasons".to_owned())
        })
        .collect()
}

pub(super) fn fencing(view: &View<'_>, status: &Status) -> Vec<Problem> {
    let Some(cluster) = view.cluster() else { return Vec::new() };
    let mut found = Vec::new();
    if !cluster.fencing_enabled && !view.site.accept.contains(&Accept::DataLossWithoutFencing) {
        let text = "fencing is switched off".to_owned();
        found.push(weakness(text, "slurmha plan".to_owned()));
    }
    // Only the latest word on each machine counts: an attempt that failed and
    // was followed by one that worked is history.
    let mut seen = Vec::new();
    for event in &status.fencing {
        if seen.contains(&&event.target) || was_not_needed(status, event) {
            continue;
        }
        seen.push(&event.target);
        if event.status != "success" {
            found.push(unfinished(event, &somewhere(view, status)));
        }
    }
    found
}

/// A machine that somebody has switched on by hand needs no other attempt.
fn was_not_needed(status: &Status, event: &FencingEvent) -> bool {
    event.action == "on"
        && event.status == "failed"
        && status.machines.iter().any(|machine| {
            machine.name.as_str() == event.target && machine.member == Some(Member::Online)
        })
}

/// The fencer remembers a failure until the next action against that machine,
/// or until it is told to forget it.
fn unfinished(event: &FencingEvent, place: &str) -> Problem {
    let FencingEvent { target, action, status, .. } = event;
    let look = format!("on {place}: stonith_admin --history {target} --verbose");
    let next = match status.as_str() {
        "failed" => {
            format!("{look}; when the cause is mended: stonith_admin --cleanup --history {target}")
        }
        _ => look,
    };
    problem(Severity::Degraded, format!("fencing of {target} ({action}): {status}"), next)
}
