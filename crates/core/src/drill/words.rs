// SPDX-License-Identifier: Apache-2.0
//! Words that verdicts and reports have in common.

use super::time::short;

/// `1 job`, `2 jobs`.
pub(super) fn counted(count: usize) -> String {
    format!("{count} job{}", if count == 1 { "" } else { "s" })
}

/// A time relative to the zero of the report's clock, in words.
pub(super) fn moment(event: &str, after_cut_s: f64) -> String {
    let side = if after_cut_s < 0.0 { "before" } else { "after" };
    format!("{} s {side} {event}", short(after_cut_s.abs()))
}
