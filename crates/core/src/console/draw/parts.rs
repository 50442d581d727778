// SPDX-License-Identifier: Apache-2.0
//! What runs on the active controller.

use super::Seen;
use crate::console::picture::{Fact, Part, PartState, Tone};
use crate::observe::{ClusterResource, ClusterStatus};
use crate::render::cib::id;

/// In the order in which a takeover starts them.
const PARTS: [(&str, &str); 7] = [
    (id::DRBD, "data"),
    (id::STATE, "state volume"),
    (id::DATABASE, "database volume"),
    (id::VIP, "address"),
    (id::SLURMCTLD, "scheduler"),
    (id::MARIADB, "database"),
    (id::SLURMDBD, "accounting"),
];

pub(super) fn parts(seen: &Seen<'_>) -> Vec<Part> {
    PARTS.map(|(id, name)| part(seen.cluster(), id, name)).into()
}

fn part(cluster: Option<&ClusterStatus>, id: &str, name: &str) -> Part {
    let (state, place, fact) = match cluster {
        None => (PartState::Unknown, None, Fact::unknown()),
        Some(cluster) => look(cluster, id),
    };
    Part { id: id.to_owned(), name: name.to_owned(), state, place, fact }
}

fn look(cluster: &ClusterStatus, id: &str) -> (PartState, Option<String>, Fact) {
    let wanted = if id == id::DRBD { "Promoted" } else { "Started" };
    let instances = || cluster.resources.iter().filter(|resource| resource.id == id);
    let is_there = |it: &&ClusterResource| it.role == wanted && it.node.is_some();
    let works = |it: &&ClusterResource| {
        it.node.as_ref().is_some_and(|node| takes_part(cluster, node)) && !it.failed && !it.blocked
    };
    // Where one works is what counts; what a lost machine had is the past.
    let working = instances().filter(is_there).find(works);
    let Some(instance) =
        working.or_else(|| instances().find(is_there)).or_else(|| instances().next())
    else {
        return (PartState::Down, None, Fact::new(Tone::Bad, "not configured"));
    };
    let place = instance.node.clone();
    let on = place.as_deref().unwrap_or("no machine");
    let word = instance.role.to_lowercase();
    let (state, fact) = if working.is_some() {
        (PartState::Up, Fact::new(Tone::Good, format!("{word} on {on}")))
    } else if instance.blocked {
        (PartState::Down, Fact::new(Tone::Bad, format!("blocked on {on}: it waits for a person")))
    } else if instance.failed {
        (PartState::Down, Fact::new(Tone::Bad, format!("failed on {on}")))
    } else if is_there(&instance) {
        (PartState::Down, Fact::new(Tone::Bad, format!("was on {on}, which is lost")))
    } else if matches!(&*instance.role, "Starting" | "Stopping" | "Promoting" | "Demoting") {
        (PartState::Moving, Fact::new(Tone::Notice, format!("{word} on {on}")))
    } else if id == id::DRBD {
        (PartState::Down, Fact::new(Tone::Bad, "promoted nowhere"))
    } else {
        (PartState::Down, Fact::new(Tone::Bad, word))
    };
    (state, place, fact)
}

fn takes_part(cluster: &ClusterStatus, name: &str) -> bool {
    cluster.nodes.iter().any(|node| node.name == name && node.online && !node.unclean)
}
