// SPDX-License-Identifier: Apache-2.0
//! What a site file may say: its tables and keys.
//!
//! A new key is added here; reading it, suggesting it for a mistyped one and
//! describing it in the JSON schema follow. What it means is then said in
//! `assemble.rs`, what it must not contradict in `rules/`, and it gets a row in
//! `docs/guide/site-file.md`, which a test holds against the schema.

mod ondemand;
mod people;

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;
use serde_json::Value as Json;
use toml::de::{DeTable, DeValue};

use super::diagnostic::Span;
use super::fragment::{Field, Fragment, Need, fragment, read_table, take_value};
use super::model::{Accept, ActionKind, AfterFencing, DurableSubmit};
use super::reader::{Report, Value, wrong_type};
use super::schema::table_schema;
use super::spanned::Spanned;
use super::value::{
    Addresses, ClusterName, DevicePath, ExtraLine, ExtraPairs, Feature, FenceAgent, FenceOptions,
    FenceUser, FilePath, Gres, HostAndPort, HostName, HostOrAddress, HttpUrl, MailAddress,
    MailUser, Nodes, PartitionName, PartitionNodes, PeerName, ReceiverName, Recipients,
    RepositoryUrl, Retention, SshUser, TimeLimit,
};
use crate::wireguard::PublicKey;

pub(super) use ondemand::{Ondemand, OndemandDex, OndemandOidc};
pub(super) use people::{Directory, Homes, Limits, LocalGroup, LocalUser};

/// Entries of a table that is written several times, or of a list.
pub(super) type Many<T> = Vec<Spanned<T>>;

fragment! {
    /// One highly available Slurm cluster, as slurmha builds and keeps it.
    SiteFile as "the site file" {
        /// The cluster as a whole.
        required cluster: Cluster,
        /// The two networks that the controllers share.
        required network: Network,
        /// How quickly a dead controller is noticed.
        optional timing: Timing,
        /// Where the machines take their time from.
        optional time: Time,
        /// How the administrator's machine reaches the cluster's machines.
        optional ssh: Ssh,
        /// A machine that can run slurmctld, slurmdbd and MariaDB; written exactly twice.
        optional controller: Many<Controller>,
        /// The host of the third vote.
        optional arbiter: Arbiter,
        /// A machine from which users submit.
        optional login: Many<Login>,
        /// A person with an account on login and compute nodes.
        optional user: Many<LocalUser>,
        /// A group that several people belong to.
        optional group: Many<LocalGroup>,
        /// Where people's home directories are.
        optional homes: Homes,
        /// The site's directory of people, asked through SSSD.
        optional directory: Directory,
        /// What one person may take of a login node.
        optional limits: Limits,
        /// Compute nodes that share one description.
        optional nodes: Many<NodeGroup>,
        /// A Slurm partition.
        optional partition: Many<Partition>,
        /// What is passed on to slurm.conf, and how jobs are submitted.
        optional slurm: Slurm,
        /// Who watches the cluster and tells whom.
        optional monitoring: Monitoring,
        /// A page that shows the cluster live.
        optional console: Console,
        /// Who comes in from outside, through WireGuard.
        optional vpn: Vpn,
        /// A page through which users submit jobs and see them.
        optional portal: Portal,
        /// Open OnDemand on login nodes.
        optional ondemand: Ondemand,
    }
}

fragment! {
    /// The cluster as a whole.
    Cluster as "[cluster]" {
        /// Slurm's ClusterName, also the name of the Corosync cluster.
        /// It cannot be changed later without losing the accounting's history.
        required name: ClusterName,
        /// The address that moves with slurmctld; clients know only this one.
        /// It lies in the cluster network and belongs to no machine.
        required vip: Ipv4Addr,
        /// Dangers that are accepted by name.
        /// Without it, a site without fencing or without an arbiter is refused.
        optional accept: Many<Accept>,
        /// What becomes of a controller that the cluster has fenced.
        /// "power-on", the default: it is switched on a minute after the fence, when slurmctld answers or after five minutes, and joins by itself; at most three times an hour. "stay-off": a person looks at it first.
        optional after_fencing: AfterFencing,
    }
}

