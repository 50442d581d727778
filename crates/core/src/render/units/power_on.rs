// SPDX-License-Identifier: Apache-2.0
//! The units that switch on what was fenced.

use crate::config_file::ConfigFile;
use crate::layout::{BINARY, FENCED_NOTES, POWER_ON_PATH_FILE, POWER_ON_UNIT_FILE};

/// A service, and what starts it when the fence-peer handler has left a note.
///
/// Not `PartOf` Pacemaker: that the peer comes back matters most when this
/// side is in trouble.
pub fn power_on() -> [ConfigFile; 2] {
    let header = crate::render::header("#");
    let service = format!(
        "{header}[Unit]
Description=Switch on a fenced machine when the takeover is over
StartLimitIntervalSec=0

[Service]
Type=oneshot
ExecStart={BINARY} power-on
TimeoutStartSec=infinity
TimeoutStopSec=5
SyslogIdentifier=slurmha-power-on
NoNewPrivileges=yes
CapabilityBoundingSet=CAP_DAC_OVERRIDE
ProtectHome=yes
PrivateTmp=yes
InaccessiblePaths=-/etc/slurmha/secrets
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
"
    );
    let path = format!(
        "{header}[Unit]
Description=Wait for machines that were fenced

[Path]
DirectoryNotEmpty={FENCED_NOTES}

[Install]
WantedBy=multi-user.target
"
    );
    [ConfigFile::new(POWER_ON_UNIT_FILE, service), ConfigFile::new(POWER_ON_PATH_FILE, path)]
}
