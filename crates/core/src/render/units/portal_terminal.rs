// SPDX-License-Identifier: Apache-2.0
//! The units of terminals behind the portal.

use crate::config_file::ConfigFile;
use crate::layout::{BINARY, PORTAL_TERMINAL_SOCKET_FILE, PORTAL_TERMINAL_UNIT_FILE};
use crate::portal::protocol::TERMINAL_SOCKET;
use crate::render::header;

/// The socket of the terminals, and the unit that is started for each.
///
/// Everybody may connect, because the process behind the portal is the user and nobody
/// else: the kernel says who it is, and that one is logged in. Accounts of the system are refused,
/// the portal's front among them. `TriggerLimitIntervalSec=0`: see the sessions' socket.
///
/// The unit has no sandbox: a login is to be one like every other, with its file system, and
/// sudo where the site has that. PAM (libpam-systemd) moves it to the user's own slice, where
/// the limits of [`crate::render::login`] are, as it does with one by ssh.
pub fn portal_terminals() -> [ConfigFile; 2] {
    let header = header("#");
    let socket = format!(
        "{header}[Unit]
Description=Where users' terminals behind the portal start

[Socket]
ListenStream={TERMINAL_SOCKET}
SocketMode=0666
DirectoryMode=0755
Accept=yes
MaxConnections=128
TriggerLimitIntervalSec=0
RemoveOnStop=yes

[Install]
WantedBy=sockets.target
"
    );
    let service = format!(
        "{header}[Unit]
Description=A user's terminal behind the portal
CollectMode=inactive-or-failed

[Service]
Type=exec
ExecStart={BINARY} portal-terminal
StandardInput=socket
StandardOutput=journal
StandardError=journal
SyslogIdentifier=slurmha-portal-terminal
TimeoutStopSec=5
"
    );
    [
        ConfigFile::new(PORTAL_TERMINAL_SOCKET_FILE, socket),
        ConfigFile::new(PORTAL_TERMINAL_UNIT_FILE, service),
    ]
}