fragment! {
    /// The two networks that the controllers share.
    Network as "[network]" {
        /// Link 0, the cluster network: Corosync, Slurm and the VIP.
        required cluster: Ipv4Net,
        /// Link 1, the replication network: Corosync and DRBD.
        /// A direct cable between the controllers is fine.
        required replication: Ipv4Net,
    }
}

fragment! {
    /// How quickly a dead controller is noticed.
    /// Only token_ms has to be chosen; the rest follows from it.
    Timing as "[timing]" {
        /// Milliseconds of silence after which Corosync gives up on the token.
        /// 1000 by default; a longer one forgives longer stalls and makes every failover slower.
        optional token_ms: u64,
        /// Milliseconds that the survivor then waits for the other controller.
        /// 1.2 times the token by default; corosync.conf(5) allows less for two controllers.
        optional consensus_ms: u64,
        /// Corosync's quorum.device.timeout, in milliseconds.
        /// The arbiter drops a dead controller after 1.2 times this, which must be sooner than token and consensus together.
        optional qdevice_timeout_ms: u64,
        /// Corosync's quorum.device.sync_timeout, in milliseconds.
        /// How long a membership change may wait for the arbiter's vote.
        optional qdevice_sync_timeout_ms: u64,
    }
}

fragment! {
    /// Where the machines take their time from.
    Time as "[time]" {
        /// NTP servers outside the cluster, by address or name.
        /// An empty list says that there are none on purpose; the machines then agree with the controllers.
        required servers: Many<HostOrAddress>,
    }
}

fragment! {
    /// How the administrator's machine reaches the cluster's machines.
    Ssh as "[ssh]" {
        /// The remote user, root by default: root, or one with password-less sudo.
        optional user: SshUser,
        /// An ssh configuration file to use instead of ~/.ssh/config.
        optional config: FilePath,
    }
}

fragment! {
    /// A machine that can run slurmctld, slurmdbd and MariaDB.
    Controller as "[[controller]]" {
        /// The machine's host name, as `uname -n` prints it.
        required name: HostName,
        /// Its address on the cluster network.
        required address: Ipv4Addr,
        /// Its address on the replication network.
        required replication_address: Ipv4Addr,
        /// The block device for slurmctld's state, DRBD volume 0.
        required state_device: DevicePath,
        /// The block device for MariaDB's data, DRBD volume 1.
        required database_device: DevicePath,
        /// How this machine's power is cut by the other one.
        optional fence: Fence,
    }
}

fragment! {
    /// How this machine's power is cut by the other one.
    Fence as "[controller.fence]" {
        /// An agent of the fence-agents project.
        required agent: FenceAgent,
        /// The address of the machine's BMC or of the power switch.
        required address: HostOrAddress,
        /// The login on the device.
        optional user: FenceUser,
        /// A file on the administrator's machine that holds the password.
        /// The password itself never stands in the site file.
        optional password_file: FilePath,
        /// Further parameters of the agent, such as lanplus or plug.
        optional options: FenceOptions,
    }
}

fragment! {
    /// The host of the third vote; it runs corosync-qnetd.
    Arbiter as "[arbiter]" {
        /// The machine's host name; may be that of a login node.
        required name: HostName,
        /// Its address on the cluster network.
        required address: Ipv4Addr,
    }
}

fragment! {
    /// A machine from which users submit.
    Login as "[[login]]" {
        /// The machine's host name, as `uname -n` prints it.
        required name: HostName,
        /// Its address on the cluster network.
        required address: Ipv4Addr,
    }
}

fragment! {
    /// Compute nodes that share one description.
    NodeGroup as "[[nodes]]" {
        /// Their host names as a hostlist, such as cn[001-128].
        required names: Nodes,
        /// Their addresses as a hostlist, in the order of the names.
        required addresses: Addresses,
        /// Slurm's CPUs: what `slurmd -C` prints on such a node.
        required cpus: u64,
        /// Slurm's RealMemory in MiB: what `slurmd -C` prints, or somewhat less.
        required memory_mb: u64,
        /// Slurm's Gres, such as gpu:a100:4.
        optional gres: Gres,
        /// Slurm's Features, which jobs can ask for with --constraint.
        optional features: Many<Feature>,
        /// Further Key=Value pairs for the NodeName line.
        optional extra: ExtraPairs,
    }
}

