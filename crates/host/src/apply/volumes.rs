// SPDX-License-Identifier: Apache-2.0
//! First-time content of the replicated volumes.
//!
//! The order makes every point a good one to die at: a volume's marker is
//! written last, so a volume without marker is completed by the next run and
//! one with marker is left alone.

mod fill;
mod marker;

use std::time::Duration;

use slurmha_core::observe::{DrbdStatus, DrbdVolumeStatus};
use slurmha_core::plan::{DrbdResource, Outcome, VolumeInit};

use super::context::Context;
use super::{Refusal, StepError, drbd as drbd_steps};
use crate::program::blkid::{self, Probe};
use crate::program::{drbd, pacemaker};
use crate::system::System;

/// The peer runs its own steps, and connecting takes up to `connect-int`.
const CONNECT_LIMIT: Duration = Duration::from_secs(180);
const UP_TO_DATE_LIMIT: Duration = Duration::from_secs(60);
const PROMOTION_LIMIT: Duration = Duration::from_secs(60);

pub(super) fn initialise(context: &Context<'_>, init: &VolumeInit) -> Result<Outcome, StepError> {
    let system = context.system;
    let resource = &init.resource;
    if is_managed(system, resource)? {
        context.progress(format!(
            "Pacemaker manages {} already: its volumes are left as they are",
            resource.name
        ))?;
        return Ok(Outcome::Unchanged);
    }
    let status =
        drbd_steps::wait_for(context, resource, CONNECT_LIMIT, |s| is_connected(s, resource))?;
    if status.peer_role == "Primary" {
        return Err(Refusal::PeerIsPrimary { resource: resource.name.clone() }.into());
    }
    let skipped = skip_first_sync(context, resource, &status)?;
    drbd_steps::wait_for(context, resource, UP_TO_DATE_LIMIT, is_up_to_date)?;
    if status.role != "Primary" {
        drbd::promote(system, &resource.name, PROMOTION_LIMIT)?;
    }
    let filled = fill::fill_all(context, init);
    let demoted = drbd::demote(system, &resource.name, drbd::TIMEOUT).map_err(StepError::from);
    let filled = both(filled, demoted)?;
    Ok(if skipped || filled { Outcome::Changed } else { Outcome::Unchanged })
}

/// The first result; when the second failed too, both reasons.
fn both<T>(first: Result<T, StepError>, then: Result<(), StepError>) -> Result<T, StepError> {
    match (first, then) {
        (Err(StepError::Abandoned), _) => Err(StepError::Abandoned),
        (Err(first), Err(then)) => {
            Err(StepError::AndThen { first: Box::new(first), then: Box::new(then) })
        }
        (first, Ok(())) => first,
        (Ok(_), Err(then)) => Err(then),
    }
}

/// Whether Pacemaker promotes and mounts: from then on hands off.
fn is_managed(system: &dyn System, resource: &DrbdResource) -> Result<bool, StepError> {
    let xpath = format!(
        "//primitive[@type='drbd']//nvpair[@name='drbd_resource' and @value='{}']",
        resource.name
    );
    Ok(pacemaker::has_element(system, &xpath)?)
}

fn is_connected(status: &DrbdStatus, resource: &DrbdResource) -> Result<(), String> {
    if !status.up {
        return Err(format!("{} is not up", resource.name));
    }
    if status.connection != "Connected" {
        return Err(format!("{} is {}, not Connected", resource.name, status.connection));
    }
    let known = |disk: &str| matches!(disk, "Inconsistent" | "UpToDate");
    for volume in &status.volumes {
        if !known(&volume.disk) || !known(&volume.peer_disk) {
            let DrbdVolumeStatus { volume, disk, peer_disk, .. } = volume;
            return Err(format!("volume {volume} is {disk} here and {peer_disk} on the peer"));
        }
    }
    let (found, wanted) = (status.volumes.len(), resource.volumes.len());
    if found == wanted { Ok(()) } else { Err(format!("{found} of {wanted} volumes are up")) }
}

fn is_up_to_date(status: &DrbdStatus) -> Result<(), String> {
    let behind = status.volumes.iter().find(|volume| volume.disk != "UpToDate");
    behind.map_or(Ok(()), |volume| {
        Err(format!("volume {} is {}, not UpToDate", volume.volume, volume.disk))
    })
}

/// Declares the sides of each fresh volume equal, after making sure that
/// there is nothing on it that would then differ.
fn skip_first_sync(
    context: &Context<'_>,
    resource: &DrbdResource,
    status: &DrbdStatus,
) -> Result<bool, StepError> {
    let fresh: Vec<usize> = (0..resource.volumes.len())
        .filter(|number| {
            let state = &status.volumes[*number];
            state.disk == "Inconsistent" && state.peer_disk == "Inconsistent"
        })
        .collect();
    for number in &fresh {
        refuse_data_inside(context.system, resource, *number)?;
    }
    for number in &fresh {
        context.progress(format!("volume {number} is blank on both sides: no first sync"))?;
        drbd::skip_first_sync(context.system, &resource.name, *number)?;
    }
    Ok(!fresh.is_empty())
}

fn refuse_data_inside(
    system: &dyn System,
    resource: &DrbdResource,
    volume: usize,
) -> Result<(), StepError> {
    let device = &resource.volumes[volume].backing_device;
    let found = match blkid::probe(system, device, true)? {
        Probe::Nothing => return Ok(()),
        Probe::Ambivalent => "several file systems".to_owned(),
        Probe::Found { signature, label } => drbd_steps::named(&signature, label.as_deref()),
    };
    let resource = resource.name.clone();
    Err(Refusal::DataUnderFreshMetadata { resource, volume, found }.into())
}
