// SPDX-License-Identifier: Apache-2.0
//! Seconds between moments.

use jiff::{SignedDuration, Timestamp};

/// Seconds from `from` to `to`, negative when `to` is earlier.
pub(crate) fn seconds(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64()
}

/// The moment that many seconds later.
pub(super) fn shifted(moment: Timestamp, seconds: f64) -> Timestamp {
    let shift = SignedDuration::try_from_secs_f64(seconds).unwrap_or(SignedDuration::ZERO);
    moment.checked_add(shift).unwrap_or(moment)
}

/// Rounded to milliseconds: more would claim more than was measured.
pub(crate) fn rounded(seconds: f64) -> f64 {
    // Adding 0 turns -0.0 into 0.0.
    (seconds * 1000.0).round() / 1000.0 + 0.0
}

/// With one digit behind the point, for people.
pub(crate) fn short(seconds: f64) -> String {
    format!("{:.1}", (seconds * 10.0).round() / 10.0 + 0.0)
}