fragment! {
    /// A Slurm partition.
    Partition as "[[partition]]" {
        /// Slurm's PartitionName.
        required name: PartitionName,
        /// Its nodes as a hostlist, or ALL.
        required nodes: PartitionNodes,
        /// Whether jobs that name no partition go here; false by default.
        optional default: bool,
        /// The longest time that a job may ask for; unlimited by default.
        optional max_time: TimeLimit,
        /// The time that a job gets when it asks for none; max_time by default.
        optional default_time: TimeLimit,
        /// Further Key=Value pairs for the PartitionName line.
        optional extra: ExtraPairs,
    }
}

fragment! {
    /// What is passed on to slurm.conf, and how jobs are submitted.
    Slurm as "[slurm]" {
        /// Whether sbatch waits until the saved job table contains the job: "off" by default, "on-request" or "on".
        /// With "on-request" only where SLURMHA_DURABLE_SUBMIT=1 is in the environment, with "on" unless it is 0.
        optional durable_submit: DurableSubmit,
        /// Further lines for slurm.conf, each of the form Key=Value.
        optional extra: Many<ExtraLine>,
    }
}

fragment! {
    /// Who watches the cluster, with Prometheus and Alertmanager, and tells whom.
    Monitoring as "[monitoring]" {
        /// A machine that runs Prometheus and Alertmanager; one or two of them.
        optional host: Many<MonitoringHost>,
        /// How long Prometheus keeps what it has seen, such as "30d", the default.
        optional retention: Retention,
        /// Seconds between two looks at a machine; 15 by default, 5 to 60.
        optional interval_s: u64,
        /// Alerts by mail.
        optional mail: Mail,
        /// A program that takes alerts by HTTP.
        optional webhook: Many<Webhook>,
        /// Grafana on the same machines, with the dashboards.
        optional grafana: Grafana,
    }
}

fragment! {
    /// A machine that runs Prometheus and Alertmanager.
    MonitoringHost as "[[monitoring.host]]" {
        /// The machine's host name; may be that of a login node or of the arbiter.
        required name: HostName,
        /// Its address on the cluster network.
        required address: Ipv4Addr,
    }
}

fragment! {
    /// Alerts by mail.
    Mail as "[monitoring.mail]" {
        /// Who gets them.
        required to: Recipients,
        /// Whom they come from.
        required from: MailAddress,
        /// The mail server and its port.
        required smarthost: HostAndPort,
        /// The login on the mail server; without it there is none, and no TLS is asked for.
        optional user: MailUser,
        /// A file on the administrator's machine that holds the password.
        /// The password itself never stands in the site file.
        optional password_file: FilePath,
    }
}

fragment! {
    /// A program that takes alerts by HTTP, in Alertmanager's own form.
    Webhook as "[[monitoring.webhook]]" {
        /// What it is called here; its own among the webhooks.
        required name: ReceiverName,
        /// Its URL, when that is no secret.
        optional url: HttpUrl,
        /// A file on the administrator's machine that holds the URL, when whoever knows it can use it.
        optional url_file: FilePath,
        /// Whether it gets a sign of life each minute instead of the alerts; false by default.
        /// For a service outside that raises the alarm when the sign does not come.
        optional heartbeat: bool,
    }
}

fragment! {
    /// Grafana on the monitoring hosts, with the dashboards; from its vendor, because Debian has none.
    Grafana as "[monitoring.grafana]" {
        /// The APT repository that has the package: https://apt.grafana.com by default, or a mirror of it.
        optional repository: RepositoryUrl,
        /// A file on the administrator's machine that holds the key with which the repository is signed, armored or not.
        /// Packages with any other signature are refused.
        required key_file: FilePath,
        /// TCP port at which Grafana answers on the cluster network; 3000 by default.
        optional port: u64,
        /// A file on the administrator's machine that holds the password of Grafana's user admin.
        /// It counts at Grafana's first start; later it is changed in Grafana.
        required admin_password_file: FilePath,
    }
}

