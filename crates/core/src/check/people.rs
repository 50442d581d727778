// SPDX-License-Identifier: Apache-2.0
//! Whether the names and ids of people are free on every machine.

use std::collections::BTreeSet;

use super::{Finding, Seen};
use crate::desired::people_on;
use crate::plan::{Person, strangers};
use crate::site::Site;

const RULE: &str = "people";

pub(super) fn check(site: &Site, seen: &[Seen<'_>]) -> Vec<Finding> {
    seen.iter().flat_map(|seen| check_machine(site, seen)).collect()
}

fn check_machine(site: &Site, seen: &Seen<'_>) -> Vec<Finding> {
    let wanted = people_on(site, seen.machine);
    if wanted.is_empty() {
        return Vec::new();
    }
    let shared = site.people.groups.iter().map(|group| (group.name.as_str(), group.gid));
    let groups: BTreeSet<(&str, u32)> =
        wanted.iter().map(|person| (person.group.as_str(), person.gid)).chain(shared).collect();
    let of_groups = groups.into_iter().filter_map(|(name, gid)| clash_of_group(name, gid, seen));
    let of_people = wanted.iter().filter_map(|person| clash(person, seen));
    let of_strangers = strangers(&wanted, &seen.observed.people).into_iter();
    let of_strangers = of_strangers.map(|it| Finding::fail(RULE, seen.name(), it.what, it.cure));
    let clashes: Vec<Finding> = of_people.chain(of_strangers).chain(of_groups).collect();
    if !clashes.is_empty() {
        return clashes;
    }
    let message = format!("names and ids of {} people are free or theirs", wanted.len());
    vec![Finding::pass(RULE, seen.name(), message)]
}

fn clash(person: &Person, seen: &Seen<'_>) -> Option<Finding> {
    let (name, uid) = (&person.name, person.uid);
    let people = &seen.observed.people;
    if let Some(present) = people.accounts.get(name) {
        return (present.uid != uid).then(|| {
            let message = format!("{name} is {} here and {uid} in the site file", present.uid);
            let cure = format!(
                "write `uid = {}` if it is so on every machine; or `usermod --uid {uid} {name}` \
                 there, and chown what belongs to {}",
                present.uid, present.uid
            );
            Finding::fail(RULE, seen.name(), message, cure)
        });
    }
    if let Some(holder) = people.uids.get(&uid) {
        let message = format!("the id {uid} of {name} belongs to {holder} here");
        return Some(Finding::fail(RULE, seen.name(), message, "give one of the two another id"));
    }
    None
}

/// The group of that name with another id, or the id with another name.
fn clash_of_group(name: &str, gid: u32, seen: &Seen<'_>) -> Option<Finding> {
    let message = match (seen.observed.groups.get(name), seen.observed.people.gids.get(&gid)) {
        (Some(found), _) if *found != gid => {
            format!("the group {name} is {found} here and {gid} in the site file")
        }
        (_, Some(holder)) if holder != name => {
            format!("the id {gid} of the group {name} belongs to {holder} here")
        }
        _ => return None,
    };
    Some(Finding::fail(RULE, seen.name(), message, "give one of the two another name or id"))
}
