// SPDX-License-Identifier: Apache-2.0
//! The two networks and the VIP.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

use super::roster::mentions;
use crate::site::diagnostic::Diagnostic;
use crate::site::fragments::SiteFile;
use crate::site::reader::Report;
use crate::site::rule;
use crate::site::spanned::Spanned;

pub(super) fn check(file: &SiteFile, report: &mut Report) {
    let Some(network) = &file.network else { return };
    if let Some(cluster) = &network.cluster {
        check_width(cluster, "the controllers and the VIP need three", report);
    }
    if let (Some(cluster), Some(replication)) = (&network.cluster, &network.replication) {
        check_overlap(cluster, replication, report);
    }
    let vip = file.cluster.as_ref().and_then(|cluster| cluster.vip.as_ref());
    if let (Some(vip), Some(cluster)) = (vip, &network.cluster) {
        check_vip(file, vip, cluster, report);
    }
}

/// The narrowest network that has addresses for more than the two ends of a cable.
const NARROWEST: u8 = 29;

/// Refuses a network that is no wider than a cable needs; `why` says what else is on it.
pub(super) fn check_width(network: &Spanned<Ipv4Net>, why: &str, report: &mut Report) {
    let width = network.prefix_len();
    if width <= NARROWEST {
        return;
    }
    report.push(Diagnostic::new(
        &rule::INVALID_NETWORK,
        network.span.clone(),
        format!("a /{width} network cannot be used here: it has two addresses, and {why}"),
        format!("use a width from /8 to /{NARROWEST}"),
    ));
}

fn check_overlap(cluster: &Spanned<Ipv4Net>, replication: &Spanned<Ipv4Net>, report: &mut Report) {
    if cluster.contains(&replication.value) || replication.contains(&cluster.value) {
        report.push(
            Diagnostic::new(
                &rule::OVERLAPPING_NETWORKS,
                replication.span.clone(),
                format!(
                    "the replication network {} overlaps the cluster network {}",
                    replication.value, cluster.value
                ),
                "give DRBD's link a network of its own, on other network cards: when both links \
                 are one, one cable parts the controllers",
            )
            .related(cluster.span.clone(), "the cluster network"),
        );
    }
}

fn check_vip(
    file: &SiteFile,
    vip: &Spanned<Ipv4Addr>,
    cluster: &Spanned<Ipv4Net>,
    report: &mut Report,
) {
    let mentions = mentions(file);
    let owner = mentions.iter().find(|m| m.address.is_some_and(|(a, _)| a == vip.value));
    let diagnostic = if let Some((owner, (_, span))) = owner.and_then(|m| Some((m, m.address?))) {
        Diagnostic::new(
            &rule::VIP_IS_A_MACHINE,
            vip.span.clone(),
            format!("the VIP {} is the address of {}", vip.value, owner.shown()),
            String::new(),
        )
        .related(span.clone(), "the same address")
    } else if !cluster.contains(&vip.value) {
        let message = format!("the VIP {} is not in the cluster network", vip.value);
        Diagnostic::new(&rule::VIP_OUTSIDE_NETWORK, vip.span.clone(), message, String::new())
            .related(cluster.span.clone(), "the cluster network")
    } else if !is_usable(vip.value, cluster.value) {
        let message =
            format!("the VIP {} is the first or last address of {}", vip.value, cluster.value);
        Diagnostic::new(&rule::ADDRESS_NOT_USABLE, vip.span.clone(), message, String::new())
    } else {
        return;
    };
    let taken = mentions.iter().filter_map(|m| Some(m.address?.0)).collect();
    let help = match free_address(cluster.value, &taken) {
        Some(free) => format!("use an address that nobody has, such as {free}"),
        None => format!("{} has no free address; use a wider network", cluster.value),
    };
    report.push(Diagnostic { help, ..diagnostic });
}

/// Whether a machine can have that address of the network: the first is the
/// network's own, the last its broadcast address.
pub(super) fn is_usable(address: Ipv4Addr, network: Ipv4Net) -> bool {
    address != network.network() && address != network.broadcast()
}

fn free_address(network: Ipv4Net, taken: &BTreeSet<Ipv4Addr>) -> Option<Ipv4Addr> {
    // Not the very first one, which is often the router.
    let above = taken.first().copied().filter(|first| network.contains(first));
    let mut free = network.hosts().filter(|address| !taken.contains(address));
    free.find(|address| above.is_none_or(|first| *address > first))
}
