// SPDX-License-Identifier: Apache-2.0
//! What is done to a machine for a while and then taken back.

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

impl Disturbance {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Link(Links::Cluster, LinkFault::Cut),
        Self::Link(Links::Replication, LinkFault::Cut),
        Self::Link(Links::Both, LinkFault::Cut),
        Self::Link(Links::Cluster, LinkFault::Mute),
        Self::Link(Links::Both, LinkFault::Lossy),
        Self::Link(Links::Both, LinkFault::Slow),
        Self::Full(Volume::State),
        Self::Full(Volume::Database),
    ];

    /// Whether it makes a difference of its own there: DRBD has but one
    /// connection, and the passive controller has mounted nothing.
    pub(super) fn applies_to(self, side: Side) -> bool {
        let cuts = [Links::Cluster, Links::Both].map(|links| Self::Link(links, LinkFault::Cut));
        side == Side::Active || cuts.contains(&self)
    }

    /// Whether nobody can tell any more what the machine does.
    pub(super) fn fells_machine(self) -> bool {
        self == Self::Link(Links::Both, LinkFault::Cut)
    }

    /// Whether clients cannot reach the machine any more, while the other
    /// controller still does.
    pub(super) fn hides_machine(self) -> bool {
        matches!(self, Self::Link(Links::Cluster, LinkFault::Cut | LinkFault::Mute))
    }

    /// As part of a drill's name.
    pub(super) fn word(self) -> String {
        match self {
            Self::Link(links, fault) => format!("{}-{}", fault.word(), links.word()),
            Self::Full(Volume::State) => "fill-state".to_owned(),
            Self::Full(Volume::Database) => "fill-database".to_owned(),
        }
    }

    /// What it does to `whom`, in one line.
    pub(super) fn summary(self, whom: &str) -> String {
        match self {
            Self::Link(links, LinkFault::Cut) => format!("cut {whom} off from {}", links.title()),
            Self::Link(links, LinkFault::Mute) => {
                format!("let nothing that {whom} sends get into {}", links.title())
            }
            Self::Link(_, LinkFault::Lossy) => {
                format!("lose {LOSS_PERCENT} % of what {whom} sends")
            }
            Self::Link(_, LinkFault::Slow) => {
                format!("delay what {whom} sends by {DELAY_MS} ms")
            }
            Self::Full(volume) => format!("fill the file system of {}", volume.title()),
        }
    }

    /// What was done to `whom`, as a sentence without its end.
    pub(super) fn done(self, whom: &str) -> String {
        match self {
            Self::Link(links, LinkFault::Cut) => {
                format!("{whom} was cut off from {}", links.title())
            }
            Self::Link(links, LinkFault::Mute) => {
                format!("nothing that {whom} sent got into {}", links.title())
            }
            Self::Link(_, LinkFault::Lossy) => {
                format!("{LOSS_PERCENT} % of what {whom} sent was lost")
            }
            Self::Link(_, LinkFault::Slow) => format!("what {whom} sent came {DELAY_MS} ms late"),
            Self::Full(volume) => {
                format!("{whom} had no byte left in the file system of {}", volume.title())
            }
        }
    }
}

impl Links {
    fn word(self) -> &'static str {
        match self {
            Self::Cluster => "cluster-link",
            Self::Replication => "replication-link",
            Self::Both => "both-links",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Cluster => "the cluster network",
            Self::Replication => "the replication network",
            Self::Both => "both networks",
        }
    }
}

impl LinkFault {
    fn word(self) -> &'static str {
        match self {
            Self::Cut => "cut",
            Self::Mute => "mute",
            Self::Lossy => "lossy",
            Self::Slow => "slow",
        }
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

    fn title(self) -> &'static str {
        match self {
            Self::State => "slurmctld's state",
            Self::Database => "MariaDB's data",
        }
    }
}
