// SPDX-License-Identifier: Apache-2.0
//! Users and groups with the same ids everywhere.

use super::{Finding, Seen, most_frequent};
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
    let seen = || seen.iter().filter(|seen| seen.machine.takes_part_in_slurm());
    // What is there already decides.
    let agreed = most_frequent(seen().filter_map(ids)).unwrap_or(wanted);
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
            format!("stop its daemons, then `usermod --uid {agreed} {name}`, and chown its files"),
        ),
    };
    seen().map(finding).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::{Answer, Verdict, check};
    use crate::observe::{Account, Observation};
    use crate::site::NodeName;
    use crate::status::made_up::site;

    #[test]
    fn the_machine_that_differs_is_the_one_that_is_named() {
        let with = |uid| {
            let users = [("slurm".to_owned(), Account { uid, gid: uid })].into();
            Ok(Observation { users, ..Observation::default() })
        };
        let uids = [("ctl1", 999), ("ctl2", 64030), ("cn1", 64030)];
        let answers: BTreeMap<NodeName, Answer> =
            uids.into_iter().map(|(name, uid)| (NodeName::from(name), with(uid))).collect();
        let findings = check(&site(), &answers);
        let failed: Vec<_> = findings.iter().filter(|it| it.verdict == Verdict::Fail).collect();
        let failed = failed.into_iter().filter(|it| it.rule == "ids");
        let failed: Vec<_> = failed.map(|it| (it.machine.clone(), it.message.as_str())).collect();
        let message = "slurm is 999 here and 64030 elsewhere";
        assert_eq!(failed, [(Some(NodeName::from("ctl1")), message)]);
    }
}
