// SPDX-License-Identifier: Apache-2.0
//! The validated site: the only form that the rest of slurmha sees.
//!
//! A [`Site`] is complete (every default is filled in) and consistent (every
//! rule of the site file holds), so that nothing downstream has to ask again.

mod console;
mod monitoring;
mod ondemand;
mod people;
mod portal;
mod repository;
mod vpn;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ipnet::Ipv4Net;
use serde::{Deserialize, Serialize};

use crate::secret::SecretId;

pub use console::{ActionKind, Actions, Certificate, Console};
pub use monitoring::{Grafana, Mail, MailLogin, Monitoring, MonitoringHost, Webhook, WebhookUrl};
pub use ondemand::{Auth, Bind, Desktop, Dex, Oidc, Ondemand, Tls};
pub use people::{Homes, Limits, LocalGroup, LocalUser, NfsHomes, People};
pub use portal::Portal;
pub use repository::{Repository, Vendor};
pub(in crate::site) use vpn::gateway_address;
pub use vpn::{Gateway, Peer, Vpn};

/// A machine's short host name, as in `uname -n` and Slurm's `NodeName`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NodeName(pub String);

impl NodeName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for NodeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl From<&str> for NodeName {
    fn from(name: &str) -> Self {
        Self(name.to_owned())
    }
}

/// One highly available Slurm cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Site {
    /// Slurm's `ClusterName`, also the name of the Corosync cluster.
    pub cluster_name: String,
    /// The address that moves with slurmctld; clients know only this one.
    pub vip: Ipv4Addr,
    /// The two networks that the controllers share.
    pub networks: Networks,
    /// How quickly a dead machine is noticed.
    pub timing: Timing,
    /// NTP servers outside the cluster; may be empty (the controllers then
    /// agree among themselves).
    pub time_servers: Vec<String>,
    /// How the administrator's machine reaches the cluster's machines.
    pub ssh: Ssh,
    /// The two controllers, in the order of the file.
    pub controllers: [Controller; 2],
    /// The third vote: a host outside the control plane that runs
    /// corosync-qnetd.
    pub arbiter: Option<Arbiter>,
    /// Compute nodes, one entry per `[[nodes]]` table.
    pub node_groups: Vec<NodeGroup>,
    /// Slurm partitions.
    pub partitions: Vec<Partition>,
    /// Login nodes, from which users submit.
    pub logins: Vec<Login>,
    /// Who has an account, and where homes are.
    pub people: People,
    /// What one person may take of a login node.
    pub limits: Limits,
    /// Further lines for slurm.conf, passed through as they are.
    pub slurm_extra: Vec<String>,
    /// Whether `sbatch` waits until the job is saved.
    pub durable_submit: DurableSubmit,
    /// What becomes of a controller that the cluster has fenced.
    pub after_fencing: AfterFencing,
    /// Who watches the cluster and tells whom; `None` when nobody does.
    pub monitoring: Option<Monitoring>,
    /// Who comes in from outside, and where; `None` when nobody does.
    pub vpn: Option<Vpn>,
    /// The page that shows the cluster live; `None` when there is none.
    pub console: Option<Console>,
    /// The page through which users submit jobs; `None` when there is none.
    pub portal: Option<Portal>,
    /// Open OnDemand on login nodes; `None` when there is none.
    pub ondemand: Option<Ondemand>,
    /// Dangers that the file accepts by name.
    pub accept: BTreeSet<Accept>,
}

/// The networks between the machines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Networks {
    /// Link 0: Corosync, Slurm, the VIP.
    pub cluster: Ipv4Net,
    /// Link 1: Corosync, DRBD.
    pub replication: Ipv4Net,
}

