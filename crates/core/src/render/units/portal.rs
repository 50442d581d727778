// SPDX-License-Identifier: Apache-2.0
//! The units of the portal: its front, which has no rights, and its users' sessions,
//! which begin with root's.

use std::net::Ipv4Addr;

use crate::config_file::ConfigFile;
use crate::layout::{
    BINARY, PORTAL_PAM_FILE, PORTAL_SESSION_SOCKET_FILE, PORTAL_SESSION_SOCKET_UNIT,
    PORTAL_SESSION_UNIT_FILE, PORTAL_STATE, PORTAL_UNIT_FILE, PORTAL_USER,
};
use crate::portal::protocol::SESSION_SOCKET;
use crate::render::header;
use crate::render::sandbox::SANDBOX;
use crate::secret::SecretId;
use crate::site::Portal;

/// The front: speaks with browsers, at the login node's address in the cluster network.
///
/// It runs squeue and sinfo as a user of its own, who owns nothing, and has one door
/// more than anybody: the socket of the sessions, through its group. That user is no
/// dynamic one, so that the socket can belong to the group before it runs.
/// `PrivateUsers` is not set: munged tells who asks by the socket's peer.
pub fn portal(portal: &Portal, address: Ipv4Addr, cluster: &str) -> ConfigFile {
    let port = portal.port;
    let certificate = match portal.certificate {
        Some(_) => {
            " \\\n    --certificate ${CREDENTIALS_DIRECTORY}/certificate --key \
             ${CREDENTIALS_DIRECTORY}/key"
        }
        None => "",
    };
    let terminal = if portal.terminal { " \\\n    --terminal" } else { "" };
    let credentials: String = portal.given_secrets().iter().map(|(id, _)| credential(id)).collect();
    ConfigFile::new(
        PORTAL_UNIT_FILE,
        format!(
            "{}[Unit]
Description=Let users submit jobs and see them, with a browser
Wants=network-online.target
After=network-online.target {PORTAL_SESSION_SOCKET_UNIT}
StartLimitIntervalSec=0

[Service]
Type=exec
User={PORTAL_USER}
Group={PORTAL_USER}
ExecStart={BINARY} portal --listen {address}:{port} --cluster {cluster} \\
    --state /var/lib/slurmha-portal{certificate}{terminal}
{credentials}Restart=always
RestartSec=5
TimeoutStopSec=5
SyslogIdentifier=slurmha-portal
StateDirectory=slurmha-portal
StateDirectoryMode=0700
UMask=0077
TasksMax=512
MemoryMax=1G
LimitNOFILE=4096
{SANDBOX}{FRONT_DOES_WITHOUT}
[Install]
WantedBy=multi-user.target
",
            header("#")
        ),
    )
}

fn credential(secret: &SecretId) -> String {
    let name = match secret {
        SecretId::PortalKey => "key",
        _ => "certificate",
    };
    format!("LoadCredential={name}:{}\n", secret.location().path.display())
}

const FRONT_DOES_WITHOUT: &str = "\
CapabilityBoundingSet=
ProtectHome=yes
PrivateDevices=yes
DevicePolicy=closed
InaccessiblePaths=-/etc/slurmha/secrets -/srv -/var/lib/slurmha/portal
ProtectProc=invisible
ProtectKernelTunables=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RemoveIPC=yes
SystemCallFilter=~@privileged @resources
";

/// The socket of the sessions, and the unit that is started for each connection.
///
/// Whoever is in the front's group can open one, and has to show a password in it.
/// `TriggerLimitIntervalSec=0`: systemd would close the door for good after 200
/// connections in two seconds (systemd.socket(5)); `MaxConnections` bounds them: the
/// front's 256 sessions, and attempts beside them.
///
/// A session needs root's rights to ask PAM (which reads /etc/shadow and keeps count of
/// failures in files of the users', pam_faillock(8)) and to become the user: what it has
/// to give up, too (`CAP_SETPCAP`). As the user it may write to nothing but its own
/// records: jobs write, on the nodes. Homes are to be seen, because output is read there.
/// Nothing that a process hands on is set here, because sbatch hands it on to the job:
/// limits, nice, and a umask that is a user's.
pub fn portal_sessions() -> [ConfigFile; 2] {
    let header = header("#");
    let socket = format!(
        "{header}[Unit]
Description=Where users' sessions behind the portal start

[Socket]
ListenStream={SESSION_SOCKET}
SocketUser=root
SocketGroup={PORTAL_USER}
SocketMode=0660
DirectoryMode=0755
Accept=yes
MaxConnections=320
TriggerLimitIntervalSec=0
RemoveOnStop=yes

[Install]
WantedBy=sockets.target
"
    );
    let service = format!(
        "{header}[Unit]
Description=A user's session behind the portal
CollectMode=inactive-or-failed

[Service]
Type=exec
ExecStart={BINARY} portal-session
StandardInput=socket
StandardOutput=socket
StandardError=journal
SyslogIdentifier=slurmha-portal-session
# The front ends a session after 12 hours; what it was submitting ends by itself.
RuntimeMaxSec=13h
TimeoutStopSec=5
UMask=0022
TasksMax=64
MemoryMax=512M
{SANDBOX}CapabilityBoundingSet=CAP_SETUID CAP_SETGID CAP_SETPCAP CAP_CHOWN CAP_FOWNER CAP_DAC_OVERRIDE \
    CAP_AUDIT_WRITE
ReadWritePaths={PORTAL_STATE} -/run/faillock
InaccessiblePaths=-/etc/slurmha/secrets -/root
PrivateDevices=yes
DevicePolicy=closed
ProtectProc=invisible
ProtectKernelTunables=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
"
    );
    [
        ConfigFile::new(PORTAL_SESSION_SOCKET_FILE, socket),
        ConfigFile::new(PORTAL_SESSION_UNIT_FILE, service),
    ]
}

/// What PAM is asked for a sign-in: the password and the account, as everywhere on the
/// machine (Debian's common-auth and common-account, where SSSD and other modules are).
///
/// No session is opened: nothing of the user's runs here but Slurm's clients. After a
/// wrong password the answer takes its time (pam_faildelay(8)). While logins are closed
/// (pam_nologin(8)) the portal is, too: asked after the password, so that nobody is told
/// that it was wrong.
pub fn portal_pam() -> ConfigFile {
    ConfigFile::new(
        PORTAL_PAM_FILE,
        format!(
            "{}auth     optional   pam_faildelay.so delay=3000000
@include common-auth
account  required   pam_nologin.so
@include common-account
",
            header("#")
        ),
    )
}
