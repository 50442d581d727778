// SPDX-License-Identifier: Apache-2.0
//! Names and places that several generated files have to agree on.

/// The DRBD resource, as in the recipe that slurmha was born from.
pub const DRBD_RESOURCE: &str = "slurm_data";
/// Replicated device of slurmctld's state.
pub const STATE_DEVICE: &str = "/dev/drbd0";
/// Replicated device of MariaDB's data.
pub const DATABASE_DEVICE: &str = "/dev/drbd1";
/// What DRBD's volumes hold, by their numbers.
pub const VOLUMES: [&str; 2] = ["state", "database"];
/// Where the state volume is mounted on the active controller.
pub const STATE_MOUNT: &str = "/srv/slurmha/state";
/// Where the database volume is mounted on the active controller.
pub const DATABASE_MOUNT: &str = "/srv/slurmha/database";
/// Slurm's `StateSaveLocation`.
pub const STATE_SAVE_LOCATION: &str = "/srv/slurmha/state/slurmctld";
/// slurmctld's table of jobs, as it was last saved.
pub const JOB_STATE: &str = "/srv/slurmha/state/slurmctld/job_state";
/// Says how the last slurmctld on the volume ended.
pub const LAST_STOP: &str = "/srv/slurmha/state/slurmctld-last-stop";
/// What was copied aside before a start after an unclean end, a directory
/// for each.
pub const TAKEOVERS: &str = "/srv/slurmha/state/takeovers";
/// The report of the last start after an unclean end on this machine.
pub const TAKEOVER_REPORT: &str = "/var/lib/slurmha/takeover.json";
/// What a controller was told of drills.
pub const DRILL_RECORD: &str = "/var/lib/slurmha/drills.json";
/// MariaDB's `datadir`.
pub const DATABASE_DIRECTORY: &str = "/srv/slurmha/database/mysql";
/// File system labels: at most 16 characters, ext4(5).
pub const STATE_LABEL: &str = "slurmha-state";
/// See [`STATE_LABEL`].
pub const DATABASE_LABEL: &str = "slurmha-db";

/// ext4 writes a file's blocks at commit time unless allocation is delayed;
/// without delay the fsync of `job_state` takes the batch scripts written
/// before it along. Measured: the default left 601 of 863 recovered jobs
/// without their script after power cuts, `nodelalloc` none of 558.
pub const STATE_MOUNT_OPTIONS: &str = "noatime,nodelalloc,commit=1";
/// Those of [`STATE_MOUNT_OPTIONS`] without which a power cut destroys what was
/// acknowledged, as the kernel shows them.
pub const STATE_MOUNT_SAFETY: [&str; 2] = ["nodelalloc", "commit=1"];
/// InnoDB syncs what it needs.
pub const DATABASE_MOUNT_OPTIONS: &str = "noatime";

/// MariaDB's database for slurmdbd, Slurm's own default name.
pub const DATABASE_NAME: &str = "slurm_acct_db";
/// slurmdbd's account in MariaDB.
pub const DATABASE_USER: &str = "slurm";
/// MariaDB's socket; local to each controller.
pub const DATABASE_SOCKET: &str = "/run/mysqld/mysqld.sock";

/// slurmha's own directory for state that is local to a machine.
pub const LOCAL_STATE: &str = "/var/lib/slurmha";
/// The site file as it was last applied, for `slurmha status` on a machine.
pub const SITE_FILE: &str = "/etc/slurmha/site.toml";
/// The binary on the machines, under the name that follows its updates.
pub const BINARY: &str = "/usr/local/sbin/slurmha";
/// Where Pacemaker looks for the agents of provider `slurmha`.
pub const AGENT_DIRECTORY: &str = "/usr/lib/ocf/resource.d/slurmha";
/// What slurmctld and Slurm's commands go by.
pub const SLURM_CONF: &str = "/etc/slurm/slurm.conf";
/// What a slurmd without a file of its own goes by: a copy of what slurmctld has
/// (slurmd.c of 22.05, `_establish_configuration`).
pub const NODE_SLURM_CONF: &str = "/run/slurm/conf/slurm.conf";
/// Digest of the slurm.conf that slurmctld last read.
pub const SLURM_CONF_DIGEST: &str = "/var/lib/slurmha/slurm-conf-digest";
/// Digest of the corosync.conf that Corosync last read.
pub const COROSYNC_CONF_DIGEST: &str = "/var/lib/slurmha/corosync-conf-digest";
/// TCP port of the replication link.
pub const DRBD_PORT: u16 = 7789;

