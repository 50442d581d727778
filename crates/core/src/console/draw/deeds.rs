// SPDX-License-Identifier: Apache-2.0
//! What Pacemaker has done, with times of the console's clock.
//!
//! Pacemaker writes down an operation with the clock of the machine that did
//! it. Of a machine that has been heard the console knows how its clock goes;
//! for another one the clock of the one that tells is taken.

use std::time::Duration;

use jiff::Timestamp;

use super::Seen;
use crate::console::deed::{Deed, DeedKind};
use crate::observe::{FencingEvent, Operation, ResourceFailure, Task};
use crate::render::cib::id;

/// Pacemaker's times are cut to the second.
const RESOLUTION: Duration = Duration::from_secs(1);

/// What Pacemaker remembers; `None` when it is not asked.
pub(super) fn deeds(seen: &Seen<'_>) -> Option<Vec<Deed>> {
    let (teller, cluster) = seen.teller()?;
    let here = |place: &str, there: Timestamp| {
        let own = [0, 1].into_iter().find(|index| seen.name(*index) == place);
        let clocks = own.into_iter().chain([teller]).map(|index| &seen.heard[index].clock);
        clocks.into_iter().find_map(|clock| clock.here(there))
    };
    let operations = cluster.operations.iter().filter_map(|it| operation(it, &here));
    let failures = cluster.failures.iter().filter_map(|it| failure(it, &here));
    let fences = cluster.fencing.iter().filter_map(|it| fence(it, &here));
    Some(operations.chain(failures).chain(fences).collect())
}

type Here<'a> = dyn Fn(&str, Timestamp) -> Option<Timestamp> + 'a;

fn operation(it: &Operation, here: &Here<'_>) -> Option<Deed> {
    let is_drbd = it.resource == id::DRBD;
    let kind = match it.task {
        Task::Promote if is_drbd && it.done => DeedKind::Start,
        Task::Start if !is_drbd && it.done => DeedKind::Start,
        Task::Demote if is_drbd => DeedKind::Stop,
        Task::Stop if !is_drbd => DeedKind::Stop,
        _ => return None,
    };
    let began = here(&it.node, it.began)?;
    Some(Deed {
        kind,
        what: it.resource.clone(),
        place: it.node.clone(),
        told: it.began,
        began,
        took: it.took,
        ended: began.checked_add(it.took + RESOLUTION).ok()?,
    })
}

/// `slurmctld_monitor_10000`: a part's name has no `_`.
fn failure(it: &ResourceFailure, here: &Here<'_>) -> Option<Deed> {
    let (what, _) = it.operation.split_once("_monitor_")?;
    let told = it.found_at()?;
    let began = here(&it.node, told)?;
    let (what, place) = (what.to_owned(), it.node.clone());
    let (took, ended) = (Duration::ZERO, began.checked_add(RESOLUTION).ok()?);
    Some(Deed { kind: DeedKind::Failure, what, place, told, began, took, ended })
}

fn fence(it: &FencingEvent, here: &Here<'_>) -> Option<Deed> {
    if !it.has_fenced(&it.target) {
        return None;
    }
    let told = it.ended_at()?;
    let began = here(&it.delegate, told)?;
    let (what, place) = (it.target.clone(), it.delegate.clone());
    let (took, ended) = (Duration::ZERO, began.checked_add(RESOLUTION).ok()?);
    Some(Deed { kind: DeedKind::Fence, what, place, told, began, took, ended })
}
