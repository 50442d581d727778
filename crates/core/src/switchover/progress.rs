// SPDX-License-Identifier: Apache-2.0
//! How far a move has come.

use super::choose::is_in_sync;
use crate::observe::{ClusterResource, ClusterStatus, DrbdStatus};
use crate::render::cib::{ACTIVE_RESOURCES, id};

/// What already runs on the target, in Pacemaker's order of starting.
pub fn arrived(status: &ClusterStatus, to: &str) -> Vec<String> {
    let here = |resource: &ClusterResource| resource.node.as_deref() == Some(to);
    let promoted =
        status.resources.iter().any(|r| r.id == id::DRBD && r.role == "Promoted" && here(r));
    let drbd = promoted.then(|| id::DRBD.to_owned());
    let started = ACTIVE_RESOURCES.into_iter().filter(|id| started_on(status, id).contains(&to));
    drbd.into_iter().chain(started.map(str::to_owned)).collect()
}

/// What is missing until the target runs everything and the old side is
/// DRBD's secondary; nothing when all is there.
pub fn missing(status: &ClusterStatus, from: &str, to: &str) -> Option<String> {
    let role = |node: &str| {
        let drbd =
            status.resources.iter().find(|r| r.id == id::DRBD && r.node.as_deref() == Some(node));
        drbd.map_or("Stopped", |drbd| drbd.role.as_str())
    };
    let mut missing = Vec::new();
    for (node, wanted) in [(to, "Promoted"), (from, "Unpromoted")] {
        if role(node) != wanted {
            missing.push(format!("DRBD is {} on {node}", role(node).to_lowercase()));
        }
    }
    let absent: Vec<&str> =
        ACTIVE_RESOURCES.into_iter().filter(|id| started_on(status, id) != [to]).collect();
    if !absent.is_empty() {
        missing.push(format!("not yet on {to}: {}", absent.join(", ")));
    }
    (!missing.is_empty()).then(|| missing.join("; "))
}

/// What has failed since the order: there was no failure on record before.
pub fn failures(status: &ClusterStatus) -> Vec<String> {
    let failures = status.failures.iter();
    failures
        .map(|failure| {
            let reason = if failure.reason.is_empty() { &failure.status } else { &failure.reason };
            format!("{} failed on {}: {reason}", failure.operation, failure.node)
        })
        .collect()
}

/// From which side DRBD is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The one that the role has to leave.
    Source,
    /// The one that it moves to.
    Target,
}

/// Why DRBD would not survive the next failure after the move, seen from that
/// side; nothing when it would.
pub fn replicates(side: &DrbdStatus, from: Side) -> Option<String> {
    let wanted = match from {
        Side::Source => ("Secondary", "Primary"),
        Side::Target => ("Primary", "Secondary"),
    };
    if (side.role.as_str(), side.peer_role.as_str()) == wanted && is_in_sync(side) {
        return None;
    }
    let DrbdStatus { role, peer_role, connection, .. } = side;
    Some(format!("DRBD is {role}, its peer {peer_role}, the connection {connection}"))
}

fn started_on<'a>(status: &'a ClusterStatus, resource: &str) -> Vec<&'a str> {
    let instances = status.resources.iter().filter(|r| r.id == resource && !r.failed);
    instances.filter(|r| r.role == "Started").filter_map(|r| r.node.as_deref()).collect()
}
