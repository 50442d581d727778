// SPDX-License-Identifier: Apache-2.0
//! Corosync's votes and links, as this controller sees them.

use super::CorosyncAnswer;
use super::family::Family;
use crate::observe::LinkStatus;
use crate::render::corosync::{LINKS, node_id};
use crate::site::{NodeName, Site};

pub(super) fn families(site: &Site, own: &NodeName, answer: &CorosyncAnswer) -> Vec<Family> {
    let quorum = answer.quorum.known();
    let qdevice = Family::gauge("slurmha_corosync_qdevice_vote", "Whether the arbiter votes.");
    let mut all = vec![
        Family::gauge("slurmha_corosync_quorate", "Whether this partition has quorum.")
            .of(quorum.map(|quorum| quorum.quorate)),
        Family::gauge("slurmha_corosync_votes", "Votes that are present.")
            .of(quorum.map(|quorum| quorum.total_votes)),
        Family::gauge("slurmha_corosync_expected_votes", "Votes that are expected.")
            .of(quorum.map(|quorum| quorum.expected_votes)),
        match &site.arbiter {
            // An arbiter that is not registered does not vote.
            Some(_) => qdevice.of(quorum.map(|quorum| quorum.qdevice.unwrap_or(false))),
            None => qdevice,
        },
        Family::counter(
            "slurmha_corosync_token_losses_total",
            "Times that the token did not come round in its time, since Corosync started.",
        )
        .of(answer.token_losses.known().copied()),
    ];
    all.extend(links(site, own, answer.links.known().map(Vec::as_slice)));
    all
}

fn links(site: &Site, own: &NodeName, links: Option<&[LinkStatus]>) -> [Family; 3] {
    let mut connected = Family::gauge(
        "slurmha_corosync_link_connected",
        "Whether the other controller answers on this link.",
    );
    let mut latency = Family::gauge(
        "slurmha_corosync_link_latency_seconds",
        "Mean time of the other controller's answers on this link.",
    );
    let mut downs = Family::counter(
        "slurmha_corosync_link_downs_total",
        "Times that the link was not connected, since Corosync started; the first connection is one.",
    );
    for (index, peer) in site.controllers.iter().enumerate().filter(|(_, it)| it.name != *own) {
        for (number, name) in (0..).zip(LINKS) {
            let labels = [("link", name), ("node", peer.name.as_str())];
            let is_it = |it: &&LinkStatus| it.node == node_id(index) && it.link == number;
            let link = links.map(|links| links.iter().find(is_it));
            // One that Corosync does not know is not connected.
            connected =
                connected.with(&labels, link.map(|link| link.is_some_and(|it| it.connected)));
            // What a dead link keeps is the past.
            let alive = link.flatten().filter(|link| link.connected);
            latency = latency.with(&labels, alive.and_then(|link| link.latency));
            downs = downs.with(&labels, link.flatten().map(|link| link.downs));
        }
    }
    [connected, latency, downs]
}
