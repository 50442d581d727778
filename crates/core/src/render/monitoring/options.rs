// SPDX-License-Identifier: Apache-2.0
//! How the daemons are called, and what systemd is told about them.
//!
//! They listen on the machine's address in the cluster network and nowhere
//! else. That address may come later than they start, and a daemon that
//! cannot listen ends at once: five such ends within ten seconds, and systemd
//! gives a unit of Debian's up (`StartLimitBurst`, systemd.unit(5)). So they
//! wait for the network, and are started again until it works.

use std::net::Ipv4Addr;
use std::path::PathBuf;

use super::super::units::{GOES_LAST, drop_in, drop_in_path};
use crate::config_file::ConfigFile;
use crate::layout::{
    ALERTMANAGER_MESH_PORT, ALERTMANAGER_PORT, NODE_EXPORTER_PORT, PROMETHEUS_PORT,
};
use crate::site::{Monitoring, MonitoringHost};

/// Prometheus' unit.
pub const PROMETHEUS_UNIT: &str = "prometheus.service";
/// Alertmanager's unit.
pub const ALERTMANAGER_UNIT: &str = "prometheus-alertmanager.service";
/// The node exporter's unit.
pub const NODE_EXPORTER_UNIT: &str = "prometheus-node-exporter.service";

pub(super) const RETRY: &str = "\
[Unit]
Wants=network-online.target
After=network-online.target
StartLimitIntervalSec=0

[Service]
Restart=always
RestartSec=2
";

/// Debian confines Prometheus and not these two. The node exporter sees the
/// machine's mounts, so it gets none of its own.
const NO_RIGHTS: &str = "NoNewPrivileges=yes\nCapabilityBoundingSet=\n";
const SANDBOX: &str = "\
ProtectSystem=strict
ReadWritePaths=/var/lib/prometheus/alertmanager
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
ProtectControlGroups=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=yes
RestrictSUIDSGID=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
SystemCallArchitectures=native
";

/// The node exporter's options and its drop-in.
///
/// systemd is asked about the units that slurmha looks after only: a machine
/// has hundreds, with five states each.
pub fn node_exporter(address: Ipv4Addr) -> [ConfigFile; 2] {
    const UNITS: &str = "(slurmha.*|slurmctld|slurmdbd|slurmd|mariadb|munge|chrony|corosync.*|\
                         pacemaker|prometheus.*|grafana-server)[.](service|timer|path|socket)";
    /// Each of these is one connection: a series of its own, and gone.
    const BRIEF: &str = "slurmha-(portal-session|console-action)@.*";
    [
        options(
            "prometheus-node-exporter",
            &[
                format!("--web.listen-address={address}:{NODE_EXPORTER_PORT}"),
                "--collector.systemd".to_owned(),
                format!("--collector.systemd.unit-include={UNITS}"),
                format!("--collector.systemd.unit-exclude={BRIEF}"),
            ],
        ),
        drop_in("prometheus-node-exporter", &format!("{RETRY}{GOES_LAST}{NO_RIGHTS}")),
    ]
}

/// Options and drop-ins of Prometheus and Alertmanager on one host.
pub fn on_a_host(monitoring: &Monitoring, host: &MonitoringHost) -> [ConfigFile; 4] {
    let address = host.address;
    [
        options(
            "prometheus",
            &[
                format!("--web.listen-address={address}:{PROMETHEUS_PORT}"),
                format!("--web.external-url=http://{address}:{PROMETHEUS_PORT}/"),
                format!("--storage.tsdb.retention.time={}", monitoring.retention),
            ],
        ),
        drop_in("prometheus", RETRY),
        options("prometheus-alertmanager", &alertmanager(monitoring, address)),
        drop_in("prometheus-alertmanager", &format!("{RETRY}{NO_RIGHTS}{SANDBOX}")),
    ]
}

/// What makes a machine a host, with the file by which it is known that
/// slurmha has set it up: both are Debian's, and may serve a monitoring of the
/// administrator's own.
pub fn units_of_a_host() -> [(&'static str, PathBuf); 2] {
    [
        (ALERTMANAGER_UNIT, drop_in_path("prometheus-alertmanager")),
        (PROMETHEUS_UNIT, drop_in_path("prometheus")),
    ]
}

/// Two Alertmanagers tell each other what they have told; one listens for
/// nobody.
fn alertmanager(monitoring: &Monitoring, address: Ipv4Addr) -> Vec<String> {
    let mut options = vec![
        format!("--web.listen-address={address}:{ALERTMANAGER_PORT}"),
        format!("--web.external-url=http://{address}:{ALERTMANAGER_PORT}/"),
    ];
    let peers = monitoring.hosts.iter().map(|host| host.address).filter(|peer| *peer != address);
    let peers: Vec<String> =
        peers.map(|peer| format!("--cluster.peer={peer}:{ALERTMANAGER_MESH_PORT}")).collect();
    options.push(if peers.is_empty() {
        "--cluster.listen-address=".to_owned()
    } else {
        format!("--cluster.listen-address={address}:{ALERTMANAGER_MESH_PORT}")
    });
    options.extend(peers);
    options
}

/// Debian's way to pass options: systemd reads the file, joins lines that end
/// with a backslash, and splits `$ARGS` at blanks (systemd.exec(5),
/// EnvironmentFile). No option here has a blank, a quote or a backslash.
fn options(daemon: &str, options: &[String]) -> ConfigFile {
    let header = crate::render::header("#");
    let options = options.join(" \\\n      ");
    ConfigFile::new(format!("/etc/default/{daemon}"), format!("{header}ARGS=\"{options}\"\n"))
}
