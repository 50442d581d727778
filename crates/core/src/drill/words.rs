// SPDX-License-Identifier: Apache-2.0
//! Words that verdicts and reports have in common.

use super::fault::Fault;
use super::time::short;

/// `1 job`, `2 jobs`.
pub(super) fn counted(count: usize) -> String {
    format!("{count} job{}", if count == 1 { "" } else { "s" })
}

/// A time relative to the fault, in words.
pub(super) fn moment(fault: Fault, after_cut_s: f64) -> String {
    let side = if after_cut_s < 0.0 { "before" } else { "after" };
    format!("{} s {side} {}", short(after_cut_s.abs()), fault.event())
}
