// SPDX-License-Identifier: Apache-2.0
//! Failovers in numbers, as one controller has seen them.

use std::collections::BTreeMap;

use jiff::SignedDuration;

use super::{Failover, Tracker};
use crate::console::Picture;

/// What a failover was, from what was seen of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FailoverKind {
    /// A controller was lost.
    Lost,
    /// The scheduler moved, and both controllers lived.
    Moved,
    /// Something was away, and came back where it had been.
    Restarted,
}

impl FailoverKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Lost, Self::Moved, Self::Restarted];

    /// As a label of a metric.
    pub fn word(self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::Moved => "moved",
            Self::Restarted => "restarted",
        }
    }

    /// A fence that took nothing along is none of them.
    fn of(failover: &Failover) -> Option<Self> {
        if !failover.lost.is_empty() {
            Some(Self::Lost)
        } else if failover.new_place().is_some() {
            Some(Self::Moved)
        } else {
            failover.parts().next().map(|_| Self::Restarted)
        }
    }
}

/// The failovers since this process began to look.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    tracker: Tracker,
    kinds: BTreeMap<FailoverKind, (u64, Failover)>,
}

impl Tally {
    /// Takes a picture in.
    pub fn see(&mut self, picture: &Picture) {
        let Some(failover) = self.tracker.see(picture) else { return };
        let Some(kind) = FailoverKind::of(&failover) else { return };
        let count = self.times(kind) + 1;
        self.kinds.insert(kind, (count, failover));
    }

    /// How many of this kind have ended.
    pub fn times(&self, kind: FailoverKind) -> u64 {
        self.kinds.get(&kind).map_or(0, |(count, _)| *count)
    }

    /// The last one of this kind that has ended.
    pub fn last(&self, kind: FailoverKind) -> Option<&Failover> {
        self.kinds.get(&kind).map(|(_, last)| last)
    }
}

impl Failover {
    /// From the first sign of it until all worked again; `None` while it is under way.
    pub fn duration(&self) -> Option<SignedDuration> {
        self.ended.map(|ended| ended.duration_since(self.began))
    }
}