/// Debian's fixed id for Slurm's user and group.
pub const SLURM_ID: u32 = 64030;
/// Debian gives munge whatever id is free; it has to be the same everywhere
/// only by convention, but a known one makes backups and NFS predictable.
pub const MUNGE_ID: u32 = 64031;

/// Every person's account that slurmha has made belongs to this group, which
/// tells it from all others of a machine.
pub const USERS_GROUP: &str = "slurmha-users";
/// Its id, in the range that Debian gives out like [`SLURM_ID`].
pub const USERS_GROUP_ID: u32 = 64032;
/// User and group of the portal's front, in that range, too.
pub const PORTAL_ID: u32 = 64033;
/// Where a login node's sshd finds people's keys, a file for each: outside
/// their homes, which may be on a server that is away.
pub const USER_KEYS: &str = "/etc/ssh/slurmha-keys";
/// sshd's settings on a login node; the first value that sshd reads counts,
/// and Debian's `sshd_config` includes this directory first.
pub const SSHD_FILE: &str = "/etc/ssh/sshd_config.d/50-slurmha.conf";
/// Unit that makes sshd read them.
pub const SSHD_UNIT: &str = "slurmha-sshd.service";
/// Its file.
pub const SSHD_UNIT_FILE: &str = "/etc/systemd/system/slurmha-sshd.service";
/// Unit that tells waiting users why they wait.
pub const NOTICE_UNIT: &str = "slurmha-notice.service";
/// Its file.
pub const NOTICE_UNIT_FILE: &str = "/etc/systemd/system/slurmha-notice.service";
/// What SSSD is told on a controller beside the site's own file.
pub const SSSD_NAMES_ONLY_FILE: &str = "/etc/sssd/conf.d/50-slurmha.conf";

/// What the agents and the watcher tell each other; gone after a reboot, as
/// are the daemons that it is about.
pub const RUNTIME_DIRECTORY: &str = "/run/slurmha";

