// SPDX-License-Identifier: Apache-2.0
//! What a gateway has: WireGuard, a key of its own, and rules.

use super::{Want, enabled, gone, packages, running};
use crate::layout::{
    VPN_METRICS_TIMER, VPN_METRICS_TIMER_FILE, VPN_PEERS_FILE, VPN_PEERS_UNIT, VPN_PEERS_UNIT_FILE,
    VPN_RULES_FILE, VPN_SCRIPT, VPN_UNIT, VPN_UNIT_FILE,
};
use crate::plan::Stage;
use crate::render::vpn::{interface_unit, metrics_units, peers, peers_unit, rules, script};
use crate::secret::SecretId;
use crate::site::{Machine, Role, Site};

pub(super) fn wants(site: &Site, machine: &Machine) -> Vec<(Stage, Want)> {
    let Some(vpn) = &site.vpn else { return Vec::new() };
    let Some(gateway) = vpn.gateway(&machine.name) else { return Vec::new() };
    let key = SecretId::VpnKey.location().path;
    let key = key.to_string_lossy();
    let read_by_peers =
        [VPN_PEERS_UNIT_FILE, VPN_SCRIPT, VPN_RULES_FILE, VPN_PEERS_FILE, key.as_ref()];
    let files =
        [rules(site, vpn), peers(vpn), script(vpn, gateway), interface_unit(vpn), peers_unit()];
    let mut wants = vec![(Stage::Base, packages(&["nftables", "wireguard-tools"]))];
    wants.extend(files.map(|file| (Stage::Base, Want::File(file))));
    wants.push((Stage::Secrets, Want::Secret(SecretId::VpnKey)));
    wants.extend(
        [
            enabled(VPN_UNIT),
            running(VPN_UNIT, &[VPN_UNIT_FILE]),
            enabled(VPN_PEERS_UNIT),
            running(VPN_PEERS_UNIT, &read_by_peers),
        ]
        .map(|want| (Stage::Services, want)),
    );
    wants.extend(metrics(site));
    wants
}

/// Who is connected, for a site that looks.
fn metrics(site: &Site) -> Vec<(Stage, Want)> {
    let Some(monitoring) = &site.monitoring else {
        return gone(Stage::Services, &[VPN_METRICS_TIMER]);
    };
    let files = metrics_units(monitoring.interval).map(|file| (Stage::Base, Want::File(file)));
    let timer = [enabled(VPN_METRICS_TIMER), running(VPN_METRICS_TIMER, &[VPN_METRICS_TIMER_FILE])];
    files.into_iter().chain(timer.map(|want| (Stage::Services, want))).collect()
}

/// A machine that is no gateway any more lets nobody in.
pub(super) fn no_gateway(machine: &Machine) -> Vec<(Stage, Want)> {
    if machine.roles.contains(&Role::Gateway) {
        return Vec::new();
    }
    gone(Stage::Services, &[VPN_METRICS_TIMER, VPN_PEERS_UNIT, VPN_UNIT])
}