/// Failure detection; see `corosync.conf(5)` and `corosync-qdevice(8)`.
///
/// Only `token` has to be chosen; the rest follows from it unless the file
/// sets it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Timing {
    /// Silence after which Corosync gives up on the token.
    pub token: Duration,
    /// How long the survivors then wait for each other.
    pub consensus: Duration,
    /// `quorum.device.timeout`; qnetd drops a silent client after 1.2 times
    /// this (0.8 heartbeat x 1.5), which must be sooner than token + consensus.
    pub qdevice_timeout: Duration,
    /// `quorum.device.sync_timeout`: how long a membership change may wait
    /// for the arbiter's vote.
    pub qdevice_sync_timeout: Duration,
}

impl Timing {
    /// When a survivor knows that a controller is gone: token + consensus.
    pub fn noticed_after(&self) -> Duration {
        self.token + self.consensus
    }
}

/// Settings for the system's `ssh`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ssh {
    /// The remote user: root, or one with password-less sudo.
    pub user: String,
    /// An ssh configuration file to use instead of `~/.ssh/config`.
    pub config: Option<PathBuf>,
}

/// A machine that can run slurmctld, slurmdbd and MariaDB.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Controller {
    /// Host name.
    pub name: NodeName,
    /// Address on the cluster network (link 0).
    pub address: Ipv4Addr,
    /// Address on the replication network (link 1).
    pub replication_address: Ipv4Addr,
    /// Block device under DRBD volume 0, slurmctld's state.
    pub state_device: PathBuf,
    /// Block device under DRBD volume 1, MariaDB's data.
    pub database_device: PathBuf,
    /// How this machine's power is cut by the other one.
    pub fence: Option<Fence>,
}

/// A fence device: an agent of the fence-agents project and its parameters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fence {
    /// Agent name, such as `fence_ipmilan`.
    pub agent: String,
    /// Address of the BMC or power switch.
    pub address: String,
    /// Login on the device.
    pub user: Option<String>,
    /// File on the administrator's machine that holds the password; it
    /// travels to the controllers inside ssh and appears nowhere else.
    pub password_file: Option<PathBuf>,
    /// Further parameters of the agent (`lanplus`, `cipher`, ...).
    pub options: BTreeMap<String, String>,
}

/// Agents that say "off" without having switched anything off.
const AGENTS_WITHOUT_PROOF: [&str; 3] = ["fence_dummy", "fence_manual", "fence_ack_manual"];

/// Whether a machine is off when this agent says so.
pub(super) fn gives_proof(agent: &str) -> bool {
    !AGENTS_WITHOUT_PROOF.contains(&agent)
}

/// The host that runs corosync-qnetd.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Arbiter {
    /// Host name; may be that of a login node.
    pub name: NodeName,
    /// Address on the cluster network.
    pub address: Ipv4Addr,
}

/// Compute nodes that share one description.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NodeGroup {
    /// The hostlist as written, such as `cn[001-128]`.
    pub hostlist: String,
    /// The nodes that it names, with their addresses, in order.
    pub nodes: Vec<ComputeNode>,
    /// Slurm's `CPUs`.
    pub cpus: u32,
    /// Slurm's `RealMemory`, in MiB.
    pub memory_mb: u64,
    /// Slurm's `Gres`, such as `gpu:a100:4`.
    pub gres: Option<String>,
    /// Slurm's `Features`.
    pub features: Vec<String>,
    /// Further `key=value` pairs for the NodeName line, passed through.
    pub extra: Option<String>,
}

/// One compute node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ComputeNode {
    /// Host name and Slurm's `NodeName`.
    pub name: NodeName,
    /// Address on the cluster network.
    pub address: Ipv4Addr,
}

/// A Slurm partition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Partition {
    /// Partition name.
    pub name: String,
    /// Hostlist of its nodes, as written; `ALL` is allowed.
    pub nodes: String,
    /// Whether jobs that name no partition go here.
    pub default: bool,
    /// Slurm's `MaxTime`, as Slurm writes it.
    pub max_time: Option<String>,
    /// Slurm's `DefaultTime`, as Slurm writes it.
    pub default_time: Option<String>,
    /// Further `key=value` pairs for the PartitionName line, passed through.
    pub extra: Option<String>,
}

