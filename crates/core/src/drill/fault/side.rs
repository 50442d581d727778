// SPDX-License-Identifier: Apache-2.0
//! Which machine a fault hits.

/// Which machine is hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The controller that runs the scheduler.
    Active,
    /// The other one.
    Passive,
    /// The one that has a vote and nothing else.
    Arbiter,
    /// One that runs jobs.
    Compute,
}

impl Side {
    /// As part of a sentence.
    pub fn title(self) -> &'static str {
        match self {
            Self::Active => "the active controller",
            Self::Passive => "the passive controller",
            Self::Arbiter => "the arbiter",
            Self::Compute => "a compute node",
        }
    }

    /// How the names of its faults begin: the active one is what is meant
    /// when nothing is said.
    pub(super) fn prefix(self) -> &'static str {
        match self {
            // What is hit there runs nowhere else.
            Self::Active | Self::Arbiter => "",
            Self::Passive => "passive-",
            Self::Compute => "node-",
        }
    }
}