/// The mark that says that a daemon is meant to run here, so that its end is
/// news: the agents make it and systemd looks for it.
pub fn expected_mark(daemon: &str) -> String {
    format!("{RUNTIME_DIRECTORY}/{daemon}.expected")
}
/// Unit that looks for daemons that hang.
pub const WATCH_UNIT: &str = "slurmha-watch.service";
/// Its file.
pub const WATCH_UNIT_FILE: &str = "/etc/systemd/system/slurmha-watch.service";
/// TCP port, on the VIP alone, at which it can be asked whether a job is saved.
/// Unassigned, and beside Slurm's own 6817 to 6819.
pub const DURABLE_PORT: u16 = 6816;
/// Unit that answers there.
pub const DURABLE_UNIT: &str = "slurmha-durable.service";
/// Its file.
pub const DURABLE_UNIT_FILE: &str = "/etc/systemd/system/slurmha-durable.service";
/// Copies of slurmctld's state on the local disk, a directory for each.
pub const SNAPSHOTS: &str = "/var/lib/slurmha/snapshots";
/// Its service's file.
pub const SNAPSHOT_UNIT_FILE: &str = "/etc/systemd/system/slurmha-snapshot.service";
/// The timer that makes them.
pub const SNAPSHOT_TIMER: &str = "slurmha-snapshot.timer";
/// Its file.
pub const SNAPSHOT_TIMER_FILE: &str = "/etc/systemd/system/slurmha-snapshot.timer";
/// A note for each machine that was fenced and may be switched on again.
pub const FENCED_NOTES: &str = "/run/slurmha/fenced";
/// What DRBD's fence-peer handler was asked, while it is at work on it.
pub const FENCE_PEER_CALL: &str = "/run/slurmha/fence-peer.json";
/// When machines were switched on after a fence, in the last hour.
pub const POWER_ON_RECORD: &str = "/var/lib/slurmha/power-on.json";
/// Unit that sees to them.
pub const POWER_ON_UNIT: &str = "slurmha-power-on.service";
/// Its file.
pub const POWER_ON_UNIT_FILE: &str = "/etc/systemd/system/slurmha-power-on.service";
/// Unit that starts it when there is a note.
pub const POWER_ON_PATH: &str = "slurmha-power-on.path";
/// Its file.
pub const POWER_ON_PATH_FILE: &str = "/etc/systemd/system/slurmha-power-on.path";
/// TCP port, on a controller's address in the cluster network, at which
/// Prometheus finds its metrics.
pub const EXPORTER_PORT: u16 = 9817;
/// Unit that answers there.
pub const EXPORTER_UNIT: &str = "slurmha-exporter.service";
/// Its file.
pub const EXPORTER_UNIT_FILE: &str = "/etc/systemd/system/slurmha-exporter.service";
/// TCP port, on a machine's address in the cluster network, at which browsers
/// find the console, unless the site file names another.
pub const CONSOLE_PORT: u16 = 9818;
/// Unit that answers there.
pub const CONSOLE_UNIT: &str = "slurmha-console.service";
/// Its file.
pub const CONSOLE_UNIT_FILE: &str = "/etc/systemd/system/slurmha-console.service";
/// Group that may reach the door to the console's actions, and owns nothing else; and a
/// user of that name, who is nobody.
pub const ACTIONS_GROUP: &str = "slurmha-actions";
/// Its id, in the same range as Slurm's.
pub const ACTIONS_ID: u32 = 64034;
/// Unit that listens for the console's actions, on the first controller.
pub const ACTIONS_SOCKET_UNIT: &str = "slurmha-console-action.socket";
/// File of that unit.
pub const ACTIONS_SOCKET_FILE: &str = "/etc/systemd/system/slurmha-console-action.socket";
/// File of the unit that does one.
pub const ACTIONS_UNIT_FILE: &str = "/etc/systemd/system/slurmha-console-action@.service";
/// Where it listens.
pub const ACTIONS_SOCKET: &str = "/run/slurmha-console-action.sock";
/// TCP port, on a login node's address in the cluster network, at which browsers
/// find the portal, unless the site file names another.
pub const PORTAL_PORT: u16 = 8443;
/// Unit that answers there.
pub const PORTAL_UNIT: &str = "slurmha-portal.service";
/// Its file.
pub const PORTAL_UNIT_FILE: &str = "/etc/systemd/system/slurmha-portal.service";
/// Its user and group, who may reach [`PORTAL_SESSION_SOCKET_UNIT`] and own nothing.
pub const PORTAL_USER: &str = "slurmha-portal";
/// Unit that listens for the portal's sessions.
pub const PORTAL_SESSION_SOCKET_UNIT: &str = "slurmha-portal-session.socket";
/// Its file.
pub const PORTAL_SESSION_SOCKET_FILE: &str = "/etc/systemd/system/slurmha-portal-session.socket";
/// The file of the unit that is started for each.
pub const PORTAL_SESSION_UNIT_FILE: &str = "/etc/systemd/system/slurmha-portal-session@.service";
/// Unit that listens for those who want a terminal.
pub const PORTAL_TERMINAL_SOCKET_UNIT: &str = "slurmha-portal-terminal.socket";
/// Its file.
pub const PORTAL_TERMINAL_SOCKET_FILE: &str = "/etc/systemd/system/slurmha-portal-terminal.socket";
/// The file of the unit that is started for each.
pub const PORTAL_TERMINAL_UNIT_FILE: &str = "/etc/systemd/system/slurmha-portal-terminal@.service";
/// What PAM is asked as.
pub const PORTAL_PAM_SERVICE: &str = "slurmha-portal";
/// Its file.
pub const PORTAL_PAM_FILE: &str = "/etc/pam.d/slurmha-portal";
/// Unit that looks whether portal and console answer.
pub const PAGES_UNIT: &str = "slurmha-pages.service";
/// Its file.
pub const PAGES_UNIT_FILE: &str = "/etc/systemd/system/slurmha-pages.service";
/// What it tells, beside [`VPN_METRICS_FILE`].
pub const PAGES_METRICS_FILE: &str = "/var/lib/prometheus/node-exporter/slurmha-pages.prom";
/// Records of what users have submitted through the portal, a directory for each uid.
pub const PORTAL_STATE: &str = "/var/lib/slurmha/portal";
/// TCP port at which browsers find Open OnDemand, unless the site file names another.
pub const ONDEMAND_PORT: u16 = 443;
/// What Open OnDemand's Apache configuration is made from.
pub const ONDEMAND_PORTAL_FILE: &str = "/etc/ood/config/ood_portal.yml";
/// Where Apache listens.
pub const ONDEMAND_LISTEN_FILE: &str = "/etc/apache2/ports.conf";
/// What Apache is told beside the portal's own site.
pub const ONDEMAND_SERVER_FILE: &str = "/etc/apache2/conf-enabled/slurmha-ondemand.conf";
/// Tries a configuration of Open OnDemand, and brings one into service.
pub const ONDEMAND_SCRIPT: &str = "/usr/local/lib/slurmha/ondemand";
/// The configuration that last answered a request.
pub const ONDEMAND_STATE: &str = "/var/lib/slurmha/ondemand";
/// The certificate that Apache shows, which has been looked at.
pub const ONDEMAND_CERTIFICATE: &str = "/var/lib/slurmha/ondemand/served/certificate";
/// Its key.
pub const ONDEMAND_KEY: &str = "/var/lib/slurmha/ondemand/served/key";
/// Unit whose start brings Open OnDemand's configuration into service.
pub const ONDEMAND_UNIT: &str = "slurmha-ondemand.service";
/// Its file.
pub const ONDEMAND_UNIT_FILE: &str = "/etc/systemd/system/slurmha-ondemand.service";
/// There, and young, while the scheduler does not answer: for Open OnDemand's pages.
pub const SCHEDULER_AWAY: &str = "/run/slurmha-notice/scheduler-away";
/// `SlurmctldPort`, the default of slurm.conf(5).
pub const SLURMCTLD_PORT: u16 = 6817;
/// `DbdPort`, the default of slurmdbd.conf(5).
pub const SLURMDBD_PORT: u16 = 6819;
/// TCP port of Prometheus, its default.
pub const PROMETHEUS_PORT: u16 = 9090;
/// TCP port of Alertmanager, its default.
pub const ALERTMANAGER_PORT: u16 = 9093;
/// TCP and UDP port at which Alertmanagers find each other, the default.
pub const ALERTMANAGER_MESH_PORT: u16 = 9094;
/// TCP port of Grafana, its default.
pub const GRAFANA_PORT: u16 = 3000;
/// TCP port of the node exporter, its default.
pub const NODE_EXPORTER_PORT: u16 = 9100;
/// WireGuard interface of a gateway; the kernel allows 15 characters.
pub const VPN_INTERFACE: &str = "slurmha-vpn";
/// The table of rules for what comes through it.
pub const VPN_TABLE: &str = "slurmha_vpn";
/// Who may come in, in the form that wg(8) reads.
pub const VPN_PEERS_FILE: &str = "/etc/wireguard/slurmha-vpn.conf";
/// What they may reach, in the form that nft(8) reads.
pub const VPN_RULES_FILE: &str = "/etc/slurmha/vpn.nft";
/// What brings the interface up, loads peers and rules, and takes it down.
pub const VPN_SCRIPT: &str = "/usr/local/lib/slurmha/vpn";
/// Unit that has the interface.
pub const VPN_UNIT: &str = "slurmha-vpn.service";
/// Its file.
pub const VPN_UNIT_FILE: &str = "/etc/systemd/system/slurmha-vpn.service";
/// Unit that tells Prometheus about it.
pub const VPN_METRICS_UNIT: &str = "slurmha-vpn-metrics.service";
/// Its file.
pub const VPN_METRICS_UNIT_FILE: &str = "/etc/systemd/system/slurmha-vpn-metrics.service";
/// What starts it, as often as Prometheus looks.
pub const VPN_METRICS_TIMER: &str = "slurmha-vpn-metrics.timer";
/// Its file.
pub const VPN_METRICS_TIMER_FILE: &str = "/etc/systemd/system/slurmha-vpn-metrics.timer";
/// What it tells, where Debian's node exporter looks for more to tell
/// (`--collector.textfile.directory`).
pub const VPN_METRICS_FILE: &str = "/var/lib/prometheus/node-exporter/slurmha-vpn.prom";
/// Unit that loads peers and rules into it.
pub const VPN_PEERS_UNIT: &str = "slurmha-vpn-peers.service";
/// Its file.
pub const VPN_PEERS_UNIT_FILE: &str = "/etc/systemd/system/slurmha-vpn-peers.service";
/// What keeps package scripts from starting daemons, while packages are
/// installed.
pub const POLICY_RC_D: &str = "/usr/sbin/policy-rc.d";
/// The line by which slurmha knows its own.
pub const POLICY_RC_D_MARKER: &str =
    "# Placed by slurmha while it installs packages; safe to remove.";