/// A machine on which users work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Login {
    /// Host name.
    pub name: NodeName,
    /// Address on the cluster network.
    pub address: Ipv4Addr,
}

/// A danger that a site file has to accept by name before slurmha goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Accept {
    /// Controllers without a fence device: a partition can end in two
    /// writers, and then one side's jobs are lost.
    DataLossWithoutFencing,
    /// Two votes instead of three: after a partition only a fence race
    /// decides who goes on, and a lone controller cannot start by itself.
    NoArbiter,
}

impl Accept {
    /// Every danger, in the order of the documentation.
    pub const ALL: [Self; 2] = [Self::DataLossWithoutFencing, Self::NoArbiter];

    /// The word that the site file uses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DataLossWithoutFencing => "data-loss-without-fencing",
            Self::NoArbiter => "no-arbiter",
        }
    }
}

/// Whether `sbatch` gives a job's id back only when the job table saved on
/// the replicated disk contains it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DurableSubmit {
    /// Never; nothing of it is installed.
    #[default]
    Off,
    /// Only where `SLURMHA_DURABLE_SUBMIT=1` stands in the environment.
    OnRequest,
    /// Unless `SLURMHA_DURABLE_SUBMIT=0` stands in the environment.
    On,
}

impl DurableSubmit {
    /// Every choice, in the order of the documentation.
    pub const ALL: [Self; 3] = [Self::Off, Self::OnRequest, Self::On];

    /// The word that the site file uses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::OnRequest => "on-request",
            Self::On => "on",
        }
    }

    /// Whether the service and the clients' filter are there at all.
    pub fn is_offered(self) -> bool {
        self != Self::Off
    }
}

/// What becomes of a controller that the cluster has fenced, when the other
/// one has taken over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AfterFencing {
    /// It is switched on again a minute later, and joins by itself.
    #[default]
    PowerOn,
    /// A person looks at it first.
    StayOff,
}

impl AfterFencing {
    /// Every choice, in the order of the documentation.
    pub const ALL: [Self; 2] = [Self::PowerOn, Self::StayOff];

    /// The word that the site file uses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PowerOn => "power-on",
            Self::StayOff => "stay-off",
        }
    }
}

/// What a machine does in the cluster; one machine can have several roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Runs the control plane.
    Controller,
    /// Runs corosync-qnetd.
    Arbiter,
    /// Runs slurmd.
    Compute,
    /// Users log in here.
    Login,
    /// Runs Prometheus and Alertmanager.
    Monitoring,
    /// Lets people in from outside.
    Gateway,
}

/// One machine of the site with everything that it does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Machine {
    /// Host name.
    pub name: NodeName,
    /// Address on the cluster network.
    pub address: Ipv4Addr,
    /// Its roles, never empty.
    pub roles: BTreeSet<Role>,
}

impl Machine {
    /// Whether it speaks to Slurm. Whoever has munge's key is every user of the
    /// cluster: a machine that only lets people in must not have it.
    pub fn takes_part_in_slurm(&self) -> bool {
        self.roles.iter().any(|role| *role != Role::Gateway)
    }

    /// Whether it has the site's console, if there is one: somebody who looks can
    /// always reach one that is not at fault.
    pub fn has_console(&self) -> bool {
        [Role::Controller, Role::Monitoring].iter().any(|role| self.roles.contains(role))
    }
}

impl Site {
    /// Whether a machine that is lost gets its power cut. Without that the
    /// site file has accepted what can then happen. An agent that only says so
    /// cuts nothing: taken for a fence, it would call a death proven that is none.
    pub fn is_fenced(&self) -> bool {
        let is_cut = |controller: &Controller| {
            controller.fence.as_ref().is_some_and(|fence| gives_proof(&fence.agent))
        };
        !self.accept.contains(&Accept::DataLossWithoutFencing)
            || self.controllers.iter().all(is_cut)
    }

