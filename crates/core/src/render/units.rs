// SPDX-License-Identifier: Apache-2.0
//! systemd drop-ins and option files of the daemons.

mod console;
mod console_action;
mod durable;
mod exporter;
mod notice;
mod pages;
mod portal;
mod portal_terminal;
mod power_on;
mod snapshot;
mod watch;

use std::path::PathBuf;

use crate::config_file::{Access, ConfigFile};
use crate::layout::{AGENT_DIRECTORY, BINARY, DATABASE_MOUNT, STATE_MOUNT};
use crate::plan::VOLUME_MARKER;
use crate::render::cib::id;
use crate::site::{NodeName, Site};

pub use console::console;
pub use console_action::console_action;
pub use durable::durable;
pub use exporter::exporter;
pub use notice::notice;
pub use pages::pages;
pub use portal::{portal, portal_pam, portal_sessions};
pub use portal_terminal::portal_terminals;
pub use power_on::power_on;
pub use snapshot::snapshot;

/// Drop-ins for the daemons that only Pacemaker starts, and what tells it
/// what happens to them.
///
/// `AssertPathExists` makes a start on an empty mount point fail: MariaDB
/// would otherwise fill the directory below with a fresh, empty database and
/// slurmctld would begin with no jobs. `Restart=no`: a daemon that systemd
/// brings back by itself is an activation outside the cluster's control.
/// `OnFailure`, `OnSuccess`: Pacemaker is told of an end at once.
pub fn controller(site: &Site, own: &NodeName) -> Vec<ConfigFile> {
    let mut files = vec![
        guarded(id::SLURMCTLD, STATE_MOUNT, ""),
        guarded(id::SLURMDBD, DATABASE_MOUNT, ""),
        // debian-start checks every table in the background after each
        // start: seconds of load in the middle of a failover.
        guarded(id::MARIADB, DATABASE_MOUNT, "ExecStartPost=\n"),
        pacemaker(),
        watch::watch(site, own),
    ];
    files.extend(site.arbiter.is_some().then(|| qdevice(site)));
    files.extend(watch::exited());
    files
}

/// The resource agents, each a line that calls the binary under the name
/// that stays when it is replaced. The binary itself is the interpreter: it
/// gets the file's path, and with its last part the agent's name. A shell in
/// between would be one more program to start for every action.
pub fn agents() -> Vec<ConfigFile> {
    [id::SLURMCTLD, id::SLURMDBD, id::MARIADB, "drbd", "volume", "vip"]
        .map(|agent| {
            let text = format!("#!{BINARY} agent\n{}", super::header("#"));
            ConfigFile::new(format!("{AGENT_DIRECTORY}/{agent}"), text)
                .with_access(Access::root(0o755))
        })
        .into()
}

/// On a machine that is short of CPU time the cluster's own daemons get theirs before
/// everything else that runs there (systemd.resource-control(5): five times the weight of
/// another service). Pacemaker's parts watch each other, and one that gives no answer to
/// five questions of two seconds is killed and started anew (pacemakerd,
/// pcmkd_subdaemons.c of 2.1), which costs more CPU time than was short: an emulated
/// cluster never came out of that by itself. Corosync has a real-time priority of its own.
///
/// After what it calls a fatal error pacemakerd ends with status 100, which Debian's unit takes
/// for a success, and stays down. Seen when both controllers had lost their power: Corosync
/// ended in the middle of a slow boot ([`crate::formation`]) and was started anew, Pacemaker
/// could not join, and while it stayed down the other controller waited for it and nobody was
/// served. So it is started again, as often as it takes.
fn pacemaker() -> ConfigFile {
    drop_in(
        "pacemaker",
        "[Unit]\nStartLimitIntervalSec=0\n\n\
         [Service]\nCPUWeight=500\nRestartForceExitStatus=100\n",
    )
}

/// See [`crate::formation`]. Without that answer the arbiter's vote is worth more than the risk.
fn qdevice(site: &Site) -> ConfigFile {
    let token = site.timing.token.as_millis();
    drop_in(
        "corosync-qdevice",
        &format!("[Service]\nExecStartPre=-{BINARY} await-members --token-ms {token}\n"),
    )
}

fn guarded(daemon: &str, mount: &str, service: &str) -> ConfigFile {
    let tells = watch::tells_its_end(daemon);
    drop_in(
        daemon,
        &format!(
            "[Unit]\nAssertPathExists={mount}/{VOLUME_MARKER}\n{tells}\n\
             [Service]\nRestart=no\n{service}"
        ),
    )
}

/// slurmd fetches its configuration from the VIP; Debian's unit insists on a
/// local slurm.conf, and a slurmd that starts while no controller answers
/// gives up, so it is started again until one does.
pub fn compute(site: &Site) -> Vec<ConfigFile> {
    vec![
        drop_in(
            "slurmd",
            "[Unit]\nConditionPathExists=\nStartLimitIntervalSec=0\n\n[Service]\n\
             Restart=on-failure\nRestartSec=5\n",
        ),
        ConfigFile::new(
            "/etc/default/slurmd",
            format!("{}SLURMD_OPTIONS=\"--conf-server {}\"\n", super::header("#"), site.vip),
        ),
    ]
}

/// qnetd's options: no TLS inside the cluster network.
pub fn qnetd_options() -> ConfigFile {
    ConfigFile::new(
        "/etc/default/corosync-qnetd",
        format!("{}COROSYNC_QNETD_OPTIONS=\"-s off\"\n", super::header("#")),
    )
}

/// Who notices that the arbiter hangs.
pub fn arbiter_watch() -> ConfigFile {
    watch::watch_arbiter()
}

/// Lines for the `[Service]` section of those who only look on: whoever is looked at comes
/// first.
pub(super) const GOES_LAST: &str = "Nice=10\nCPUWeight=5\nIOWeight=5\n";

pub(super) fn drop_in(unit: &str, text: &str) -> ConfigFile {
    ConfigFile::new(drop_in_path(unit), format!("{}{text}", super::header("#")))
}

/// Where the drop-in of a service is.
pub(super) fn drop_in_path(unit: &str) -> PathBuf {
    format!("/etc/systemd/system/{unit}.service.d/slurmha.conf").into()
}
