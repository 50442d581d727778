// SPDX-License-Identifier: Apache-2.0
//! Units that tell Pacemaker what happened to its daemons.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use crate::config_file::ConfigFile;
use crate::layout::{BINARY, WATCH_UNIT, expected_mark};
use crate::render::sandbox::SANDBOX;
use crate::site::{NodeName, Site};

/// Lines for the `[Unit]` section of a daemon: both kinds of end start a
/// report, also the clean one, because a daemon that ends by itself with
/// status 0 is as gone as one that was killed. The unit has left its running
/// state by then, so a report delays nothing that waits for that.
///
/// Two units for the same program: systemd tells a unit how another ended
/// only when there is one single reason to start it
/// (`service_get_triggering_service`, service.c).
pub(super) fn tells_its_end(daemon: &str) -> String {
    format!("OnFailure=slurmha-failed@{daemon}.service\nOnSuccess=slurmha-ended@{daemon}.service\n")
}

/// Do something about a daemon that has ended, if nobody asked for it: start
/// slurmctld again, or tell Pacemaker.
///
/// In the slice where agents look whether they run (`unit_process.rs`).
///
/// An end that is no news, because no mark says that the daemon is meant to
/// run (`intent.rs`), costs no program in the middle of a planned move.
///
/// They run in the middle of an outage, so that they have only what costs
/// nothing: mounts and system call filters are set up anew at each start.
pub(super) fn exited() -> [ConfigFile; 2] {
    let mark = expected_mark("%i");
    ["failed", "ended"].map(|how| {
        unit(
            &format!("slurmha-{how}@.service"),
            &format!(
                "[Unit]
Description=See to it that %i has {how}
ConditionPathExists={mark}
StartLimitIntervalSec=0

[Service]
Type=oneshot
ExecStart={BINARY} agent %i exited
TimeoutStartSec=90
Slice=system.slice
SyslogIdentifier=slurmha-exited
NoNewPrivileges=yes
CapabilityBoundingSet=CAP_DAC_OVERRIDE CAP_CHOWN CAP_FOWNER
"
            ),
        )
    })
}

/// Looks for daemons that hang, whether anybody answers in the cluster
/// network, and whether the other controller was fenced.
///
/// `PartOf` and `WantedBy`: it stops before Pacemaker does and comes back
/// with it. Everything is read-only to it but its own directory in /run.
pub(super) fn watch(site: &Site, own: &NodeName) -> ConfigFile {
    let neighbours = neighbours(site, own).map(|address| format!(" --neighbour {address}"));
    let neighbours: String = neighbours.collect();
    let peer = site.controllers.iter().find(|it| it.name != *own && site.powers_on());
    let power_on = peer.map(|it| format!(" --power-on {}", it.name)).unwrap_or_default();
    unit(
        WATCH_UNIT,
        &format!(
            "[Unit]
Description=Tell Pacemaker when a daemon of Slurm's control plane hangs
PartOf=pacemaker.service
After=pacemaker.service
StartLimitIntervalSec=0

[Service]
Type=exec
ExecStart={BINARY} watch{neighbours}{power_on}
Restart=always
RestartSec=1
SyslogIdentifier=slurmha-watch
RuntimeDirectory=slurmha
RuntimeDirectoryPreserve=yes
{SANDBOX}{DOES_WITHOUT}{CAPABILITIES}
[Install]
WantedBy=pacemaker.service
"
        ),
    )
}

/// Looks for a corosync-qnetd that is stopped: it would be missed only when
/// its vote decides.
pub(super) fn watch_arbiter() -> ConfigFile {
    unit(
        WATCH_UNIT,
        &format!(
            "[Unit]
Description=See to it that the arbiter's vote does not hang
PartOf=corosync-qnetd.service
After=corosync-qnetd.service
StartLimitIntervalSec=0

[Service]
Type=exec
ExecStart={BINARY} watch --arbiter
Restart=always
RestartSec=1
SyslogIdentifier=slurmha-watch
{SANDBOX}{DOES_WITHOUT}CapabilityBoundingSet=

[Install]
WantedBy=corosync-qnetd.service
"
        ),
    )
}

/// Whose answers tell a controller that its link to the cluster network works:
/// some machines of each kind, because a kind can be switched off as a whole.
fn neighbours(site: &Site, own: &NodeName) -> impl Iterator<Item = Ipv4Addr> {
    let controllers = site.controllers.iter().filter(|it| it.name != *own).map(|it| it.address);
    let arbiter = site.arbiter.iter().map(|arbiter| arbiter.address);
    let logins = site.logins.iter().map(|login| login.address).take(2);
    let groups = site.node_groups.iter().filter_map(|group| group.nodes.first());
    let compute = groups.map(|node| node.address).take(3);
    let all: BTreeSet<Ipv4Addr> = arbiter.chain(logins).chain(compute).chain(controllers).collect();
    all.into_iter()
}

/// Root, because MariaDB lets nobody else in without a password; past file
/// modes, because Pacemaker's shared memory belongs to hacluster: libqb gives
/// it to its client by chown, which hacluster may not (ringbuffer.c); raw
/// sockets, because the file of ping(8) asks for them.
pub(super) const CAPABILITIES: &str = "\
CapabilityBoundingSet=CAP_DAC_OVERRIDE CAP_NET_RAW
";

/// Not `PrivateDevices` and not `ProtectProc`: Pacemaker's shared memory is
/// in /dev/shm, and the daemons' processes are what is looked at.
pub(super) const DOES_WITHOUT: &str = "\
ProtectHome=yes
InaccessiblePaths=-/etc/slurmha/secrets
DevicePolicy=closed
ProtectKernelTunables=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
";

fn unit(name: &str, text: &str) -> ConfigFile {
    let header = crate::render::header("#");
    ConfigFile::new(format!("/etc/systemd/system/{name}"), format!("{header}{text}"))
}
