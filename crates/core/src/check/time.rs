// SPDX-License-Identifier: Apache-2.0
//! Clocks that agree.

use jiff::Timestamp;

use super::{Finding, Seen};
use crate::site::Site;

/// munge refuses a credential that is older or younger than this many
/// seconds (munged's default TTL is 300).
const MUNGE_LIMIT_S: i64 = 300;
/// Above this, logs of two machines no longer tell what came first.
const READABLE_LIMIT_S: i64 = 5;

/// Compares each clock with the middle one. The answers come within the time
/// of one exchange of each other, which bounds how exact this is.
pub(super) fn check(_site: &Site, seen: &[Seen<'_>]) -> Vec<Finding> {
    let mut clocks: Vec<Timestamp> = seen.iter().filter_map(|seen| seen.observed.clock).collect();
    clocks.sort_unstable();
    let Some(middle) = clocks.get(clocks.len() / 2).copied() else { return Vec::new() };
    seen.iter().map(|seen| finding(seen, middle)).collect()
}

fn finding(seen: &Seen<'_>, middle: Timestamp) -> Finding {
    let Some(clock) = seen.observed.clock else {
        return Finding::unknown("clock", seen.name(), "did not tell its time");
    };
    let offset = clock.as_second() - middle.as_second();
    let cure = "`apply` sets chrony up; set the clock by hand first when it is far off";
    let message = format!("is {} s {}", offset.abs(), if offset < 0 { "behind" } else { "ahead" });
    match offset.abs() {
        off if off >= MUNGE_LIMIT_S => Finding::fail("clock", seen.name(), message, cure),
        off if off >= READABLE_LIMIT_S => Finding::warn("clock", seen.name(), message, cure),
        _ => Finding::pass("clock", seen.name(), "agrees with the others"),
    }
}