fragment! {
    /// Who comes in from outside, through WireGuard, and reaches ssh on the login nodes.
    Vpn as "[vpn]" {
        /// The addresses of the people's machines inside the tunnel; no other network of the site.
        /// The first one is the gateways' own.
        required network: Ipv4Net,
        /// The UDP port of every gateway; 51820 by default.
        optional port: u64,
        /// What clients dial, an address or a DNS name that leads to the gateway from outside.
        optional endpoint: HostOrAddress,
        /// Whether people reach the console's pages as well; false by default.
        optional console: bool,
        /// A machine that lets people in; one or two of them.
        optional gateway: Many<VpnGateway>,
        /// A machine outside that may come in; `slurmha vpn add` writes it.
        optional peer: Many<VpnPeer>,
    }
}

fragment! {
    /// A machine that lets people in.
    VpnGateway as "[[vpn.gateway]]" {
        /// The machine's host name; may be that of a login node.
        required name: HostName,
        /// Its address on the cluster network.
        required address: Ipv4Addr,
        /// What clients dial to reach this gateway; that of [vpn] by default.
        optional endpoint: HostOrAddress,
    }
}

fragment! {
    /// A machine outside that may come in.
    VpnPeer as "[[vpn.peer]]" {
        /// What it is called, its own among the peers.
        required name: PeerName,
        /// The public half of its WireGuard key, as `wg pubkey` prints it.
        /// The private half stays on the machine.
        required public_key: PublicKey,
        /// Its address inside the tunnel, its own.
        required address: Ipv4Addr,
    }
}

fragment! {
    /// A page that shows the cluster live, on the controllers and the monitoring hosts.
    Console as "[console]" {
        /// The TCP port at which browsers find it; 9818 by default.
        optional port: u64,
        /// Who signs in; "admin" by default.
        optional user: MailUser,
        /// A file on the administrator's machine that holds the password, or what `slurmha console --hash` printed.
        /// The password itself never stands in the site file.
        required password_file: FilePath,
        /// A file on the administrator's machine with the certificate in PEM, and those that vouch for it.
        /// Without it each machine makes one for itself.
        optional certificate_file: FilePath,
        /// A file on the administrator's machine with the certificate's private key in PEM.
        optional key_file: FilePath,
        /// What may be done from the page of the first controller: "switchover" moves the active role,
        /// "standby" sets a passive controller aside and takes it back. Nothing by default.
        optional actions: Many<ActionKind>,
        /// A file on the administrator's machine that holds the password, or its hash, which is asked for at each action;
        /// another one than that of looking.
        optional actions_password_file: FilePath,
    }
}

fragment! {
    /// A page through which users submit jobs, see them wait and run, and read their output; on login nodes.
    Portal as "[portal]" {
        /// The login nodes that it runs on, by their names.
        /// A controller is none: users' work can starve the control plane.
        required hosts: Many<HostName>,
        /// The TCP port at which browsers find it; 8443 by default.
        optional port: u64,
        /// A file on the administrator's machine with the certificate in PEM, and those that vouch for it.
        /// Without it each host makes one for itself.
        optional certificate_file: FilePath,
        /// A file on the administrator's machine with the certificate's private key in PEM.
        optional key_file: FilePath,
        /// Whether users can open a terminal on the login node in the browser: a login like that by
        /// ssh, for whoever has signed in. Not by default.
        optional terminal: bool,
    }
}

impl Cluster {
    /// Where the file accepts a danger.
    pub(super) fn accepted(&self, danger: Accept) -> Option<&Spanned<Accept>> {
        items(self.accept.as_ref()).iter().find(|accept| accept.value == danger)
    }
}

/// The entries of a list or repeated table that may be absent.
pub(super) fn items<T>(many: Option<&Spanned<Many<T>>>) -> &[Spanned<T>] {
    many.map_or(&[], |many| many.value.as_slice())
}
