// SPDX-License-Identifier: Apache-2.0
//! `prometheus.yml`: whom Prometheus asks, and whom it tells.

use std::fmt::Write as _;
use std::net::Ipv4Addr;

use super::PROMETHEUS_FILE;
use crate::config_file::ConfigFile;
use crate::layout::{ALERTMANAGER_PORT, EXPORTER_PORT, NODE_EXPORTER_PORT, PROMETHEUS_PORT};
use crate::render::yaml::{list, quoted};
use crate::site::{Machine, Monitoring, Role, Site};

/// A machine that does not answer at all is given up after so many seconds.
const PATIENCE_S: u64 = 10;

/// One place that is asked: its label `instance`, its address, further labels.
type Target<'s> = (&'s str, Ipv4Addr, String);

/// Prometheus' configuration; the same on every host, so that each sees all.
///
/// Targets carry the machine's name as `instance`, which Prometheus sets to
/// the address only where it is not set. The rules stand beside this file.
pub fn prometheus(site: &Site, monitoring: &Monitoring) -> ConfigFile {
    let interval = monitoring.interval.as_secs();
    let cluster = quoted(&site.cluster_name);
    let mut text = crate::render::header("#");
    let _ = write!(
        text,
        "
global:
  scrape_interval: \"{interval}s\"
  scrape_timeout: \"{}s\"
  evaluation_interval: \"{interval}s\"
  external_labels: {{cluster: {cluster}}}

rule_files: [\"slurmha.rules.yml\"]

# Each Prometheus tells every Alertmanager; they agree on who speaks.
alerting:
  alertmanagers:
    - static_configs:
        - targets: {}

scrape_configs:
",
        interval.min(PATIENCE_S),
        list(monitoring.hosts.iter().map(|host| format!("{}:{ALERTMANAGER_PORT}", host.address)))
    );
    let machines = site.machines();
    text.push_str(&job("slurmha", EXPORTER_PORT, &controllers(&machines)));
    text.push_str(&job("node", NODE_EXPORTER_PORT, &all(&machines)));
    text.push_str(&job("prometheus", PROMETHEUS_PORT, &hosts(monitoring)));
    text.push_str(&job("alertmanager", ALERTMANAGER_PORT, &hosts(monitoring)));
    let mut file = ConfigFile::new(PROMETHEUS_FILE, text);
    file.validate = Some(["promtool", "check", "config", "{}"].map(str::to_owned).into());
    file
}

fn job(name: &str, port: u16, targets: &[Target<'_>]) -> String {
    let mut text = format!("  - job_name: {}\n    static_configs:\n", quoted(name));
    for (instance, address, labels) in targets {
        let _ = writeln!(
            text,
            "      - {{targets: [\"{address}:{port}\"], labels: {{instance: {}{labels}}}}}",
            quoted(instance)
        );
    }
    text
}

fn controllers(machines: &[Machine]) -> Vec<Target<'_>> {
    let controllers = machines.iter().filter(|machine| machine.roles.contains(&Role::Controller));
    controllers.map(|machine| (machine.name.as_str(), machine.address, String::new())).collect()
}

/// With what each machine is for: a compute node that is full or off is the
/// users' and Slurm's business.
fn all(machines: &[Machine]) -> Vec<Target<'_>> {
    let role = |machine| format!(", role: {}", quoted(first_role(machine)));
    machines.iter().map(|it| (it.name.as_str(), it.address, role(it))).collect()
}

fn hosts(monitoring: &Monitoring) -> Vec<Target<'_>> {
    let hosts = monitoring.hosts.iter();
    hosts.map(|host| (host.name.as_str(), host.address, String::new())).collect()
}

fn first_role(machine: &Machine) -> &'static str {
    match machine.roles.first() {
        Some(Role::Controller) => "controller",
        Some(Role::Arbiter) => "arbiter",
        Some(Role::Compute) => "compute",
        Some(Role::Login) => "login",
        Some(Role::Gateway) => "gateway",
        Some(Role::Monitoring) | None => "monitoring",
    }
}
