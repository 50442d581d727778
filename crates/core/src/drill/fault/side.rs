// SPDX-License-Identifier: Apache-2.0
//! Which machine of the control plane a fault hits.

/// Which machine of the control plane is hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The controller that runs the scheduler.
    Active,
    /// The other one.
    Passive,
    /// The one that has a vote and nothing else.
    Arbiter,
}

impl Side {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Passive => "passive",
            Self::Arbiter => "arbiter",
        }
    }

    /// How the names of its faults begin: the active one is what is meant
    /// when nothing is said.
    pub(super) fn prefix(self) -> &'static str {
        match self {
            // What is hit there runs nowhere else.
            Self::Active | Self::Arbiter => "",
            Self::Passive => "passive-",
        }
    }
}
