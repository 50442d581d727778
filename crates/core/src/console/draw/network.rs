// SPDX-License-Identifier: Apache-2.0
//! Links between the controllers, and the address that moves.

use super::Seen;
use crate::console::picture::{Fact, Link, Tone, Vip};
use crate::observe::LinkStatus;
use crate::render::corosync::{LINKS, node_id};
use crate::status::Member;

/// A link is whole when nobody who tells misses the other one on it.
pub(super) fn links(seen: &Seen<'_>) -> Vec<Link> {
    (0..).zip(LINKS).map(|(number, name)| link(seen, number, name)).collect()
}

fn link(seen: &Seen<'_>, number: u32, name: &str) -> Link {
    let told: Vec<Option<&LinkStatus>> = [(0, 1), (1, 0)]
        .into_iter()
        .filter_map(|(own, peer)| side(seen, own, peer, number))
        .collect();
    let connected = |link: &Option<&LinkStatus>| link.is_some_and(|link| link.connected);
    let state = if told.is_empty() {
        Fact::unknown()
    } else if told.iter().all(connected) {
        Fact::new(Tone::Good, "connected")
    } else {
        Fact::new(Tone::Bad, "cut")
    };
    let alive = told.into_iter().flatten().filter(|link| link.connected);
    let latency = alive.filter_map(|link| link.latency).max();
    let latency_ms = latency.map(|latency| u64::try_from(latency.as_millis()).unwrap_or(u64::MAX));
    Link { name: name.to_owned(), state, latency_ms }
}

/// What one side says; a link that Corosync does not know is not connected.
fn side<'a>(
    seen: &Seen<'a>,
    own: usize,
    peer: usize,
    number: u32,
) -> Option<Option<&'a LinkStatus>> {
    let links = seen.views[own]?.links.known()?;
    Some(links.iter().find(|link| link.node == node_id(peer) && link.link == number))
}

fn is_fenced(seen: &Seen<'_>, index: usize) -> bool {
    let name = seen.name(index);
    seen.cluster().is_some_and(|cluster| {
        cluster.with_quorum
            && Member::told_by(cluster, name) == Member::Offline
            && cluster
                .fencing
                .iter()
                .find(|it| it.target == name)
                .is_some_and(|it| it.has_fenced(name))
    })
}

pub(super) fn vip(seen: &Seen<'_>) -> Vip {
    let told = [0, 1].map(|index| match seen.views[index] {
        Some(view) => view.vip_present.known().copied(),
        // Proved dead, it has no address.
        None => is_fenced(seen, index).then_some(false),
    });
    let holders: Vec<String> = [0, 1]
        .into_iter()
        .filter(|&i| told[i] == Some(true))
        .map(|i| seen.name(i).to_owned())
        .collect();
    let state = match holders.as_slice() {
        [holder] => Fact::new(Tone::Good, format!("on {holder}")),
        [_, ..] => Fact::new(Tone::Bad, "on both controllers"),
        // One that is silent may still have it.
        [] if told.contains(&None) => Fact::unknown(),
        [] => Fact::new(Tone::Bad, "nowhere"),
    };
    Vip { address: seen.site.vip.to_string(), holders, state }
}
