// SPDX-License-Identifier: Apache-2.0
//! What `status` has to tell while something is not as it should be, and the
//! cluster works.

use super::fault::{Disturbance, Fault, Side};
use super::scenario::Scenario;
use crate::observe::preference_id;
use crate::render::cib::id;
use crate::site::NodeName;
use crate::status::{OLD_SLURM_CONF_CURES, old_slurm_conf};

/// A problem that `status` has to name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToBeTold {
    /// Words that name it.
    pub what: String,
    /// One of these it has to say is to be typed next.
    pub cures: Vec<String>,
}

impl Scenario {
    /// What `status` has to tell of the fault that hits that machine. Of several
    /// faults nobody asks it: other problems are told beside.
    pub fn to_be_told(&self, victim: &NodeName) -> Option<ToBeTold> {
        match self.fault {
            _ if !self.overlaps.is_empty() => None,
            Fault::LeftoverMove => Some(ToBeTold {
                what: preference_id(id::DRBD_CLONE),
                cures: vec![format!("crm_resource --clear -r {}", id::DRBD_CLONE)],
            }),
            Fault::Disturbance(Side::Compute, Disturbance::OldConfig) => Some(ToBeTold {
                what: old_slurm_conf(victim),
                cures: OLD_SLURM_CONF_CURES.map(str::to_owned).into(),
            }),
            _ => None,
        }
    }
}

impl ToBeTold {
    /// Whether a problem, with its cure, is this one.
    pub fn is_named_in(&self, problem: &str) -> bool {
        problem.contains(&self.what)
    }

    /// Whether one of these says what it is and what to do.
    pub(super) fn is_told_in(&self, problems: &[String]) -> bool {
        let has_cure = |problem: &String| self.cures.iter().any(|cure| problem.contains(cure));
        problems.iter().any(|problem| self.is_named_in(problem) && has_cure(problem))
    }
}
