// SPDX-License-Identifier: Apache-2.0
//! The unit that shows the cluster to browsers.

use std::net::Ipv4Addr;

use crate::config_file::ConfigFile;
use crate::layout::{BINARY, CONSOLE_UNIT_FILE};
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
pub fn console(console: &Console, address: Ipv4Addr) -> ConfigFile {
    let Console { port, user, .. } = console;
    let certificate = match console.certificate {
        Some(_) => {
            " --certificate ${CREDENTIALS_DIRECTORY}/certificate --key ${CREDENTIALS_DIRECTORY}/key"
        }
        None => "",
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
    --password-file ${{CREDENTIALS_DIRECTORY}}/password{certificate}
{credentials}Restart=always
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
{SANDBOX}{DOES_WITHOUT}
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
RestrictAddressFamilies=AF_INET AF_INET6
RemoveIPC=yes
SystemCallFilter=~@privileged @resources
";
