// SPDX-License-Identifier: Apache-2.0
//! The parts of a status.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::observe::{
    ClusterBan, ClusterNode, ClusterStatus, DrbdStatus, FencingEvent, Health, Preference,
    QuorumStatus, Reading, ResourceFailure,
};
use crate::site::{NodeName, Role};

/// The whole cluster at one moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// The cluster's name.
    pub cluster: String,
    /// All of it in one word.
    pub verdict: Verdict,
    /// What is not as it should be, worst first.
    pub problems: Vec<Problem>,
    /// The controller that runs, or should run, the scheduler.
    pub active: Option<NodeName>,
    /// Votes, from the best informed controller.
    pub quorum: Reading<QuorumStatus>,
    /// The arbiter's name, when the site has one.
    pub arbiter: Option<NodeName>,
    /// Pacemaker's designated controller.
    pub dc: Option<String>,
    /// Every machine that was asked or is known to Pacemaker.
    pub machines: Vec<MachineStatus>,
    /// DRBD, from each controller's own point of view.
    pub replication: BTreeMap<NodeName, Reading<DrbdStatus>>,
    /// Every cluster resource.
    pub resources: Reading<Vec<ResourceStatus>>,
    /// The address that moves with the scheduler.
    pub vip: Vip,
    /// The daemons, each by a real request.
    pub daemons: Daemons,
    /// Jobs by state.
    pub jobs: Reading<BTreeMap<String, u64>>,
    /// Compute nodes by state.
    pub nodes: Reading<BTreeMap<String, u64>>,
    /// What Pacemaker remembers of fencing, newest first.
    pub fencing: Vec<FencingEvent>,
    /// Failed operations that nobody has cleaned up.
    pub failures: Vec<ResourceFailure>,
    /// Constraints that an action left behind and that keep a resource off a
    /// machine.
    pub leftover_bans: Vec<ClusterBan>,
    /// What somebody has moved by hand, and nothing ends.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leftover_preferences: Vec<Preference>,
}

impl Status {
    /// Whether something could only not be asked, and nothing speaks against the control
    /// plane, so that another look may tell more.
    pub fn is_worth_another_look(&self) -> bool {
        let mut unknown = self.problems.iter().filter(|it| it.severity == Severity::Unknown);
        self.speaks_against_nothing()
            && (unknown.next().is_some() || self.verdict == Verdict::Unknown)
    }

    /// The same for somebody who has to know of the control plane alone: that a compute or
    /// login node does not answer is nothing to wait for.
    pub fn is_undecided(&self) -> bool {
        self.speaks_against_nothing()
            && (self.own_problems().next().is_some() || self.verdict == Verdict::Unknown)
    }

    fn speaks_against_nothing(&self) -> bool {
        self.own_problems().all(|problem| problem.severity == Severity::Unknown)
    }

    /// Those of the control plane.
    fn own_problems(&self) -> impl Iterator<Item = &Problem> {
        self.problems.iter().filter(|problem| !problem.outside)
    }

    /// Whether all that is wrong is on compute and login nodes.
    pub fn is_only_outside(&self) -> bool {
        self.own_problems().next().is_none()
    }

    /// What is wrong now, when weak settings are accepted.
    pub fn troubles(&self) -> impl Iterator<Item = &Problem> {
        self.problems.iter().filter(|problem| !problem.weakness)
    }

    /// What the next failure would cost more for.
    pub fn weaknesses(&self) -> impl Iterator<Item = &Problem> {
        self.problems.iter().filter(|problem| problem.weakness)
    }

    /// Whether it serves and nothing is wrong but settings that only a failure
    /// needs.
    pub fn is_only_weak(&self) -> bool {
        self.daemons.slurmctld == Health::Up && self.troubles().next().is_none()
    }

    /// Whether Pacemaker says that this controller does not take part.
    pub(super) fn is_offline(&self, controller: &str) -> bool {
        self.machines
            .iter()
            .any(|m| m.name.as_str() == controller && m.member == Some(Member::Offline))
    }
}

