// SPDX-License-Identifier: Apache-2.0
//! Users and groups with the same ids everywhere.

use super::{Finding, Seen};
use crate::layout::{MUNGE_ID, SLURM_ID};
use crate::site::Site;

pub(super) fn check(_site: &Site, seen: &[Seen<'_>]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, wanted) in [("slurm", SLURM_ID), ("munge", MUNGE_ID)] {
        findings.extend(check_account(seen, name, wanted));
    }
    findings
}

/// Slurm's id has to be equal on every machine (it owns the replicated
/// state, and slurmd checks who sends it orders); munge's is local to each
/// machine's files, so another one is only worth knowing.
fn check_account(seen: &[Seen<'_>], name: &'static str, wanted: u32) -> Vec<Finding> {
    let ids = |seen: &Seen<'_>| seen.observed.users.get(name).map(|account| account.uid);
    let existing: Vec<u32> = seen.iter().filter_map(ids).collect();
    // What is there already decides, as long as it is the same everywhere.
    let agreed = existing.first().copied().unwrap_or(wanted);
    let finding = |seen: &Seen<'_>| match ids(seen) {
        None if agreed == wanted => {
            Finding::pass("ids", seen.name(), format!("{name} will be {wanted}"))
        }
        Some(uid) if uid == agreed => Finding::pass("ids", seen.name(), format!("{name} is {uid}")),
        None => Finding::warn(
            "ids",
            seen.name(),
            format!("{name} would be {wanted} here and is {agreed} elsewhere"),
            format!("`useradd --system --uid {agreed} {name}` there before `apply`"),
        ),
        Some(uid) if name == "munge" => Finding::warn(
            "ids",
            seen.name(),
            format!("{name} is {uid} here and {agreed} elsewhere"),
            String::new(),
        ),
        Some(uid) => Finding::fail(
            "ids",
            seen.name(),
            format!("{name} is {uid} here and {agreed} elsewhere"),
            format!("`usermod --uid {agreed} {name}` there, and chown its files"),
        ),
    };
    seen.iter().map(finding).collect()
}
