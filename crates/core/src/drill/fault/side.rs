// SPDX-License-Identifier: Apache-2.0
//! Which controller a fault hits.

/// Which controller is hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The one that runs the scheduler.
    Active,
    /// The other one.
    Passive,
}

impl Side {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Passive => "passive",
        }
    }

    /// How the names of its faults begin: the active one is what is meant
    /// when nothing is said.
    pub(super) fn prefix(self) -> &'static str {
        match self {
            Self::Active => "",
            Self::Passive => "passive-",
        }
    }
}
