// SPDX-License-Identifier: Apache-2.0
//! What is done to a machine for a while and then taken back.

mod words;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::side::Side;
use crate::layout::{DATABASE_MOUNT, STATE_MOUNT};

/// What is done to a machine for a while and then taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Disturbance {
    /// Its links to one network, or to both, do not work as they should.
    Link(Links, LinkFault),
    /// A file system on the replicated disks has no byte left.
    Full(Volume),
    /// The disks under DRBD do not do what they should.
    Disks(DiskFault),
    /// Its wall clock is wrong by [`CLOCK_STEP`].
    Clock(ClockFault),
    /// A process takes all memory that it can get, and does so again when the
    /// kernel has killed it.
    Memory,
    /// A compute node goes by a slurm.conf that slurmctld does not have any more,
    /// as one does that missed a `scontrol reconfigure`.
    OldConfig,
}

/// Links to a controller's networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Links {
    /// Clients, the VIP and Corosync's link 0.
    Cluster,
    /// DRBD and Corosync's link 1.
    Replication,
    /// Both.
    Both,
}

/// What is wrong with a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LinkFault {
    /// Nothing gets in or out.
    Cut,
    /// Nothing gets out; what comes in still does.
    Mute,
    /// Of what is sent, [`LOSS_PERCENT`] is lost.
    Lossy,
    /// What is sent comes [`DELAY_MS`] later.
    Slow,
    /// It is cut and works again by turns, each for [`FLAP`].
    Flapping,
}

/// What is wrong with the disks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DiskFault {
    /// Every request is answered with an error.
    Errors,
    /// No request is answered.
    Hang,
}

/// How a clock is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClockFault {
    /// It is ahead.
    Forward,
    /// It is behind.
    Backward,
}

/// A file system on the replicated disks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Volume {
    /// slurmctld's state.
    State,
    /// MariaDB's data.
    Database,
}

/// Of the packets that a lossy link carries, so many in a hundred are lost.
pub const LOSS_PERCENT: u32 = 30;
/// By so many milliseconds a slow link delays each packet: an order of
/// magnitude more than between two buildings.
pub const DELAY_MS: u32 = 200;
/// How long a flapping link is cut, and how long it works then.
pub const FLAP: Duration = Duration::from_secs(4);
/// By how much a wrong clock is wrong: twice of what munge bears, whose
/// credentials live for 300 s (munge_defs.h, `MUNGE_DEFAULT_TTL`), and of Slurm's
/// default for a silent node (slurm.conf(5), `SlurmdTimeout`).
pub const CLOCK_STEP: Duration = Duration::from_secs(600);

impl Disturbance {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::Link(Links::Cluster, LinkFault::Cut),
        Self::Link(Links::Replication, LinkFault::Cut),
        Self::Link(Links::Both, LinkFault::Cut),
        Self::Link(Links::Cluster, LinkFault::Mute),
        Self::Link(Links::Both, LinkFault::Lossy),
        Self::Link(Links::Both, LinkFault::Slow),
        Self::Link(Links::Cluster, LinkFault::Flapping),
        Self::Full(Volume::State),
        Self::Full(Volume::Database),
        Self::Disks(DiskFault::Errors),
        Self::Disks(DiskFault::Hang),
        Self::Clock(ClockFault::Forward),
        Self::Clock(ClockFault::Backward),
        Self::Memory,
        Self::OldConfig,
    ];

    /// Whether it makes a difference of its own there: DRBD has but one
    /// connection, and the passive controller has mounted nothing.
    pub(super) fn applies_to(self, side: Side) -> bool {
        let cuts = [Links::Cluster, Links::Both].map(|links| Self::Link(links, LinkFault::Cut));
        match side {
            Side::Active => self != Self::OldConfig,
            Side::Passive => cuts.contains(&self),
            Side::Compute => self == Self::OldConfig,
            Side::Arbiter => false,
        }
    }

    /// Whether nobody can tell any more what the machine does.
    pub(super) fn fells_machine(self) -> bool {
        self == Self::Link(Links::Both, LinkFault::Cut)
    }

    /// Whether the cluster may have to get rid of the machine: it loses sight of
    /// it, or what has to stop there does not.
    pub(super) fn may_fell_machine(self) -> bool {
        matches!(self, Self::Link(..) | Self::Disks(DiskFault::Hang) | Self::Memory)
    }

    /// Whether nothing that slurmctld saves gets to the disk meanwhile.
    pub(super) fn stops_saving(self) -> bool {
        self == Self::Disks(DiskFault::Hang)
    }

    /// Whether clients cannot reach the machine any more, while the other
    /// controller still does.
    pub(super) fn hides_machine(self) -> bool {
        matches!(self, Self::Link(Links::Cluster, LinkFault::Cut | LinkFault::Mute))
    }
}

impl Volume {
    /// Where it is mounted.
    pub fn mount(self) -> &'static str {
        match self {
            Self::State => STATE_MOUNT,
            Self::Database => DATABASE_MOUNT,
        }
    }
}
