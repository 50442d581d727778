// SPDX-License-Identifier: Apache-2.0
//! The unit that brings Open OnDemand's configuration into service.

use crate::config_file::ConfigFile;
use crate::layout::{ONDEMAND_SCRIPT, ONDEMAND_UNIT, ONDEMAND_UNIT_FILE};
use crate::render::header;

/// A restart of it is what a changed file means. Its rights are those to write the portal's
/// configuration; Apache is started by systemd.
pub(super) fn unit() -> ConfigFile {
    ConfigFile::new(
        ONDEMAND_UNIT_FILE,
        format!(
            "{}[Unit]
Description=Open OnDemand with the configuration that it has, if it answers with that
Wants=network-online.target apache2.service
After=network-online.target apache2.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart={ONDEMAND_SCRIPT} serve
TimeoutStartSec=300
SyslogIdentifier={}
StateDirectory=slurmha/ondemand
StateDirectoryMode=0700
NoNewPrivileges=yes
CapabilityBoundingSet=CAP_CHOWN CAP_DAC_OVERRIDE CAP_FOWNER
ProtectSystem=strict
ReadWritePaths=/etc/ood /etc/apache2 /var/lib/apache2 /run
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native

[Install]
WantedBy=multi-user.target
",
            header("#"),
            ONDEMAND_UNIT.trim_end_matches(".service"),
        ),
    )
}
