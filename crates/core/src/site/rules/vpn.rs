// SPDX-License-Identifier: Apache-2.0
//! Who comes in from outside, and where.

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

use super::networks::{check_width, is_usable};
use crate::layout::ALERTMANAGER_MESH_PORT;
use crate::site::diagnostic::{Diagnostic, Span};
use crate::site::fragment::Fragment;
use crate::site::fragments::{SiteFile, Vpn, VpnGateway, VpnPeer, items};
use crate::site::model::gateway_address;
use crate::site::reader::Report;
use crate::site::rule::{self, Rule};
use crate::site::spanned::Spanned;
use crate::site::value::HostName;

pub(super) fn check(file: &SiteFile, report: &mut Report) {
    let Some(vpn) = &file.vpn else { return };
    if let Some(network) = &vpn.network {
        check_width(network, "the gateways' own is one of them", report);
        check_overlap(file, network, report);
    }
    check_port(vpn, report);
    check_mesh(file, vpn, report);
    check_gateway_count(vpn, report);
    check_endpoints(vpn, report);
    check_way(file, vpn, report);
    check_peers(vpn, report);
    check_console(file, vpn, report);
}

/// A way to nowhere is a mistake of the file.
fn check_console(file: &SiteFile, vpn: &Vpn, report: &mut Report) {
    if let Some(console) = vpn.console.as_ref().filter(|console| console.value)
        && file.console.is_none()
        && file.lacks("console")
    {
        report.push(Diagnostic::new(
            &rule::VPN_CONSOLE,
            console.span.clone(),
            "people shall reach the console, and the site has none",
            "add a section [console], or remove the line",
        ));
    }
}

/// A packet for an address of two networks goes to one of them by accident.
fn check_overlap(file: &SiteFile, own: &Spanned<Ipv4Net>, report: &mut Report) {
    let Some(network) = &file.network else { return };
    let others =
        [(&network.cluster, "cluster network"), (&network.replication, "replication network")];
    for (other, what) in others.into_iter().filter_map(|(net, what)| Some((net.as_ref()?, what))) {
        if own.contains(&other.value) || other.contains(&own.value) {
            report.push(
                Diagnostic::new(
                    &rule::VPN_NETWORK_OVERLAPS,
                    own.span.clone(),
                    format!("the VPN's network {} overlaps the {what} {}", own.value, other.value),
                    "give the people's machines a private network that nothing else has, such as \
                     10.99.0.0/24",
                )
                .related(other.span.clone(), format!("the {what}")),
            );
        }
    }
}

fn check_port(vpn: &Vpn, report: &mut Report) {
    let Some(port) = vpn.port.as_ref().filter(|port| !(1..=65535).contains(&port.value)) else {
        return;
    };
    report.push(Diagnostic::new(
        &rule::NUMBER_OUT_OF_RANGE,
        port.span.clone(),
        format!("{} is no UDP port", port.value),
        "write a number from 1 to 65535, or remove the line: 51820",
    ));
}

/// The Alertmanagers of two monitoring hosts tell each other by UDP, too, what they have told.
fn check_mesh(file: &SiteFile, vpn: &Vpn, report: &mut Report) {
    let is_mesh = |port: &&Spanned<u64>| port.value == u64::from(ALERTMANAGER_MESH_PORT);
    let Some(port) = vpn.port.as_ref().filter(is_mesh) else { return };
    let hosts = items(file.monitoring.as_ref().and_then(|it| it.host.as_ref()));
    if hosts.len() < 2 {
        return;
    }
    let gateways = items(vpn.gateway.as_ref()).iter().filter_map(|it| it.name.as_ref());
    let watching: Vec<&str> =
        hosts.iter().filter_map(|it| it.name.as_ref()).map(|name| name.0.as_str()).collect();
    let shared =
        |name: &&Spanned<HostName>| watching.iter().any(|it| it.eq_ignore_ascii_case(&name.0));
    if let Some(name) = gateways.into_iter().find(shared) {
        report.push(
            Diagnostic::new(
                &rule::VPN_PORT,
                port.span.clone(),
                format!("the VPN cannot listen at port {}: Alertmanager has it there", port.value),
                "write another one, or remove the line: 51820",
            )
            .related(name.span.clone(), "a monitoring host, too"),
        );
    }
}

fn check_gateway_count(vpn: &Spanned<Vpn>, report: &mut Report) {
    let gateways = items(vpn.gateway.as_ref());
    let unread = vpn.gateway.is_none() && !vpn.lacks("gateway");
    if unread || (1..=2).contains(&gateways.len()) {
        return;
    }
    let span = gateways.get(2).map_or(vpn.span.clone(), |third| third.span.clone());
    let help = match gateways.len() {
        0 => {
            "name a machine, such as a login node:\n[[vpn.gateway]]\nname = \"login1\"\n\
              address = \"...\""
        }
        _ => "keep two: when one is down, people come in by the other",
    };
    let message = format!("one or two machines let people in, not {}", gateways.len());
    report.push(Diagnostic::new(&rule::VPN_GATEWAY_COUNT, span, message, help));
}

