// SPDX-License-Identifier: Apache-2.0
//! Whether the homes' server can be mounted where it shall be.

use super::{Finding, Seen};
use crate::desired::homes_place;
use crate::plan::obstacle;
use crate::site::Site;

const RULE: &str = "homes";

pub(super) fn check(site: &Site, seen: &[Seen<'_>]) -> Vec<Finding> {
    seen.iter().filter_map(|seen| check_machine(site, seen)).collect()
}

fn check_machine(site: &Site, seen: &Seen<'_>) -> Option<Finding> {
    let place = homes_place(site, seen.machine)?;
    place.automount.as_ref()?;
    let message = match seen.observed.homes.as_ref() {
        None => {
            return Some(Finding::unknown(RULE, seen.name(), "it was not seen what is mounted"));
        }
        Some(homes) => match obstacle(&place, homes) {
            Some(it) => return Some(Finding::fail(RULE, seen.name(), it.what, it.cure)),
            None => format!("nothing else is mounted at {}", place.directory.display()),
        },
    };
    Some(Finding::pass(RULE, seen.name(), message))
}
