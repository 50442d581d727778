// SPDX-License-Identifier: Apache-2.0
//! The door from the console to what root does for it.

use super::watch::{CAPABILITIES, DOES_WITHOUT};
use crate::config_file::ConfigFile;
use crate::layout::{
    ACTIONS_GROUP, ACTIONS_SOCKET, ACTIONS_SOCKET_FILE, ACTIONS_UNIT_FILE, BINARY,
};
use crate::render::header;
use crate::render::sandbox::SANDBOX;
use crate::secret::SecretId;

/// The socket, and the unit that is started for a connection; on the first
/// controller.
///
/// Who is in the group can open it, which is the console there and nobody
/// else, and has to show the actions' password in it. `MaxConnections=1`: one
/// action at a time, and one guess, each of which costs a second when it is
/// wrong; systemd closes the door to a second one (systemd.socket(5)).
/// `TriggerLimitIntervalSec=0`: it would close it for good after some.
///
/// The helper asks and orders what the watcher asks and orders, so it has the
/// same rights: to Pacemaker, DRBD and Slurm as root, to write nothing but
/// the lock in /run/slurmha. It is given the password by systemd, and sees no
/// other secret. A move takes ten minutes at most.
pub fn console_action() -> [ConfigFile; 2] {
    let header = header("#");
    let socket = format!(
        "{header}[Unit]
Description=What the console may have done

[Socket]
ListenStream={ACTIONS_SOCKET}
SocketUser=root
SocketGroup={ACTIONS_GROUP}
SocketMode=0660
Accept=yes
MaxConnections=1
TriggerLimitIntervalSec=0
RemoveOnStop=yes

[Install]
WantedBy=sockets.target
"
    );
    let password = SecretId::ConsoleActionsPassword.location().path;
    let service = format!(
        "{header}[Unit]
Description=Do what somebody has asked the console for
CollectMode=inactive-or-failed

[Service]
Type=exec
ExecStart={BINARY} console-action --password-file ${{CREDENTIALS_DIRECTORY}}/password
LoadCredential=password:{}
StandardInput=socket
StandardOutput=socket
StandardError=journal
SyslogIdentifier=slurmha-console-action
RuntimeMaxSec=15min
TimeoutStopSec=90
RuntimeDirectory=slurmha
RuntimeDirectoryPreserve=yes
UMask=0077
TasksMax=64
MemoryMax=256M
{SANDBOX}{DOES_WITHOUT}{CAPABILITIES}",
        password.display()
    );
    [ConfigFile::new(ACTIONS_SOCKET_FILE, socket), ConfigFile::new(ACTIONS_UNIT_FILE, service)]
}