/// Each gateway has a key of its own: behind a shared name, half of the
/// attempts would meet the wrong one.
fn check_endpoints(vpn: &Spanned<Vpn>, report: &mut Report) {
    let gateways = items(vpn.gateway.as_ref());
    let dialled = |gateway: &Spanned<VpnGateway>| {
        let own = gateway.endpoint.as_ref().or(vpn.endpoint.as_ref())?;
        Some((own.0.to_ascii_lowercase(), own.span.clone()))
    };
    for gateway in gateways {
        if gateway.lacks("endpoint") && vpn.lacks("endpoint") {
            report.push(Diagnostic::new(
                &rule::VPN_ENDPOINT,
                gateway.span.clone(),
                "nothing says how this gateway is reached from outside",
                "add `endpoint`, the address or name that clients dial, here or in [vpn]",
            ));
        }
    }
    let [first, second, ..] = gateways else { return };
    let (Some((one, place)), Some((other, span))) = (dialled(first), dialled(second)) else {
        return;
    };
    if one == other {
        let at = if span == place { second.span.clone() } else { span };
        report.push(
            Diagnostic::new(
                &rule::VPN_SHARED_ENDPOINT,
                at,
                format!("both gateways are reached as {one}, and each has a key of its own"),
                "give each [[vpn.gateway]] an `endpoint` of its own",
            )
            .related(place, "the same"),
        );
    }
}

/// What is for the cluster network goes into the tunnel, and the tunnel's own packets would. To
/// the replication network nothing leads from outside.
fn check_way(file: &SiteFile, vpn: &Vpn, report: &mut Report) {
    let network = file.network.as_ref();
    let inside = [
        (
            network.and_then(|it| it.cluster.as_ref()),
            "the tunnel would lead through itself",
            "what goes through the tunnel",
        ),
        (
            network.and_then(|it| it.replication.as_ref()),
            "nothing leads there from outside",
            "the controllers' own network",
        ),
    ];
    let gateways = items(vpn.gateway.as_ref()).iter().map(|gateway| gateway.endpoint.as_ref());
    for endpoint in gateways.chain([vpn.endpoint.as_ref()]).flatten() {
        let Ok(address) = endpoint.0.parse::<Ipv4Addr>() else { continue };
        let around = |net: &Option<&Spanned<Ipv4Net>>| net.is_some_and(|it| it.contains(&address));
        let found = inside.iter().find(|(net, ..)| around(net));
        let Some((Some(network), why, what)) = found else { continue };
        report.push(
            Diagnostic::new(
                &rule::VPN_ENDPOINT,
                endpoint.span.clone(),
                format!("{} is inside: {why}", endpoint.0),
                "write the address or name by which the gateway is reached from outside",
            )
            .related(network.span.clone(), *what),
        );
    }
}

fn check_peers(vpn: &Vpn, report: &mut Report) {
    let peers = items(vpn.peer.as_ref());
    for (index, peer) in peers.iter().enumerate() {
        let earlier = &peers[..index];
        check_address(vpn, peer, report);
        let name = |peer: &VpnPeer| peer.name.as_ref().map(|it| (it.0.clone(), it.span.clone()));
        twice(peer, earlier, name, &DUPLICATE_NAME, report);
        let key = |peer: &VpnPeer| {
            peer.public_key.as_ref().map(|it| (it.as_str().to_owned(), it.span.clone()))
        };
        twice(peer, earlier, key, &DUPLICATE_KEY, report);
        let address =
            |peer: &VpnPeer| peer.address.as_ref().map(|it| (it.to_string(), it.span.clone()));
        twice(peer, earlier, address, &DUPLICATE_ADDRESS, report);
    }
}

/// What is said about a value that two peers have.
struct Twice {
    rule: &'static Rule,
    message: &'static str,
    help: &'static str,
}

const DUPLICATE_NAME: Twice = Twice {
    rule: &rule::DUPLICATE_PEER,
    message: "two peers have this name",
    help: "give each machine a name of its own: `slurmha vpn revoke NAME` has to mean one",
};

const DUPLICATE_KEY: Twice = Twice {
    rule: &rule::DUPLICATE_PUBLIC_KEY,
    message: "two peers have this key",
    help: "make a pair of keys on each machine: WireGuard would take both for one, and give it one of \
           the addresses",
};

const DUPLICATE_ADDRESS: Twice = Twice {
    rule: &rule::DUPLICATE_PEER_ADDRESS,
    message: "two peers have this address",
    help: "give each an address of its own: WireGuard would take it from the first, in silence",
};

fn twice(
    peer: &VpnPeer,
    earlier: &[Spanned<VpnPeer>],
    value: impl Fn(&VpnPeer) -> Option<(String, Span)>,
    said: &Twice,
    report: &mut Report,
) {
    let Some((own, span)) = value(peer) else { return };
    let first = earlier.iter().filter_map(|peer| value(peer)).find(|(other, _)| *other == own);
    if let Some((_, first)) = first {
        report.push(
            Diagnostic::new(said.rule, span, said.message, said.help)
                .related(first, "the other one"),
        );
    }
}

fn check_address(vpn: &Vpn, peer: &VpnPeer, report: &mut Report) {
    let (Some(network), Some(address)) = (&vpn.network, &peer.address) else { return };
    let Some(wrong) = misplaced(address.value, network.value) else { return };
    report.push(
        Diagnostic::new(
            &rule::PEER_ADDRESS,
            address.span.clone(),
            format!("{} {wrong}", address.value),
            format!("use an address of {}; `slurmha vpn add` finds a free one", network.value),
        )
        .related(network.span.clone(), "the VPN's network"),
    );
}

fn misplaced(address: Ipv4Addr, network: Ipv4Net) -> Option<&'static str> {
    if !network.contains(&address) {
        Some("is not in the VPN's network")
    } else if !is_usable(address, network) {
        Some("is the first or last address of the VPN's network and belongs to no machine")
    } else if address == gateway_address(network) {
        Some("is the gateways' own address")
    } else {
        None
    }
}
