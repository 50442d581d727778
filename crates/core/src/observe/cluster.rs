// SPDX-License-Identifier: Apache-2.0
//! States of the running cluster's parts, as their own tools tell them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Reading;
use super::operations::{Operation, timestamp};

/// `corosync-quorumtool -s`, from one member.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuorumStatus {
    /// Whether this partition has quorum.
    pub quorate: bool,
    /// Votes that are expected.
    pub expected_votes: u32,
    /// Votes that are present.
    pub total_votes: u32,
    /// Ring id, such as `1.5`.
    pub ring_id: String,
    /// Whether the arbiter (qdevice) is configured, and gives its vote.
    pub qdevice: Option<bool>,
    /// The same of the other members, by name, as they have told this one.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub others: BTreeMap<String, Option<bool>>,
}

/// `drbdsetup status --verbose --statistics` of one resource, seen from one side.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DrbdStatus {
    /// Whether the resource is up on this machine at all.
    pub up: bool,
    /// `Primary`, `Secondary`; empty when down.
    pub role: String,
    /// Whether I/O is suspended (`suspended:no` or the reason).
    pub suspended: bool,
    /// `Connected`, `Connecting`, `StandAlone`, `WFConnection`, ...
    pub connection: String,
    /// The peer's role, `Unknown` when not connected.
    pub peer_role: String,
    /// Volumes in order of number.
    pub volumes: Vec<DrbdVolumeStatus>,
}

/// One volume of [`DrbdStatus`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DrbdVolumeStatus {
    /// Volume number.
    pub volume: u32,
    /// This side's disk: `UpToDate`, `Inconsistent`, `Diskless`, ...
    pub disk: String,
    /// The peer's disk, `DUnknown` when not connected.
    pub peer_disk: String,
    /// `Established`, `SyncSource`, `SyncTarget`, `PausedSyncS`, `Off`, ...
    pub replication: String,
    /// Percentage in sync while a resync runs, 0 to 100.
    pub done_percent: Option<f64>,
    /// Data that the sides do not agree on, in KiB.
    pub out_of_sync_kib: Option<u64>,
}

/// `crm_mon --output-as=xml`, from one member.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterStatus {
    /// The designated controller (DC), when one is elected.
    pub dc: Option<String>,
    /// Whether this partition has quorum.
    pub with_quorum: bool,
    /// Whether fencing is enabled.
    pub fencing_enabled: bool,
    /// Whether the whole cluster is in maintenance mode.
    pub maintenance: bool,
    /// Every Pacemaker node.
    pub nodes: Vec<ClusterNode>,
    /// Every primitive instance.
    pub resources: Vec<ClusterResource>,
    /// Failed operations that nobody has cleaned up.
    pub failures: Vec<ResourceFailure>,
    /// How often resources have failed since somebody cleaned that up, or
    /// since it expired; those that have not are left out.
    #[serde(default)]
    pub fail_counts: Vec<FailCount>,
    /// Fencing actions that Pacemaker remembers, newest first.
    pub fencing: Vec<FencingEvent>,
    /// Location constraints that keep a resource off a node (`cli-ban-...`,
    /// `drbd-fence-by-handler-...`, and those of the configuration).
    pub bans: Vec<ClusterBan>,
    /// What was last done to each resource on each node.
    #[serde(default)]
    pub operations: Vec<Operation>,
}

/// One node of [`ClusterStatus`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterNode {
    /// Host name.
    pub name: String,
    /// Member and not pending.
    pub online: bool,
    /// In standby mode.
    pub standby: bool,
    /// In maintenance mode.
    pub maintenance: bool,
    /// Its state is not known and it waits to be fenced.
    pub unclean: bool,
    /// Joining, not yet usable.
    pub pending: bool,
    /// Whether it says that it reaches nobody in the cluster network
    /// ([`crate::watch::Reach`]).
    #[serde(default)]
    pub reaches_nobody: bool,
}

/// One instance of a resource of [`ClusterStatus`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterResource {
    /// Id without instance number.
    pub id: String,
    /// Its agent, such as `ocf:heartbeat:IPaddr2`.
    #[serde(default)]
    pub agent: String,
    /// `Started`, `Stopped`, `Promoted`, `Unpromoted`, `Starting`, ...
    pub role: String,
    /// Where it is active; empty when stopped.
    pub node: Option<String>,
    /// Whether Pacemaker regards it as failed.
    pub failed: bool,
    /// Whether Pacemaker manages it.
    pub managed: bool,
    /// Whether it blocks on a failure that Pacemaker cannot handle.
    pub blocked: bool,
}

