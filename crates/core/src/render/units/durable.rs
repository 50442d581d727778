// SPDX-License-Identifier: Apache-2.0
//! The unit that answers whether a job is saved.

use std::net::Ipv4Addr;

use crate::config_file::ConfigFile;
use crate::layout::{BINARY, DURABLE_UNIT_FILE};
use crate::render::sandbox::SANDBOX;

/// Runs beside slurmctld, wherever Pacemaker starts that.
///
/// `WantedBy` and `PartOf`: it comes and goes with slurmctld. `Requisite` and
/// not `Requires` or `BindsTo`: those would start slurmctld, behind
/// Pacemaker's back, when somebody starts this. So it outlives a slurmctld
/// that dies, and looks itself whether one runs.
///
/// User slurm, who alone may read slurmctld's state; it writes nothing.
pub fn durable(vip: Ipv4Addr) -> ConfigFile {
    ConfigFile::new(
        DURABLE_UNIT_FILE,
        format!(
            "{}[Unit]
Description=Tell clients when a job is in slurmctld's saved state
Requisite=slurmctld.service
PartOf=slurmctld.service
After=slurmctld.service
StartLimitIntervalSec=0

[Service]
Type=exec
ExecStart={BINARY} durable {vip}
Restart=always
RestartSec=1
TimeoutStopSec=5
User=slurm
SyslogIdentifier=slurmha-durable
Nice=5
TasksMax=1500
MemoryMax=256M
LimitNOFILE=4096
{SANDBOX}CapabilityBoundingSet=
ProtectHome=yes
PrivateDevices=yes
ProtectKernelTunables=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK

[Install]
WantedBy=slurmctld.service
",
            crate::render::header("#")
        ),
    )
}
