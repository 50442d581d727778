// SPDX-License-Identifier: Apache-2.0
//! DRBD on both controllers, and what its volumes hold at first.

use std::path::Path;

use super::Seen;
use crate::config_file::{Access, Directory};
use crate::layout;
use crate::observe::{DeviceContent, DrbdStatus, Observation};
use crate::plan::build::{Draft, PlannedStep};
use crate::plan::step::{DrbdResource, DrbdVolume, Stage, Step, VolumeInit};
use crate::render::drbd;
use crate::secret::SecretId;
use crate::site::{Controller, Site};

pub(super) fn plan(site: &Site, controllers: &[Seen<'_>], managed: bool, draft: &mut Draft) {
    for seen in controllers {
        let resource = drbd_resource(seen.controller);
        let mut blank = false;
        for volume in &resource.volumes {
            match content(seen.observed, &volume.backing_device) {
                DeviceContent::Blank => blank = true,
                DeviceContent::Drbd { .. } => {}
                DeviceContent::Foreign { signature, .. } => draft.refuse(
                    seen.name(),
                    format!("{} carries {signature}", volume.backing_device.display()),
                    "name an empty device, or clear this one yourself with `wipefs --all` \
                     once you are sure that nobody needs what is on it",
                ),
                DeviceContent::Unknown { why } => draft.refuse(
                    seen.name(),
                    format!("{} cannot be read: {why}", volume.backing_device.display()),
                    "correct the device in the site file, or make it readable",
                ),
            }
        }
        if blank && managed && is_whole(seen.observed) {
            let what = "DRBD runs on another device than the one that the site file names, \
                        which is blank";
            let name = seen.name();
            let cure = format!(
                "one controller at a time, with all data on the other one: `pcs node standby \
                 {name}`, `slurmha apply`, `pcs node unstandby {name}`"
            );
            // `drbdadm adjust` would change it under the cluster, on both
            // controllers at once, and leave no copy of the data attached.
            draft.refuse(name, what.to_owned(), &cure);
        } else if blank {
            draft.push(
                Stage::Replication,
                seen.name(),
                PlannedStep::because(
                    Step::CreateDrbdMetadata(resource.clone()),
                    "the devices are blank",
                ),
            );
        }
        let up = seen.observed.drbd.known().is_some_and(|drbd| drbd.up);
        if !managed && !up {
            draft.push(Stage::Replication, seen.name(), Step::BringDrbdUp(resource));
        } else if managed && is_whole(seen.observed) && rewritten(seen, draft) {
            let why = "the kernel has the options of the old file";
            let step = PlannedStep::because(Step::BringDrbdUp(resource), why);
            draft.push(Stage::Replication, seen.name(), step);
        }
    }
    if !managed {
        let first = &site.controllers[0];
        draft.push(Stage::Volumes, &first.name, Step::InitialiseVolumes(volume_init(site, first)));
    }
}

/// Up with all of its disks. What is down or detached under Pacemaker's care
/// is so for a reason, and `drbdadm adjust` would bring it up.
fn is_whole(observed: &Observation) -> bool {
    let whole = |drbd: &DrbdStatus| drbd.up && drbd.volumes.iter().all(|v| v.disk != "Diskless");
    observed.drbd.known().is_some_and(whole)
}

fn rewritten(seen: &Seen<'_>, draft: &Draft) -> bool {
    draft.text_of(seen.name(), &drbd::resource_path()).is_some()
}

/// A device that was not seen is not blank: the answer decides about data.
fn content(observed: &Observation, device: &Path) -> DeviceContent {
    observed.devices.get(device).map_or_else(
        || DeviceContent::Unknown { why: "it was not looked at".to_owned() },
        |state| state.content.clone(),
    )
}

/// The DRBD resource as one controller sees it.
fn drbd_resource(controller: &Controller) -> DrbdResource {
    let volume =
        |backing: &Path, device: &str, label: &str, mount: &str, options: &str| DrbdVolume {
            backing_device: backing.to_owned(),
            device: device.into(),
            label: label.to_owned(),
            mount_point: mount.into(),
            mount_options: options.to_owned(),
        };
    DrbdResource {
        name: layout::DRBD_RESOURCE.to_owned(),
        volumes: vec![
            volume(
                &controller.state_device,
                layout::STATE_DEVICE,
                layout::STATE_LABEL,
                layout::STATE_MOUNT,
                layout::STATE_MOUNT_OPTIONS,
            ),
            volume(
                &controller.database_device,
                layout::DATABASE_DEVICE,
                layout::DATABASE_LABEL,
                layout::DATABASE_MOUNT,
                layout::DATABASE_MOUNT_OPTIONS,
            ),
        ],
    }
}

fn volume_init(site: &Site, controller: &Controller) -> VolumeInit {
    VolumeInit {
        resource: drbd_resource(controller),
        cluster_name: site.cluster_name.clone(),
        directories: vec![Directory {
            path: layout::STATE_SAVE_LOCATION.into(),
            access: Access::new("slurm", "slurm", 0o700),
        }],
        database_directory: layout::DATABASE_DIRECTORY.into(),
        database_name: layout::DATABASE_NAME.to_owned(),
        database_user: layout::DATABASE_USER.to_owned(),
        database_password: SecretId::DatabasePassword.location(),
    }
}
