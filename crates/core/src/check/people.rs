// SPDX-License-Identifier: Apache-2.0
//! Whether the names and ids of people are free on every machine.

use super::{Finding, Seen};
use crate::desired::people_on;
use crate::plan::Person;
use crate::site::{NodeName, Site};

const RULE: &str = "people";

pub(super) fn check(site: &Site, seen: &[Seen<'_>]) -> Vec<Finding> {
    seen.iter().flat_map(|seen| check_machine(site, seen)).collect()
}

fn check_machine(site: &Site, seen: &Seen<'_>) -> Vec<Finding> {
    let wanted = people_on(site, seen.machine);
    if wanted.is_empty() {
        return Vec::new();
    }
    let clashes: Vec<Finding> =
        wanted.iter().filter_map(|person| clash(person, seen, seen.name())).collect();
    if !clashes.is_empty() {
        return clashes;
    }
    let message = format!("names and ids of {} people are free or theirs", wanted.len());
    vec![Finding::pass(RULE, seen.name(), message)]
}

fn clash(person: &Person, seen: &Seen<'_>, machine: &NodeName) -> Option<Finding> {
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
            Finding::fail(RULE, machine, message, cure)
        });
    }
    if let Some(holder) = people.uids.get(&uid) {
        let message = format!("the id {uid} of {name} belongs to {holder} here");
        return Some(Finding::fail(RULE, machine, message, "give one of the two another id"));
    }
    let group = people.gids.get(&person.gid).filter(|group| **group != person.group)?;
    let message = format!("the group id {} of {name} belongs to {group} here", person.gid);
    Some(Finding::fail(RULE, machine, message, "give one of the two another id"))
}
