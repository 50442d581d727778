// SPDX-License-Identifier: Apache-2.0
//! The unit that shows the cluster to browsers.

use std::net::Ipv4Addr;

use crate::config_file::ConfigFile;
use crate::layout::{ACTIONS_GROUP, ACTIONS_SOCKET, BINARY, CONSOLE_UNIT_FILE};
use crate::render::sandbox::SANDBOX;
use crate::secret::SecretId;
use crate::site::Console;

/// Runs on controllers and monitoring hosts, and listens on the machine's own
/// address in the cluster network.
///
/// It asks other processes over the network and nothing on this machine, so it
/// runs as a user who owns nothing (`DynamicUser`, systemd.exec(5)) and sees
/// nothing. What root alone can read systemd hands to it (`LoadCredential`).
/// The limits hold what one who opens connections for fun can use up: a
/// password takes 19 MiB to be looked at, one at a time.
///
/// One that `acts` has one door more: the socket of the actions, through a
/// group that owns nothing else. Groups are taken before the user namespace of
/// `PrivateUsers` is entered, and the kernel goes by them (exec_child of
/// systemd 252, execute.c).
pub fn console(console: &Console, address: Ipv4Addr, acts: bool) -> ConfigFile {
    let Console { port, user, .. } = console;
    let certificate = match console.certificate {
        Some(_) => {
            " --certificate ${CREDENTIALS_DIRECTORY}/certificate --key ${CREDENTIALS_DIRECTORY}/key"
        }
        None => "",
    };
    let (actions, group, families) = match acts {
        true => (
            format!(" \\\n    --actions {ACTIONS_SOCKET}"),
            format!("SupplementaryGroups={ACTIONS_GROUP}\n"),
            "AF_UNIX AF_INET AF_INET6",
        ),
        false => (String::new(), String::new(), "AF_INET AF_INET6"),
    };
    let credentials: String = console.secrets().iter().map(credential).collect();
    ConfigFile::new(
        CONSOLE_UNIT_FILE,
        format!(
            "{}[Unit]
Description=Show the cluster to browsers
Wants=network-online.target
After=network-online.target
StartLimitIntervalSec=0

[Service]
Type=exec
ExecStart={BINARY} console --listen {address}:{port} --user {user} \\
    --password-file ${{CREDENTIALS_DIRECTORY}}/password{certificate}{actions}
{credentials}{group}Restart=always
RestartSec=5
TimeoutStopSec=5
SyslogIdentifier=slurmha-console
StateDirectory=slurmha-console
StateDirectoryMode=0700
UMask=0077
Nice=10
CPUWeight=5
IOWeight=5
TasksMax=64
MemoryMax=256M
OOMScoreAdjust=500
{SANDBOX}{DOES_WITHOUT}RestrictAddressFamilies={families}

[Install]
WantedBy=multi-user.target
",
            crate::render::header("#")
        ),
    )
}

fn credential(secret: &SecretId) -> String {
    let name = match secret {
        SecretId::ConsolePassword => "password",
        SecretId::ConsoleKey => "key",
        _ => "certificate",
    };
    format!("LoadCredential={name}:{}\n", secret.location().path.display())
}

/// Nothing is written, and nothing but questions over the network asked.
const DOES_WITHOUT: &str = "\
DynamicUser=yes
CapabilityBoundingSet=
ProtectHome=yes
PrivateDevices=yes
PrivateUsers=yes
DevicePolicy=closed
InaccessiblePaths=-/etc/slurmha/secrets -/srv
ProtectProc=invisible
ProtectKernelTunables=yes
RemoveIPC=yes
SystemCallFilter=~@privileged @resources
";
