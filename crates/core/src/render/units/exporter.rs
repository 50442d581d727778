// SPDX-License-Identifier: Apache-2.0
//! The unit that answers Prometheus.

use std::net::Ipv4Addr;

use super::GOES_LAST;
use super::watch::{CAPABILITIES, DOES_WITHOUT};
use crate::config_file::ConfigFile;
use crate::layout::{BINARY, EXPORTER_PORT, EXPORTER_UNIT_FILE};
use crate::render::sandbox::SANDBOX;

/// Runs on each controller, whatever state the cluster is in, and listens on
/// the controller's own address in the cluster network.
///
/// It asks the programs that the watcher asks, so it needs what the watcher
/// needs. Whatever it asks can wait while a failover is under way: a weight
/// of 5 is a twentieth of what every other service has (systemd.resource-
/// control(5)). The limits hold what one who opens connections for fun can
/// use up.
pub fn exporter(address: Ipv4Addr) -> ConfigFile {
    ConfigFile::new(
        EXPORTER_UNIT_FILE,
        format!(
            "{}[Unit]
Description=Tell Prometheus how this controller is
Wants=network-online.target
After=network-online.target
StartLimitIntervalSec=0

[Service]
Type=exec
ExecStart={BINARY} exporter --listen {address}:{EXPORTER_PORT}
Restart=always
RestartSec=5
TimeoutStopSec=5
SyslogIdentifier=slurmha-exporter
{GOES_LAST}TasksMax=256
MemoryMax=256M
OOMScoreAdjust=500
{SANDBOX}{DOES_WITHOUT}{CAPABILITIES}
[Install]
WantedBy=multi-user.target
",
            crate::render::header("#")
        ),
    )
}