    /// The secrets that the site file gives by reference, with the file on the
    /// administrator's machine that holds each.
    pub fn given_secrets(&self) -> Vec<(SecretId, &Path)> {
        let bmc = self.controllers.iter().filter_map(|controller| {
            let file = controller.fence.as_ref()?.password_file.as_deref()?;
            Some((SecretId::BmcPassword(controller.name.clone()), file))
        });
        let monitoring = self.monitoring.iter().flat_map(Monitoring::given_secrets);
        let console = self.console.iter().flat_map(Console::given_secrets);
        let directory = self.people.given_secret();
        let portal = self.portal.iter().flat_map(Portal::given_secrets);
        let ondemand = self.ondemand.iter().flat_map(Ondemand::given_secrets);
        let pages = console.chain(portal).chain(ondemand);
        bmc.chain(monitoring).chain(directory).chain(pages).collect()
    }

    /// Where a machine finds packages that the distribution does not have.
    pub fn repositories(&self, machine: &Machine) -> Vec<&Repository> {
        let watches = machine.roles.contains(&Role::Monitoring);
        let monitoring = self.monitoring.as_ref().filter(|_| watches);
        let grafana = monitoring.and_then(|monitoring| monitoring.grafana.as_ref());
        let ondemand = self.ondemand.iter().filter(|ondemand| ondemand.is_on(&machine.name));
        let ondemand = ondemand.flat_map(|ondemand| &ondemand.repositories);
        grafana.iter().map(|grafana| &grafana.repository).chain(ondemand).collect()
    }

    /// Whether a controller that was fenced is switched on again.
    pub fn powers_on(&self) -> bool {
        self.is_fenced() && self.after_fencing == AfterFencing::PowerOn
    }

    /// Every machine once, controllers first, then in the order of the file.
    pub fn machines(&self) -> Vec<Machine> {
        let controllers = self.controllers.iter().map(|c| (&c.name, c.address, Role::Controller));
        let arbiter = self.arbiter.iter().map(|a| (&a.name, a.address, Role::Arbiter));
        let logins = self.logins.iter().map(|l| (&l.name, l.address, Role::Login));
        let compute = self.compute_nodes().map(|n| (&n.name, n.address, Role::Compute));
        let watching = self.monitoring.iter().flat_map(|monitoring| &monitoring.hosts);
        let watching = watching.map(|host| (&host.name, host.address, Role::Monitoring));
        let gateways = self.vpn.iter().flat_map(|vpn| &vpn.gateways);
        let gateways = gateways.map(|gateway| (&gateway.name, gateway.address, Role::Gateway));
        let outside = logins.chain(watching).chain(gateways);
        let all = controllers.chain(arbiter).chain(outside).chain(compute);
        let mut machines: Vec<Machine> = Vec::new();
        let mut places: HashMap<&NodeName, usize> = HashMap::new();
        for (name, address, role) in all {
            let place = *places.entry(name).or_insert_with(|| {
                machines.push(Machine { name: name.clone(), address, roles: BTreeSet::new() });
                machines.len() - 1
            });
            machines[place].roles.insert(role);
        }
        machines
    }

    /// Every compute node of every group.
    pub fn compute_nodes(&self) -> impl Iterator<Item = &ComputeNode> {
        self.node_groups.iter().flat_map(|group| &group.nodes)
    }

    /// How many compute nodes the partition has to which jobs go that name none.
    pub fn default_nodes(&self) -> usize {
        let Some(partition) = self.partitions.iter().find(|partition| partition.default) else {
            return 0;
        };
        match partition.nodes.as_str() {
            "ALL" => self.compute_nodes().count(),
            nodes => super::hostlist::expand(nodes).map_or(0, |nodes| nodes.len()),
        }
    }

    /// The controller of that name.
    pub fn controller(&self, name: &NodeName) -> Option<&Controller> {
        self.controllers.iter().find(|c| &c.name == name)
    }
}
