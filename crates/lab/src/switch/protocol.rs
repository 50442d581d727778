// SPDX-License-Identifier: Apache-2.0
//! What the switch can be asked: one JSON object a line, one answer a line.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A cable of a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Network {
    /// The machine's cable to the cluster network.
    Cluster,
    /// The machine's cable to the replication network.
    Replication,
    /// The cable of the machine's BMC to the cluster network.
    Bmc,
}

impl Network {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Cluster, Self::Replication, Self::Bmc];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cluster => "cluster",
            Self::Replication => "replication",
            Self::Bmc => "bmc",
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A direction, seen from the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Towards the machine.
    In,
    /// From the machine.
    Out,
    /// Both of them.
    Both,
}

impl Direction {
    /// Whether it includes what goes to the machine.
    pub fn includes_in(self) -> bool {
        self != Self::Out
    }

    /// Whether it includes what comes from the machine.
    pub fn includes_out(self) -> bool {
        self != Self::In
    }
}

/// One direction of one cable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Nothing passes.
    pub cut: bool,
    /// Time that every frame waits, in milliseconds.
    pub delay_ms: u32,
    /// Frames that vanish, in per cent.
    pub loss_percent: u8,
    /// Frames that passed since the switch started.
    pub passed: u64,
    /// Frames that did not: cut, lost, or too many waiting.
    pub dropped: u64,
}

impl Link {
    /// A cable without faults.
    pub(crate) const HEALTHY: Self =
        Self { cut: false, delay_ms: 0, loss_percent: 0, passed: 0, dropped: 0 };

    /// Whether frames pass as if there were no laboratory.
    pub fn is_healthy(&self) -> bool {
        !self.cut && self.delay_ms == 0 && self.loss_percent == 0
    }
}

/// One cable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cable {
    /// The machine at its end.
    pub machine: String,
    /// Which of the machine's cables.
    pub network: Network,
    /// Towards the machine.
    #[serde(rename = "in")]
    pub inward: Link,
    /// From the machine.
    #[serde(rename = "out")]
    pub outward: Link,
}

/// A change of one cable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// Nothing passes.
    Cut,
    /// No fault at all.
    Restore,
    /// Every frame waits that many milliseconds.
    Delay(u32),
    /// That many frames in a hundred vanish.
    Loss(u8),
}

/// What the switch can be asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "request", rename_all = "kebab-case")]
pub enum Request {
    /// The state of every cable.
    List,
    /// Changes one cable.
    Change {
        /// The machine.
        machine: String,
        /// Which of its cables.
        network: Network,
        /// Which directions.
        direction: Direction,
        /// What happens to them.
        fault: Fault,
    },
    /// Makes every cable healthy.
    Reset,
}

/// What the switch answers: the state of every cable, or why not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// The state after the request.
    Cables(Vec<Cable>),
    /// The request made no sense.
    Refused(String),
}
