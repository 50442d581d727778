// SPDX-License-Identifier: Apache-2.0
//! File system, directories, database and marker of each volume.

use slurmha_core::plan::{DrbdVolume, Outcome, VolumeInit};

use super::super::context::Context;
use super::super::files::{ensure_directory, ids_of};
use super::super::{Refusal, StepError, database, drbd as drbd_steps};
use super::{both, marker};
use crate::program::blkid::{self, Probe};
use crate::program::{ext4, mount, sync};
use crate::system::{Ids, System};

/// Fills the volumes of a resource that is Primary here; says whether
/// anything changed. All volumes are looked at before the first is written.
pub(super) fn fill_all(context: &Context<'_>, init: &VolumeInit) -> Result<bool, StepError> {
    let volumes = &init.resource.volumes;
    let mut blank = Vec::new();
    for volume in volumes {
        blank.push(is_blank(context.system, volume)?);
    }
    let mut changed = false;
    for (volume, blank) in volumes.iter().zip(blank) {
        if blank {
            make_file_system(context, volume)?;
        }
        changed |= fill_mounted(context, init, volume)? || blank;
    }
    Ok(changed)
}

/// True for a device without signature, false for our own file system;
/// everything else is refused.
fn is_blank(system: &dyn System, volume: &DrbdVolume) -> Result<bool, StepError> {
    let device = volume.device.clone();
    match blkid::probe(system, &device, false)? {
        Probe::Nothing => Ok(true),
        Probe::Found { signature, label }
            if signature == "ext4" && label.as_deref() == Some(&volume.label) =>
        {
            Ok(false)
        }
        Probe::Found { signature, label } => {
            let found = drbd_steps::named(&signature, label.as_deref());
            Err(Refusal::NotBlank { device, found }.into())
        }
        Probe::Ambivalent => {
            Err(Refusal::NotBlank { device, found: "several signatures".to_owned() }.into())
        }
    }
}

fn make_file_system(context: &Context<'_>, volume: &DrbdVolume) -> Result<(), StepError> {
    let system = context.system;
    let size = drbd_steps::size_bytes(system, &volume.device)?;
    context.progress(format!("making ext4 on {}", volume.device.display()))?;
    Ok(ext4::make(system, &volume.device, &volume.label, size)?)
}

fn fill_mounted(
    context: &Context<'_>,
    init: &VolumeInit,
    volume: &DrbdVolume,
) -> Result<bool, StepError> {
    let system = context.system;
    ensure_mounted(system, volume)?;
    let filled = fill(context, init, volume);
    let unmounted =
        mount::unmount(system, &volume.mount_point, mount::TIMEOUT).map_err(StepError::from);
    both(filled, unmounted)
}

/// Mounts the volume, unless a run that was killed has left it mounted.
fn ensure_mounted(system: &dyn System, volume: &DrbdVolume) -> Result<(), StepError> {
    let mounts = mount::mounts(system)?;
    let there = mounts.into_iter().rfind(|mount| mount.mount_point == volume.mount_point);
    match there {
        Some(mount) if mount.source == volume.device => Ok(()),
        Some(mount) => {
            let mount_point = volume.mount_point.clone();
            Err(Refusal::MountPointTaken { mount_point, found: mount.source }.into())
        }
        None => {
            if system.metadata(&volume.mount_point)?.is_none() {
                ensure_directory(system, &volume.mount_point, Ids::root(0o755))?;
            }
            let options = &volume.mount_options;
            Ok(mount::mount(system, &volume.device, &volume.mount_point, options, mount::TIMEOUT)?)
        }
    }
}

fn fill(context: &Context<'_>, init: &VolumeInit, volume: &DrbdVolume) -> Result<bool, StepError> {
    let system = context.system;
    if marker::is_present(system, init, volume)? {
        return Ok(false);
    }
    marker::refuse_strange_files(system, init, volume)?;
    if init.database_directory.starts_with(&volume.mount_point) {
        database::initialise(context, init)?;
    }
    for directory in &init.directories {
        if directory.path.starts_with(&volume.mount_point) {
            let ids = ids_of(system, &directory.access)?;
            let _: Outcome = ensure_directory(system, &directory.path, ids)?;
        }
    }
    // The marker promises that the rest is there, also after a power cut.
    sync::file_system(system, &volume.mount_point)?;
    marker::write(system, init, volume)?;
    context.progress(format!("{} is ready", volume.label))?;
    Ok(true)
}