/// One failed operation of [`ClusterStatus`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourceFailure {
    /// Operation key, such as `slurmctld_monitor_10000`.
    pub operation: String,
    /// Where it failed.
    pub node: String,
    /// Exit status in words.
    pub status: String,
    /// The agent's own reason.
    pub reason: String,
    /// When, as Pacemaker writes it.
    pub when: String,
}

impl ResourceFailure {
    /// When it was found, by the clock of its node, cut to the second: of an
    /// operation that is repeated Pacemaker writes down when its result last
    /// changed (`pcmk__create_history_xml`, pcmk_sched_actions.c of 2.1.5).
    pub fn found_at(&self) -> Option<Timestamp> {
        timestamp(&self.when)
    }
}

/// How often a resource has failed on a node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailCount {
    /// Id without instance number.
    pub resource: String,
    /// Where.
    pub node: String,
    /// How often; [`FailCount::INFINITY`] bars it from the node at once.
    pub count: u64,
}

impl FailCount {
    /// Pacemaker's `INFINITY`.
    pub const INFINITY: u64 = 1_000_000;
}

/// One fencing action of [`ClusterStatus`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FencingEvent {
    /// `off`, `reboot`, `on`.
    pub action: String,
    /// The machine that was fenced.
    pub target: String,
    /// The machine that did it.
    pub delegate: String,
    /// The program that asked for it: `pacemaker-controld.814`,
    /// `stonith_admin.2211`.
    #[serde(default)]
    pub client: String,
    /// `success`, `failed`, `pending`.
    pub status: String,
    /// When it ended, as Pacemaker writes it.
    pub completed: String,
}

impl FencingEvent {
    /// Whether it takes this machine's power, or tries to; `on` is how one that
    /// was fenced gets it back.
    pub fn is_fence_of(&self, machine: &str) -> bool {
        self.target == machine && matches!(self.action.as_str(), "off" | "reboot")
    }

    /// When it ended, by the clock of the cluster, cut to the second; `None`
    /// while it is under way.
    pub fn ended_at(&self) -> Option<Timestamp> {
        timestamp(&self.completed)
    }

    /// The same, proven.
    pub fn has_fenced(&self, machine: &str) -> bool {
        self.is_fence_of(machine) && self.status == "success"
    }
}

/// One constraint that keeps a resource off one node, of [`ClusterStatus`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterBan {
    /// Id of the constraint; one with a rule can ban several nodes.
    pub id: String,
    /// What is kept off.
    pub resource: String,
    /// Where.
    pub node: String,
    /// Whether only the promoted role is kept off.
    pub promoted_only: bool,
}

/// Signs of life of the control plane, each from a real request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlurmStatus {
    /// `scontrol ping` through the VIP.
    pub slurmctld: Health,
    /// `sacctmgr show cluster` through slurmdbd; [`Health::Elsewhere`] where it was not asked.
    pub slurmdbd: Health,
    /// `SELECT 1` on the local socket; only known on the active controller.
    pub mariadb: Health,
    /// Records that slurmctld keeps until slurmdbd takes them
    /// (`DBD Agent queue size` of sdiag(1)); `None` when it was not told.
    #[serde(default)]
    pub records_waiting: Option<u64>,
    /// Until when slurmctld starts no job, because its clock was ahead
    /// ([`Diagnosis::waits_until`](super::Diagnosis::waits_until)); `None` when
    /// it waits for no time, or that was not told.
    #[serde(default)]
    pub waits_until: Option<Timestamp>,
    /// Jobs by state, such as `RUNNING`.
    pub jobs: Reading<BTreeMap<String, u64>>,
    /// Nodes by state, such as `idle`, `down*`.
    pub nodes: Reading<BTreeMap<String, u64>>,
}

/// Whether a daemon answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "is", content = "why")]
pub enum Health {
    /// It answered.
    Up,
    /// It, or its address, refused.
    Down(String),
    /// It could not be asked from here, or gave no answer in time.
    Unknown(String),
    /// It does not run on this machine and is not expected to.
    Elsewhere,
}

impl Default for Health {
    fn default() -> Self {
        Self::Unknown("no machine answered for it".to_owned())
    }
}
