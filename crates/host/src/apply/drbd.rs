// SPDX-License-Identifier: Apache-2.0
//! DRBD metadata on blank devices, and the connection to the peer.

use std::path::Path;
use std::time::Duration;

use slurmha_core::observe::{DeviceContent, DrbdStatus};
use slurmha_core::plan::{DrbdResource, DrbdVolume, Outcome};

use super::context::Context;
use super::{Refusal, StepError};
use crate::observe::{QUERY_TIMEOUT, devices};
use crate::program::{drbd, modprobe};
use crate::system::System;

/// Writes metadata on each volume whose device is blank. All devices are
/// looked at before the first is written.
pub(super) fn create_metadata(
    context: &Context<'_>,
    resource: &DrbdResource,
) -> Result<Outcome, StepError> {
    let system = context.system;
    let mut blank = Vec::new();
    for (number, volume) in resource.volumes.iter().enumerate() {
        if is_blank(system, volume)? {
            blank.push((number, volume));
        }
    }
    if blank.is_empty() {
        return Ok(Outcome::Unchanged);
    }
    // Without the module drbdadm cannot know its version and would write
    // metadata in the newest format, which the module then cannot read.
    modprobe::load(system, "drbd")?;
    for (number, volume) in blank {
        let device = volume.backing_device.display();
        context.progress(format!("writing metadata on {device}"))?;
        // Look again: the others took time.
        if is_blank(system, volume)? {
            drbd::create_metadata(system, &resource.name, number)?;
        }
    }
    Ok(Outcome::Changed)
}

/// True for a blank, unused device; false when DRBD metadata of ours is on
/// it; everything else is refused.
fn is_blank(system: &dyn System, volume: &DrbdVolume) -> Result<bool, Refusal> {
    let device = volume.backing_device.clone();
    let state = devices::observe(system, &device);
    match state.content {
        DeviceContent::Unknown { why } => return Err(Refusal::Unreadable { device, why }),
        DeviceContent::Foreign { signature, label } => {
            return Err(Refusal::NotBlank { device, found: named(&signature, label.as_deref()) });
        }
        DeviceContent::Drbd { label } => {
            return match label {
                Some(label) if label != volume.label => {
                    let found = format!("DRBD metadata around a file system labelled {label}");
                    Err(Refusal::NotBlank { device, found })
                }
                _ => Ok(false),
            };
        }
        DeviceContent::Blank => {}
    }
    if let Some(place) = state.mounted_at.first() {
        return Err(Refusal::InUse { device, by: format!("mounted at {}", place.display()) });
    }
    match system.is_claimed(&device) {
        Ok(false) => Ok(true),
        Ok(true) => {
            let by = "another part of the kernel holds it open exclusively".to_owned();
            Err(Refusal::InUse { device, by })
        }
        Err(error) => Err(Refusal::Unreadable { device, why: error.to_string() }),
    }
}

/// A signature with its label, as a message names it.
pub(super) fn named(signature: &str, label: Option<&str>) -> String {
    match label {
        Some(label) => format!("{signature} labelled {label}"),
        None => signature.to_owned(),
    }
}

/// Attaches and connects. The connection itself is not waited for: the peer
/// does the same at the same time.
pub(super) fn bring_up(
    context: &Context<'_>,
    resource: &DrbdResource,
) -> Result<Outcome, StepError> {
    let system = context.system;
    modprobe::load(system, "drbd")?;
    let status = drbd::status(system, &resource.name, QUERY_TIMEOUT)?;
    if status.up && status.connection == "StandAlone" {
        // Connecting now could resolve a split brain by throwing one side away.
        return Err(Refusal::StandAlone { resource: resource.name.clone() }.into());
    }
    if is_complete(&status, resource)
        && drbd::pending_adjustments(system, &resource.name)?.is_empty()
    {
        return Ok(Outcome::Unchanged);
    }
    drbd::adjust(system, &resource.name, drbd::TIMEOUT)?;
    Ok(Outcome::Changed)
}

fn is_complete(status: &DrbdStatus, resource: &DrbdResource) -> bool {
    let attached = status.volumes.iter().filter(|volume| volume.disk != "Diskless").count();
    status.up && attached == resource.volumes.len()
}

/// Waits for a status that `wanted` accepts; it says what is missing.
pub(super) fn wait_for(
    context: &Context<'_>,
    resource: &DrbdResource,
    limit: Duration,
    wanted: impl Fn(&DrbdStatus) -> Result<(), String>,
) -> Result<DrbdStatus, StepError> {
    use super::context::Look;
    let look = || match drbd::status(context.system, &resource.name, QUERY_TIMEOUT) {
        Err(error) => Look::Hopeless(error.into()),
        Ok(status) if status.connection == "StandAlone" => {
            Look::Hopeless(Refusal::StandAlone { resource: resource.name.clone() }.into())
        }
        Ok(status) => match wanted(&status) {
            Ok(()) => Look::Ready(status),
            Err(missing) => Look::Missing(missing),
        },
    };
    context.wait(limit, Duration::from_millis(500), look, |missing, after| StepError::TooSlow {
        missing,
        after,
        hint: format!("on both controllers: drbdadm status {}; dmesg | grep drbd", resource.name),
    })
}

/// Size of a replicated device in bytes, or the reason why it has none.
pub(super) fn size_bytes(system: &dyn System, device: &Path) -> Result<u64, Refusal> {
    devices::size_bytes(system, device).ok_or_else(|| Refusal::Unreadable {
        device: device.to_owned(),
        why: "its size cannot be told".to_owned(),
    })
}
