// SPDX-License-Identifier: Apache-2.0
//! Daemons, cluster resources, compute nodes, fencing.

use super::super::model::{Problem, ResourceStatus, Severity, Status};
use super::super::view::View;
use super::{problem, somewhere};
use crate::observe::{Health, Reading};
use crate::render::cib::{ACTIVE_RESOURCES, device_id, id};
use crate::site::Accept;

/// Made by DRBD's fence handler, taken away by its unfence handler.
const DRBD_BAN: &str = "drbd-fence-by-handler-";

pub(super) fn daemons(status: &Status) -> Vec<Problem> {
    let daemons = &status.daemons;
    let place = match &status.active {
        Some(active) => format!("on {active}: "),
        None => String::new(),
    };
    let health = |name: &str, health: &Health, down: Severity| match health {
        Health::Up => None,
        Health::Down(why) => {
            let next = format!("{place}journalctl -u {name}");
            Some(problem(down, format!("{name} does not answer: {why}"), next))
        }
        Health::Unknown | Health::Elsewhere => {
            let next = format!("{place}systemctl status {name}");
            Some(problem(Severity::Unknown, format!("{name} could not be asked"), next))
        }
    };
    [
        health("slurmctld", &daemons.slurmctld, Severity::Down),
        health("slurmdbd", &daemons.slurmdbd, Severity::Degraded),
        health("mariadb", &daemons.mariadb, Severity::Degraded),
    ]
    .into_iter()
    .flatten()
    .collect()
}

pub(super) fn resources(view: &View<'_>, status: &Status) -> Vec<Problem> {
    let place = somewhere(view, status);
    let resources = match &status.resources {
        Reading::Known(resources) => resources,
        Reading::Unknown(why) => {
            let text = format!("Pacemaker's resources are not known: {why}");
            return vec![problem(Severity::Unknown, text, format!("on {place}: crm_mon -1"))];
        }
    };
    let expected =
        ACTIVE_RESOURCES.iter().map(|id| (*id).to_owned()).chain(fence_devices(view, status));
    let mut found: Vec<Problem> =
        expected.filter_map(|id| not_started(resources, &id, &place)).collect();
    found.extend(drbd(view, resources, &place));
    found.extend(resources.iter().filter_map(|resource| marked(resource, &place)));
    for failure in &status.failures {
        let reason = if failure.reason.is_empty() { &failure.status } else { &failure.reason };
        let text = format!("{} failed on {}: {reason}", failure.operation, failure.node);
        let resource = failure.operation.rsplitn(3, '_').last().unwrap_or_default();
        let next = format!("look into it, then on {place}: crm_resource --cleanup -r {resource}");
        found.push(problem(Severity::Degraded, text, next));
    }
    let away = status.machines.iter().any(|machine| status.is_offline(machine.name.as_str()));
    // DRBD's own constraint goes when the machine that is away is back.
    let explained = |ban: &&String| away && ban.starts_with(DRBD_BAN);
    let bans = status.leftover_bans.iter().filter(|ban| !explained(ban));
    found.extend(bans.map(|ban| leftover_ban(ban, &place)));
    found
}

/// Fence devices that have a place to run: one runs on the other controller.
fn fence_devices(view: &View<'_>, status: &Status) -> Vec<String> {
    let [first, second] = &view.site.controllers;
    [(first, second), (second, first)]
        .into_iter()
        .filter(|(own, other)| own.fence.is_some() && !status.is_offline(other.name.as_str()))
        .map(|(own, _)| device_id(own))
        .collect()
}

fn not_started(resources: &[ResourceStatus], id: &str, place: &str) -> Option<Problem> {
    let Some(resource) = resources.iter().find(|resource| resource.id == id) else {
        let text = format!("{id} is not configured");
        return Some(problem(Severity::Degraded, text, "slurmha plan".to_owned()));
    };
    let started = resource.instances.iter().any(|i| i.role == "Started" && i.node.is_some());
    let role = resource.instances.first().map_or("Stopped", |i| i.role.as_str());
    (!started).then(|| {
        let text = format!("{id} is {}", role.to_lowercase());
        problem(Severity::Degraded, text, format!("on {place}: crm_mon -1rf"))
    })
}

/// One side promoted, one not; a controller that is away is told elsewhere.
fn drbd(view: &View<'_>, resources: &[ResourceStatus], place: &str) -> Option<Problem> {
    let drbd = resources.iter().find(|resource| resource.id == id::DRBD)?;
    let promoted = drbd.instances.iter().filter(|i| i.role == "Promoted").count();
    let online = view.cluster()?.nodes.iter().filter(|n| n.online && !n.standby).count();
    let running = drbd.instances.iter().filter(|i| i.node.is_some()).count();
    let text = match (promoted, running) {
        (0, _) => "DRBD is promoted nowhere".to_owned(),
        (_, running) if running < online => {
            format!("DRBD runs on {running} of {online} controllers")
        }
        _ => return None,
    };
    Some(problem(Severity::Degraded, text, format!("on {place}: crm_mon -1rf")))
}

fn marked(resource: &ResourceStatus, place: &str) -> Option<Problem> {
    let marks: Vec<&str> =
        resource.instances.iter().flat_map(|i| &i.marks).map(String::as_str).collect();
    let mark = marks.first()?;
    let next = if *mark == "unmanaged" {
        format!("on {place}: crm_resource -r {} --meta -p is-managed -v true", resource.id)
    } else {
        format!("on {place}: crm_mon -1rf")
    };
    Some(problem(Severity::Degraded, format!("{} is {mark}", resource.id), next))
}

fn leftover_ban(ban: &str, place: &str) -> Problem {
    let text = format!("a constraint is left over: {ban}");
    let next = match ban.strip_prefix("cli-ban-").and_then(|rest| rest.split_once("-on-")) {
        Some((resource, _)) => format!("on {place}: crm_resource --clear -r {resource}"),
        None => format!("on {place}: drbdadm status; it goes when DRBD is in sync"),
    };
    problem(Severity::Degraded, text, next)
}

/// States in which a node takes no jobs and will not by itself.
const BAD_NODE_STATES: [&str; 6] = ["down", "drain", "drained", "draining", "fail", "error"];

pub(super) fn compute_nodes(status: &Status) -> Vec<Problem> {
    let Reading::Known(nodes) = &status.nodes else { return Vec::new() };
    let bad = |state: &str| {
        let word = state.trim_end_matches(|c: char| !c.is_ascii_alphabetic());
        BAD_NODE_STATES.contains(&word) || state.ends_with('*')
    };
    nodes
        .iter()
        .filter(|(state, _)| bad(state))
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
        found.push(problem(Severity::Degraded, text, "slurmha plan".to_owned()));
    }
    // Only the latest word on each machine counts: an attempt that failed and
    // was followed by one that worked is history.
    let mut seen = Vec::new();
    for event in &status.fencing {
        if seen.contains(&&event.target) {
            continue;
        }
        seen.push(&event.target);
        if event.status != "success" {
            let text = format!("fencing of {} ({}): {}", event.target, event.action, event.status);
            let place = somewhere(view, status);
            let next = format!("on {place}: stonith_admin --history {} --verbose", event.target);
            found.push(problem(Severity::Degraded, text, next));
        }
    }
    found
}
