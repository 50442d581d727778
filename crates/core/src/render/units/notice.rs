// SPDX-License-Identifier: Apache-2.0
//! The unit that tells waiting users why they wait.

use crate::config_file::ConfigFile;
use crate::layout::{BINARY, NOTICE_UNIT_FILE, SCHEDULER_AWAY};
use crate::render::sandbox::SANDBOX;

/// Reads the list of processes, asks the controller when somebody waits, and
/// writes to terminals: a user of nobody's, with the group that terminals
/// belong to. Not `PrivateDevices` and not `ProtectProc`, for the two.
/// `CAP_` nothing: where a person has said `mesg n`, nothing can be written.
///
/// With `marks` it leaves a mark for others where the scheduler does not answer, in a
/// directory that everybody can read and that is gone when the unit is.
pub fn notice(marks: bool) -> ConfigFile {
    let (mark, directory) = match marks {
        true => (format!(" --mark {SCHEDULER_AWAY}"), "RuntimeDirectory=slurmha-notice\n"),
        false => (String::new(), ""),
    };
    ConfigFile::new(
        NOTICE_UNIT_FILE,
        format!(
            "{}[Unit]
Description=Tell users why a command of Slurm's takes longer
After=munge.service

[Service]
Type=exec
ExecStart={BINARY} notice{mark}
Restart=always
RestartSec=10
SyslogIdentifier=slurmha-notice
DynamicUser=yes
SupplementaryGroups=tty
{directory}Nice=5
TasksMax=32
MemoryMax=64M
{SANDBOX}CapabilityBoundingSet=
ProtectHome=yes
DevicePolicy=closed
DeviceAllow=char-pts w
ProtectKernelTunables=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6

[Install]
WantedBy=multi-user.target
",
            crate::render::header("#")
        ),
    )
}
