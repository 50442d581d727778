// SPDX-License-Identifier: Apache-2.0
//! What Pacemaker has done to the parts of the control plane, and when, by the
//! console's clock.

use std::time::Duration;

use jiff::Timestamp;

/// Something that Pacemaker has done, or found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deed {
    /// What.
    pub kind: DeedKind,
    /// A part of the control plane; of a fence, the controller.
    pub what: String,
    /// On which controller.
    pub place: String,
    /// When it began, as Pacemaker wrote it down. The same deed has the same
    /// time at each look, whatever the console thinks of clocks meanwhile.
    pub told: Timestamp,
    /// When it began, at the earliest, by the console's clock.
    pub began: Timestamp,
    /// How long it took; 0 when only its end is known.
    pub took: Duration,
    /// When it ended, at the latest: Pacemaker has cut its times to the
    /// second.
    pub ended: Timestamp,
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeedKind {
    /// A part was started; of DRBD, promoted.
    Start,
    /// A part was stopped; of DRBD, demoted.
    Stop,
    /// A part was found not to work.
    Failure,
    /// A controller's power was cut. Only its end is known.
    Fence,
}

impl Deed {
    /// Whether it is that one, seen before.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.kind == other.kind
            && self.told == other.told
            && self.what == other.what
            && self.place == other.place
    }

    /// Whether it was done to this part in this place.
    pub(super) fn is_to(&self, what: &str, place: Option<&str>) -> bool {
        self.what == what && place.is_none_or(|place| self.place == place)
    }
}
