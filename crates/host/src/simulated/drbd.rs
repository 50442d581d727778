// SPDX-License-Identifier: Apache-2.0
//! One DRBD resource with a peer that is always there and does the same.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use slurmha_core::plan::{DrbdResource, DrbdVolume};

use super::devices::DRBD_MAJOR;
use super::files::Content;
use super::programs::Answer;
use super::state::State;
use crate::system::Ids;

#[derive(Default)]
pub(super) struct Drbd {
    /// What drbdadm finds in /etc/drbd.d.
    pub(super) configuration: Option<DrbdResource>,
    pub(super) module: bool,
    pub(super) up: bool,
    pub(super) primary: bool,
}

impl Drbd {
    fn volumes(&self) -> &[DrbdVolume] {
        self.configuration.as_ref().map_or(&[], |resource| &resource.volumes)
    }

    /// The volume of a `/dev/drbdN`.
    pub(super) fn volume_of(&self, device: &Path) -> Option<&DrbdVolume> {
        self.volumes().iter().find(|volume| volume.device == device).filter(|_| self.up)
    }

    pub(super) fn holds(&self, device: &Path) -> bool {
        self.up && self.volumes().iter().any(|volume| volume.backing_device == device)
    }

    pub(super) fn disk_mounted_at(&self, mount_point: &Path) -> Option<PathBuf> {
        let volume = self.volumes().iter().find(|volume| volume.mount_point == mount_point);
        volume.map(|volume| volume.backing_device.clone())
    }

    pub(super) fn shut_down(&mut self) {
        self.module = false;
        self.up = false;
        self.primary = false;
    }
}

impl State {
    pub(super) fn drbdsetup(&self, arguments: &[String]) -> Answer {
        let name = arguments.get(1).cloned().unwrap_or_default();
        if !self.drbd.module {
            return Answer::fails(20, "Could not connect to 'drbd' generic netlink family");
        }
        if !self.drbd.up {
            return Answer::fails(10, &format!("{name}: No such resource"));
        }
        let role = if self.drbd.primary { "Primary" } else { "Secondary" };
        let disks: Vec<&str> = self
            .drbd
            .volumes()
            .iter()
            .map(|volume| match self.metadata_of(volume) {
                Some(true) => "UpToDate",
                Some(false) => "Inconsistent",
                None => "Diskless",
            })
            .collect();
        let mut text = format!("{name} role:{role} suspended:no\n");
        for (number, disk) in disks.iter().enumerate() {
            let _ = writeln!(text, "  volume:{number} minor:{number} disk:{disk}");
        }
        text.push_str("  peer connection:Connected role:Secondary congested:no\n");
        for (number, disk) in disks.iter().enumerate() {
            let _ = writeln!(
                text,
                "    volume:{number} replication:Established peer-disk:{disk} out-of-sync:0"
            );
        }
        Answer::says(&text)
    }

    fn metadata_of(&self, volume: &DrbdVolume) -> Option<bool> {
        self.devices.get(&volume.backing_device)?.metadata
    }

    pub(super) fn drbdadm(&mut self, arguments: &[String]) -> Answer {
        let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
        if self.drbd.configuration.is_none() {
            return Answer::fails(10, "'slurm_data' not defined in your config");
        }
        match words.as_slice() {
            ["--", "--force", "create-md", volume] => self.create_metadata(volume),
            ["--", "--clear-bitmap", "new-current-uuid", volume] => self.new_uuid(volume),
            ["--dry-run", "adjust", name] if self.drbd.up => {
                Answer::says(if *name == "slurm_data" { "" } else { "drbdsetup ...\n" })
            }
            ["--dry-run", "adjust", _] => Answer::says("drbdsetup new-resource ...\n"),
            ["adjust", _] => self.bring_up(),
            ["primary", _] => self.promote(),
            ["secondary", _] => self.demote(),
            _ => Answer::fails(1, "drbdadm: unknown command"),
        }
    }

    fn volume_number(&self, volume: &str) -> Option<DrbdVolume> {
        let number: usize = volume.rsplit('/').next()?.parse().ok()?;
        self.drbd.volumes().get(number).cloned()
    }

    fn create_metadata(&mut self, volume: &str) -> Answer {
        if !self.drbd.module {
            return Answer::fails(1, "metadata of version 9 would be written");
        }
        let Some(volume) = self.volume_number(volume) else { return Answer::fails(1, "volume?") };
        match self.devices.get_mut(&volume.backing_device) {
            None => Answer::fails(20, "open failed: No such file or directory"),
            Some(device) if device.inside.is_some() => {
                Answer::fails(40, "Device size would be truncated, which would corrupt data")
            }
            Some(device) => {
                device.metadata = Some(false);
                Answer::ok()
            }
        }
    }

    fn new_uuid(&mut self, volume: &str) -> Answer {
        let Some(volume) = self.volume_number(volume) else { return Answer::fails(1, "volume?") };
        match self.devices.get_mut(&volume.backing_device).map(|device| &mut device.metadata) {
            Some(Some(up_to_date)) if !*up_to_date => {
                *up_to_date = true;
                Answer::ok()
            }
            _ => Answer::fails(17, "Failure: (151) This operation is not allowed while connected"),
        }
    }

    fn bring_up(&mut self) -> Answer {
        let volumes = self.drbd.volumes().to_vec();
        if volumes.iter().any(|volume| self.metadata_of(volume).is_none()) {
            return Answer::fails(1, "No valid meta data found");
        }
        if volumes.iter().any(|volume| self.is_claimed(&volume.backing_device)) && !self.drbd.up {
            return Answer::fails(1, "Can not open backing device.");
        }
        for (minor, volume) in volumes.iter().enumerate() {
            let node = Content::Block { major: DRBD_MAJOR, minor: minor as u32 };
            self.insert(&volume.device, node, Ids::root(0o660));
        }
        self.drbd.up = true;
        Answer::ok()
    }

    fn promote(&mut self) -> Answer {
        let volumes = self.drbd.volumes().to_vec();
        if volumes.iter().any(|volume| self.metadata_of(volume) != Some(true)) {
            return Answer::fails(17, "State change failed: (-2) Need access to UpToDate data");
        }
        self.drbd.primary = true;
        Answer::ok()
    }

    fn demote(&mut self) -> Answer {
        let volumes = self.drbd.volumes();
        let in_use = |device: &Path| volumes.iter().any(|volume| volume.device == device);
        if self.mounts.iter().any(|(device, _)| in_use(device)) {
            return Answer::fails(11, "State change failed: (-12) Device is held open by someone");
        }
        self.drbd.primary = false;
        Answer::ok()
    }
}
