// SPDX-License-Identifier: Apache-2.0
//! The units that copy slurmctld's state aside from time to time.

use crate::config_file::ConfigFile;
use crate::layout::{BINARY, SNAPSHOT_TIMER_FILE, SNAPSHOT_UNIT_FILE, STATE_MOUNT};
use crate::plan::VOLUME_MARKER;

/// A service that does nothing where the volume is not mounted, and its timer.
///
/// `PartOf`: a copy in progress ends before slurmctld has stopped, so that it
/// does not keep the volume busy when that has to go.
pub fn snapshot() -> [ConfigFile; 2] {
    let header = crate::render::header("#");
    let service = format!(
        "{header}[Unit]
Description=Copy slurmctld's state to the local disk
ConditionPathExists={STATE_MOUNT}/{VOLUME_MARKER}
PartOf=slurmctld.service
After=slurmctld.service

[Service]
Type=oneshot
ExecStart={BINARY} snapshot-state
TimeoutStartSec=300
TimeoutStopSec=5
SyslogIdentifier=slurmha-snapshot
Nice=19
IOSchedulingClass=idle
NoNewPrivileges=yes
ProtectHome=yes
PrivateTmp=yes
PrivateNetwork=yes
RestrictAddressFamilies=AF_UNIX
"
    );
    let timer = format!(
        "{header}[Unit]
Description=Copy slurmctld's state to the local disk every ten minutes

[Timer]
OnCalendar=*:0/10
RandomizedDelaySec=30
AccuracySec=10

[Install]
WantedBy=timers.target
"
    );
    [ConfigFile::new(SNAPSHOT_UNIT_FILE, service), ConfigFile::new(SNAPSHOT_TIMER_FILE, timer)]
}
