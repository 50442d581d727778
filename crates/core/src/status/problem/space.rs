// SPDX-License-Identifier: Apache-2.0
//! File systems of the active controller that are full, or nearly so.

use std::path::Path;

use super::super::model::{Problem, Severity, Status};
use super::super::view::View;
use super::problem;
use crate::layout::{DATABASE_MOUNT, STATE_MOUNT};
use crate::observe::Space;

/// Less than one in so many bytes left is little.
const LITTLE: u64 = 10;
/// Less than one in so many is as good as nothing: slurmctld writes a whole
/// new job table beside the old one.
const NOTHING: u64 = 100;

/// The replicated volumes, which only the active controller has mounted.
pub(super) fn volumes(view: &View<'_>, status: &Status) -> Vec<Problem> {
    let Some(active) = &status.active else { return Vec::new() };
    let Some(observation) = view.observation(active) else { return Vec::new() };
    let volumes = [
        (STATE_MOUNT, Severity::Down, "Slurm refuses jobs and saves nothing"),
        (DATABASE_MOUNT, Severity::Degraded, "accounting stands still"),
    ];
    let told = volumes.into_iter().filter_map(|(mount, severity, consequence)| {
        let space = observation.spaces.get(Path::new(mount))?;
        let next = format!("on {active}: du -xh --max-depth=2 {mount} | sort -h | tail");
        if is_less_than_one_in(NOTHING, space) {
            let text = format!("{mount} on {active} is full: {consequence}");
            Some(problem(severity, text, next))
        } else if is_less_than_one_in(LITTLE, space) {
            let (left, total) = (mib(space.available), mib(space.total));
            let text = format!("{mount} on {active} has {left} of {total} MiB left");
            Some(problem(Severity::Degraded, text, next))
        } else {
            None
        }
    });
    told.collect()
}

fn is_less_than_one_in(parts: u64, space: &Space) -> bool {
    space.available.saturating_mul(parts) < space.total
}

fn mib(bytes: u64) -> u64 {
    bytes >> 20
}