/// All of a status in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It serves, and it would survive the next failure.
    Healthy,
    /// It serves, but something is missing.
    Degraded,
    /// The scheduler is known not to answer.
    Down,
    /// Too little could be asked.
    Unknown,
}

impl Verdict {
    /// The word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Degraded => "degraded",
            Self::Down => "down",
            Self::Unknown => "unknown",
        }
    }
}

/// How bad a problem is. The order is that of display.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// The scheduler does not work.
    Down,
    /// It works, but would not survive the next failure, or not all of it
    /// works.
    Degraded,
    /// It could not be told.
    Unknown,
}

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// How bad it is.
    pub severity: Severity,
    /// What it is, in one line.
    pub text: String,
    /// What to type next; absent when there is nothing to do but wait.
    pub next: Option<String>,
    /// Whether it lies outside the control plane, on a compute or login node.
    #[serde(skip)]
    pub outside: bool,
    /// Whether nothing is wrong yet: a setting is not as it has to be, and the
    /// next failure costs more than it should.
    #[serde(skip)]
    pub weakness: bool,
}

/// One machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MachineStatus {
    /// Host name.
    pub name: NodeName,
    /// What it does.
    pub roles: BTreeSet<Role>,
    /// Whether it answered us.
    pub contact: Contact,
    /// What Pacemaker says about it; only controllers are its nodes.
    pub member: Option<Member>,
}

/// Whether a machine answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "is", content = "why")]
pub enum Contact {
    /// It did.
    Reachable,
    /// It did not; that alone does not mean that it is down.
    Unreachable(String),
    /// It was not asked from here.
    NotAsked,
}

/// What Pacemaker says about a controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Member {
    /// Takes part and can run resources.
    Online,
    /// Takes part, but shall run nothing.
    Standby,
    /// Takes part, but Pacemaker keeps its hands off.
    Maintenance,
    /// Is joining.
    Pending,
    /// Its state is not known, and it waits to be fenced.
    Unclean,
    /// Does not take part.
    Offline,
    /// No controller could be asked.
    Unknown,
}

impl Member {
    /// What Pacemaker says about a controller of that name.
    pub fn told_by(cluster: &ClusterStatus, name: &str) -> Self {
        match cluster.nodes.iter().find(|node| node.name == name) {
            None | Some(ClusterNode { online: false, pending: false, unclean: false, .. }) => {
                Self::Offline
            }
            Some(node) if node.unclean => Self::Unclean,
            Some(node) if node.pending => Self::Pending,
            Some(node) if node.standby => Self::Standby,
            Some(node) if node.maintenance || cluster.maintenance => Self::Maintenance,
            Some(_) => Self::Online,
        }
    }

    /// The word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Online => "online",
            Self::Standby => "standby",
            Self::Maintenance => "maintenance",
            Self::Pending => "pending",
            Self::Unclean => "unclean",
            Self::Offline => "offline",
            Self::Unknown => "unknown",
        }
    }
}

/// One cluster resource with all of its instances.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourceStatus {
    /// Id without instance number.
    pub id: String,
    /// Role and place of each instance, such as `Promoted` on `ctl1`.
    pub instances: Vec<ResourceInstance>,
}

/// One instance of a resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourceInstance {
    /// `Started`, `Promoted`, `Unpromoted`, `Stopped`, ...
    pub role: String,
    /// Where.
    pub node: Option<String>,
    /// `failed`, `blocked`, `unmanaged`; empty when all is well.
    pub marks: Vec<String>,
}

/// The virtual address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vip {
    /// The address.
    pub address: Ipv4Addr,
    /// The machine that holds it, as Pacemaker has it.
    pub holder: Option<String>,
}

/// The daemons of the control plane.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Daemons {
    /// `scontrol ping` through the VIP.
    pub slurmctld: Health,
    /// A request through slurmdbd.
    pub slurmdbd: Health,
    /// A query on the active controller.
    pub mariadb: Health,
    /// Records that slurmctld keeps until slurmdbd takes them.
    pub records_waiting: Option<u64>,
    /// Until when slurmctld starts no job, because its clock was ahead.
    pub waits_until: Option<Timestamp>,
}
