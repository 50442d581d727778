// SPDX-License-Identifier: Apache-2.0
//! Several faults of which one comes while another is still being survived.

mod objection;
mod written;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::fault::Fault;

pub use objection::Objection;
use objection::unplayable;
pub(super) use objection::unsurvived;

/// A fault, when it comes, and how long it lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planned {
    /// What is broken. Sides are those before the first fault: the active
    /// controller is the one that was.
    pub fault: Fault,
    /// How long after the first fault; nothing for that one itself.
    pub after: Duration,
    /// How long it lasts, if it is one that the drill takes back; nothing
    /// otherwise.
    pub lasts: Duration,
}

/// The faults of one drill in the order in which they come: at least one, and
/// none that another makes impossible. In text it is written as
/// `cut-replication-link:40+kill-slurmctld@12`: each fault's name, behind `@`
/// the seconds after the first, behind `:` how many it lasts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Combination(Vec<Planned>);

impl Planned {
    /// A fault at that time, as long as it lasts unless told otherwise.
    pub fn new(fault: Fault, after: Duration) -> Self {
        Self { fault, after, lasts: fault.lasts() }
    }
}

impl Combination {
    /// Puts the faults in their order; times count from the first of them.
    ///
    /// # Errors
    /// Why they cannot be played together.
    pub fn new(mut faults: Vec<Planned>) -> Result<Self, Objection> {
        faults.sort_by_key(|planned| planned.after);
        let begin = faults.first().map_or(Duration::ZERO, |first| first.after);
        faults.iter_mut().for_each(|planned| planned.after -= begin);
        match unplayable(&faults) {
            Some(objection) => Err(objection),
            None => Ok(Self(faults)),
        }
    }

    /// The faults, the first one first.
    pub fn faults(&self) -> &[Planned] {
        &self.0
    }

    /// The one with which it begins.
    pub fn first(&self) -> Planned {
        self.0[0]
    }

    /// Why the cluster cannot be expected to survive it, though each of its
    /// faults alone is survived; `None` when it has to.
    pub fn is_too_much(&self) -> Option<Objection> {
        unsurvived(&self.0)
    }

    /// What is broken, without the times: `cut-replication-link+kill-slurmctld`.
    pub fn names(&self) -> String {
        let names: Vec<String> = self.0.iter().map(|planned| planned.fault.name()).collect();
        names.join("+")
    }

    /// With a fault more.
    pub(super) fn with(&self, planned: Planned) -> Result<Self, Objection> {
        Self::new([&self.0[..], &[planned]].concat())
    }

    /// Without one of its faults; `None` when it has no other.
    pub(super) fn without(&self, index: usize) -> Option<Self> {
        let mut rest = self.0.clone();
        rest.remove(index);
        // Nothing becomes impossible because something is left out.
        if rest.is_empty() { None } else { Self::new(rest).ok() }
    }

    /// With one of its faults lasting half as long; `None` when it lasts no
    /// time, or less than would do anything.
    pub(super) fn halved(&self, index: usize) -> Option<Self> {
        let mut shorter = self.0.clone();
        let lasts = Duration::from_secs(shorter[index].lasts.as_secs() / 2);
        shorter[index].lasts = lasts;
        (lasts >= SHORTEST).then_some(Self(shorter))
    }
}

/// A fault that lasts for a shorter time says little of what it was.
const SHORTEST: Duration = Duration::from_secs(5);

impl From<Fault> for Combination {
    fn from(fault: Fault) -> Self {
        Self(vec![Planned::new(fault, Duration::ZERO)])
    }
}
