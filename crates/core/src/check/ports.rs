// SPDX-License-Identifier: Apache-2.0
//! Ports that the cluster needs, taken by somebody else.

use super::{Finding, Seen};
use crate::layout::{
    ALERTMANAGER_MESH_PORT, ALERTMANAGER_PORT, DRBD_PORT, DURABLE_PORT, EXPORTER_PORT,
    NODE_EXPORTER_PORT, PROMETHEUS_PORT,
};
use crate::observe::Reading;
use crate::site::{Role, Site};

/// Port, whose it is (the program's name begins so), and on which machines.
/// Sources: slurm.conf(5), corosync-qnetd(8); Corosync's own are UDP.
const PORTS: [(u16, &str, Role); 4] = [
    (6817, "slurmctld", Role::Controller),
    (6819, "slurmdbd", Role::Controller),
    (6818, "slurmd", Role::Compute),
    (5403, "corosync-qnetd", Role::Arbiter),
];

/// With `[monitoring]`; the node exporter's is on every machine.
const MONITORING: [(u16, &str, Role); 4] = [
    (EXPORTER_PORT, "slurmha", Role::Controller),
    (PROMETHEUS_PORT, "prometheus", Role::Monitoring),
    (ALERTMANAGER_PORT, "prometheus-alertmanager", Role::Monitoring),
    (ALERTMANAGER_MESH_PORT, "prometheus-alertmanager", Role::Monitoring),
];
const NODE_EXPORTER: (u16, &str) = (NODE_EXPORTER_PORT, "prometheus-node-exporter");

/// With `durable_submit`.
const DURABLE: (u16, &str, Role) = (DURABLE_PORT, "slurmha", Role::Controller);

/// The ports that a machine of this site needs, with their owners.
fn ports(site: &Site, seen: &Seen<'_>) -> impl Iterator<Item = (u16, &'static str)> {
    let durable = site.durable_submit.is_offered().then_some(DURABLE);
    let watched = site.monitoring.is_some();
    let monitoring = MONITORING.into_iter().filter(move |_| watched);
    let grafana = site.monitoring.as_ref().and_then(|monitoring| monitoring.grafana.as_ref());
    let grafana = grafana.filter(|_| seen.is(Role::Monitoring));
    let grafana = grafana.map(|grafana| (grafana.port, "grafana-server"));
    let exporter = (EXPORTER_PORT, "slurmha", Role::Controller);
    let console = site.console.iter().flat_map(move |console| {
        let on = |role| (console.port, "slurmha", role);
        [on(Role::Controller), on(Role::Monitoring)]
            .into_iter()
            .chain((!watched).then_some(exporter))
    });
    let portal = site.portal.as_ref().filter(|portal| portal.is_on(seen.name()));
    let portal = portal.map(|portal| (portal.port, "slurmha"));
    let ondemand = site.ondemand.as_ref().filter(|ondemand| ondemand.is_on(seen.name()));
    let ondemand = ondemand.map(|ondemand| (ondemand.port, "apache2"));
    let by_role = PORTS.into_iter().chain(monitoring).chain(durable).chain(console);
    by_role
        .filter(|(_, _, role)| seen.is(*role))
        .map(|(port, owner, _)| (port, owner))
        .chain(watched.then_some(NODE_EXPORTER))
        .chain(grafana)
        .chain(portal)
        .chain(ondemand)
}

pub(super) fn check(site: &Site, seen: &[Seen<'_>]) -> Vec<Finding> {
    seen.iter().filter_map(|seen| finding(site, seen)).collect()
}

fn finding(site: &Site, seen: &Seen<'_>) -> Option<Finding> {
    let listening = match &seen.observed.preflight.as_ref()?.listening {
        Reading::Known(listening) => listening,
        Reading::Unknown(why) => return Some(Finding::unknown("ports", seen.name(), why.as_str())),
    };
    let taken: Vec<String> = ports(site, seen)
        .filter_map(|(port, owner)| {
            let holder = listening.get(&port)?;
            // Names in /proc are cut after 15 characters.
            let own = holder.is_empty() || owner.starts_with(holder.as_str());
            (!own).then(|| format!("{port} ({owner}) is taken by {holder}"))
        })
        .collect();
    let drbd = listening.get(&DRBD_PORT).filter(|holder| !holder.is_empty());
    let drbd = drbd.filter(|_| seen.is(Role::Controller));
    Some(match (taken.is_empty(), drbd) {
        (true, None) => Finding::pass("ports", seen.name(), "are free or the cluster's own"),
        (true, Some(holder)) => Finding::fail(
            "ports",
            seen.name(),
            format!("{DRBD_PORT} (DRBD) is taken by {holder}"),
            "stop that program or move it to another port",
        ),
        (false, _) => Finding::fail(
            "ports",
            seen.name(),
            taken.join(", "),
            "stop those programs or move them to other ports",
        ),
    })
}
