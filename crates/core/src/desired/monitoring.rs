// SPDX-License-Identifier: Apache-2.0
//! What the monitoring has: an exporter on every machine, Prometheus and
//! Alertmanager on the monitoring hosts, and Grafana where the site asks for it.
//!
//! The hosts begin to look when the cluster is there, in the last stage: a
//! first `apply` is no outage.

use super::{Want, enabled, gone, packages, running};
use crate::config_file::ConfigFile;
use crate::layout::{EXPORTER_UNIT, EXPORTER_UNIT_FILE};
use crate::plan::Stage;
use crate::render::monitoring::{
    ALERTMANAGER_FILE, ALERTMANAGER_UNIT, GRAFANA_UNIT, Grafana, NODE_EXPORTER_UNIT,
    PROMETHEUS_FILE, PROMETHEUS_UNIT, RULES_FILE, alertmanager, grafana, node_exporter, on_a_host,
    prometheus, rules, units_of_a_host,
};
use crate::render::units;
use crate::secret::SecretId;
use crate::site::{Machine, Role, Site};

/// What every machine of a site with monitoring tells about itself.
///
/// A site without it gets nothing of Debian's taken away: the node exporter may be
/// there for a monitoring of the administrator's own.
pub(super) fn exporters(site: &Site, machine: &Machine) -> Vec<(Stage, Want)> {
    if site.monitoring.is_none() {
        let is_controller = machine.roles.contains(&Role::Controller);
        return match site.console {
            // It listens to nobody else.
            Some(_) if is_controller => cluster_exporter(machine),
            _ => no_cluster_exporter(machine),
        };
    }
    let files = node_exporter(machine.address);
    let reads = paths(&files);
    let mut wants = vec![(Stage::Base, packages(&["prometheus-node-exporter"]))];
    wants.extend(files.map(|file| (Stage::Base, Want::File(file))));
    wants.push((Stage::Services, enabled(NODE_EXPORTER_UNIT)));
    wants.push((Stage::Services, reading(NODE_EXPORTER_UNIT, &reads)));
    if machine.roles.contains(&Role::Controller) {
        wants.extend(cluster_exporter(machine));
    }
    wants
}

/// What a controller tells about the cluster.
fn cluster_exporter(controller: &Machine) -> Vec<(Stage, Want)> {
    vec![
        (Stage::Base, Want::File(units::exporter(controller.address))),
        (Stage::Membership, enabled(EXPORTER_UNIT)),
        (Stage::Membership, running(EXPORTER_UNIT, &[EXPORTER_UNIT_FILE])),
    ]
}

/// It is ours, and there for nobody else.
fn no_cluster_exporter(machine: &Machine) -> Vec<(Stage, Want)> {
    if !machine.roles.contains(&Role::Controller) {
        return Vec::new();
    }
    gone(Stage::Membership, &[EXPORTER_UNIT])
}

/// A machine that is no host any more tells nobody anything: it would go by
/// the machines and rules of the day on which it was one. In the stage in which
/// another one begins.
pub(super) fn no_host(machine: &Machine) -> Vec<(Stage, Want)> {
    if machine.roles.contains(&Role::Monitoring) {
        return Vec::new();
    }
    let units = units_of_a_host().into_iter();
    units
        .map(|(unit, ours)| (Stage::Nodes, Want::Retired { unit: unit.to_owned(), ours }))
        .collect()
}

/// What a monitoring host has.
pub(super) fn wants(site: &Site, machine: &Machine) -> Vec<(Stage, Want)> {
    let Some(monitoring) = &site.monitoring else { return Vec::new() };
    let Some(host) = monitoring.hosts.iter().find(|host| host.name == machine.name) else {
        return Vec::new();
    };
    let daemons = on_a_host(monitoring, host);
    let [prometheus_options, prometheus_unit, alertmanager_options, alertmanager_unit] =
        daemons.each_ref().map(|file| file.path.to_string_lossy().into_owned());
    let mut wants = vec![(Stage::Base, packages(&["prometheus", "prometheus-alertmanager"]))];
    wants.extend(daemons.map(|file| (Stage::Base, Want::File(file))));
    // The rules first: promtool follows the configuration to them.
    wants.push((Stage::Base, Want::File(rules(site, monitoring))));
    wants.push((Stage::Base, Want::File(prometheus(site, monitoring))));
    wants.extend(monitoring.secrets().into_iter().map(|id| (Stage::Secrets, Want::Secret(id))));
    wants.push((Stage::Secrets, Want::File(alertmanager(monitoring))));
    let read_by_prometheus =
        [RULES_FILE.to_owned(), PROMETHEUS_FILE.to_owned(), prometheus_options, prometheus_unit];
    let read_by_alertmanager =
        [ALERTMANAGER_FILE.to_owned(), alertmanager_options, alertmanager_unit];
    wants.extend(
        [
            enabled(ALERTMANAGER_UNIT),
            reading(ALERTMANAGER_UNIT, &read_by_alertmanager),
            enabled(PROMETHEUS_UNIT),
            reading(PROMETHEUS_UNIT, &read_by_prometheus),
        ]
        .map(|want| (Stage::Nodes, want)),
    );
    if let Some(wanted) = &monitoring.grafana {
        wants.extend(dashboards(grafana(wanted, monitoring, host)));
    }
    wants
}

/// What a host has for Grafana, last of all: it comes from a repository outside, and
/// neither the cluster nor its alerts wait for that.
fn dashboards(grafana: Grafana) -> Vec<(Stage, Want)> {
    let Grafana { unit, configuration, dashboards } = grafana;
    let reads = [paths(&configuration), paths(std::slice::from_ref(&unit))].concat();
    let mut wants = vec![
        (Stage::Base, Want::File(unit)),
        (Stage::Secrets, Want::Secret(SecretId::GrafanaPassword)),
        (Stage::Nodes, packages(&["grafana"])),
    ];
    let files = configuration.into_iter().chain(dashboards);
    wants.extend(files.map(|file| (Stage::Nodes, Want::File(file))));
    wants.push((Stage::Nodes, enabled(GRAFANA_UNIT)));
    wants.push((Stage::Nodes, reading(GRAFANA_UNIT, &reads)));
    wants
}

fn paths(files: &[ConfigFile]) -> Vec<String> {
    files.iter().map(|file| file.path.to_string_lossy().into_owned()).collect()
}

fn reading(unit: &str, files: &[String]) -> Want {
    running(unit, &files.iter().map(String::as_str).collect::<Vec<_>>())
}
