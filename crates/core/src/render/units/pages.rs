// SPDX-License-Identifier: Apache-2.0
//! The unit that looks whether portal and console answer.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::Duration;

use super::GOES_LAST;
use crate::config_file::ConfigFile;
use crate::layout::{BINARY, PAGES_METRICS_FILE, PAGES_UNIT_FILE};
use crate::render::sandbox::SANDBOX;

/// Asks this machine's own pages as often as Prometheus looks, and tells the node exporter,
/// whose directory is root's: so is this, without any right of root's. It listens nowhere.
///
/// On a controller it has the exporter's weight: it can wait while a failover is under way.
/// What it told goes with it. Where the pages belong to another machine now nobody is told
/// of them here, and where it was stopped by hand, its unit is what is told.
pub fn pages(
    portal: Option<SocketAddr>,
    console: Option<SocketAddr>,
    interval: Duration,
) -> ConfigFile {
    let mut words = format!("--interval {}", interval.as_secs());
    for (option, address) in [("portal", portal), ("console", console)] {
        if let Some(address) = address {
            let _ = write!(words, " --{option} {address}");
        }
    }
    let directory = PAGES_METRICS_FILE.rsplit_once('/').map_or("/", |(directory, _)| directory);
    ConfigFile::new(
        PAGES_UNIT_FILE,
        format!(
            "{}[Unit]
Description=Tell Prometheus whether portal and console answer
Wants=network-online.target
After=network-online.target
StartLimitIntervalSec=0

[Service]
Type=exec
ExecStart={BINARY} pages {words}
ExecStopPost=/bin/rm -f {PAGES_METRICS_FILE}
Restart=always
RestartSec=5
TimeoutStopSec=15
SyslogIdentifier=slurmha-pages
{GOES_LAST}TasksMax=32
MemoryMax=64M
OOMScoreAdjust=500
ReadWritePaths={directory}
{SANDBOX}CapabilityBoundingSet=
ProtectHome=yes
PrivateDevices=yes
DevicePolicy=closed
InaccessiblePaths=-/etc/slurmha/secrets -/srv
ProtectKernelTunables=yes
RestrictAddressFamilies=AF_INET AF_INET6
RemoveIPC=yes

[Install]
WantedBy=multi-user.target
",
            crate::render::header("#")
        ),
    )
}
