// SPDX-License-Identifier: Apache-2.0
//! Block devices, and what blkid, mkfs.ext4, mount and umount do with them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::files::{Content, Node};
use super::programs::Answer;
use super::state::State;
use crate::system::Ids;

/// Minor numbers of disks begin here, so that they differ from DRBD's.
const DISK_MAJOR: u32 = 254;
pub(super) const DRBD_MAJOR: u32 = 147;

#[derive(Clone, Debug, Default)]
pub(super) struct Device {
    pub(super) size_bytes: u64,
    /// DRBD metadata; true once its data is up to date.
    pub(super) metadata: Option<bool>,
    /// What is in front of the metadata.
    pub(super) inside: Option<FileSystem>,
}

#[derive(Clone, Debug)]
pub(super) struct FileSystem {
    signature: String,
    label: Option<String>,
    /// Paths below its root.
    tree: BTreeMap<PathBuf, Node>,
}

impl Device {
    /// Files of the file system on it.
    pub(super) fn tree(&self) -> Option<&BTreeMap<PathBuf, Node>> {
        self.inside.as_ref().map(|inside| &inside.tree)
    }
}

impl State {
    pub(super) fn add_device(&mut self, path: &str, size_bytes: u64) {
        let minor = self.devices.len() as u32;
        let node = Content::Block { major: DISK_MAJOR, minor };
        self.insert(Path::new(path), node, Ids::root(0o660));
        self.devices.insert(path.into(), Device { size_bytes, ..Device::default() });
    }

    pub(super) fn put_signature(&mut self, path: &str, signature: &str, label: Option<&str>) {
        let Some(device) = self.devices.get_mut(Path::new(path)) else { return };
        if signature == "drbd" {
            device.metadata = Some(false);
            return;
        }
        device.inside = Some(FileSystem {
            signature: signature.to_owned(),
            label: label.map(str::to_owned),
            tree: BTreeMap::new(),
        });
    }

    pub(super) fn describe_device(&self, path: &str) -> String {
        let Some(device) = self.devices.get(Path::new(path)) else { return "absent".to_owned() };
        let inside = device.inside.as_ref().map(|inside| inside.signature.as_str());
        match (device.metadata, inside) {
            (None, None) => "blank".to_owned(),
            (None, Some(signature)) => signature.to_owned(),
            (Some(_), None) => "drbd".to_owned(),
            (Some(_), Some(signature)) => format!("drbd around {signature}"),
        }
    }

    /// The disk behind a path: itself, or the one under a DRBD device that is
    /// Primary here.
    fn disk_behind(&self, path: &Path) -> Result<PathBuf, String> {
        if self.devices.contains_key(path) {
            return Ok(path.to_owned());
        }
        let volume = self.drbd.volume_of(path);
        let volume = volume.ok_or_else(|| format!("{}: No such file", path.display()))?;
        if self.drbd.primary {
            Ok(volume.backing_device.clone())
        } else {
            Err(format!("{}: Wrong medium type", path.display()))
        }
    }

    pub(super) fn is_claimed(&self, path: &Path) -> bool {
        let mounted = self.mounts.iter().any(|(device, _)| device == path);
        mounted || self.drbd.holds(path)
    }

    pub(super) fn blkid(&self, arguments: &[String]) -> Answer {
        let only_file_systems = arguments.iter().any(|argument| argument == "filesystem");
        let path = Path::new(arguments.last().map_or("", String::as_str));
        let disk = match self.disk_behind(path) {
            Ok(disk) => disk,
            Err(error) => return Answer::fails(2, &format!("error: {error}")),
        };
        let Some(device) = self.devices.get(&disk) else { return Answer::fails(2, "") };
        if device.metadata.is_some() && disk == path && !only_file_systems {
            return Answer::says("DEVNAME=x\nTYPE=drbd\nUSAGE=raid\n");
        }
        match &device.inside {
            None => Answer::fails(2, ""),
            Some(inside) if only_file_systems && !inside.signature.starts_with("ext") => {
                Answer::fails(2, "")
            }
            Some(inside) => {
                let label = inside.label.as_ref().map(|label| format!("LABEL={label}\n"));
                let label = label.unwrap_or_default();
                Answer::says(&format!("DEVNAME=x\n{label}TYPE={}\n", inside.signature))
            }
        }
    }

    pub(super) fn mkfs(&mut self, arguments: &[String]) -> Answer {
        let path = arguments.last().cloned().unwrap_or_default();
        let label = arguments.iter().position(|a| a == "-L").map(|at| arguments[at + 1].clone());
        let disk = match self.disk_behind(Path::new(&path)) {
            Ok(disk) => disk,
            Err(error) => return Answer::fails(1, &error),
        };
        let now = self.now();
        let Some(device) = self.devices.get_mut(&disk) else { return Answer::fails(1, "") };
        if device.inside.is_some() {
            return Answer::fails(1, &format!("{path} contains a file system. Aborting."));
        }
        let root = Node { content: Content::Directory, ids: Ids::root(0o700), modified: now };
        let tree = BTreeMap::from([("lost+found".into(), root)]);
        device.inside = Some(FileSystem { signature: "ext4".to_owned(), label, tree });
        Answer::ok()
    }

    pub(super) fn mount(&mut self, arguments: &[String]) -> Answer {
        let [.., device, mount_point] = arguments else { return Answer::fails(1, "usage") };
        let (device, mount_point) = (PathBuf::from(device), PathBuf::from(mount_point));
        if !self.files.contains_key(&mount_point) {
            let text = format!("mount: {}: mount point does not exist.", mount_point.display());
            return Answer::fails(32, &text);
        }
        let disk = match self.disk_behind(&device) {
            Ok(disk) => disk,
            Err(error) => return Answer::fails(32, &error),
        };
        let inside = self.devices.get(&disk).and_then(|device| device.inside.clone());
        let Some(inside) = inside else { return Answer::fails(32, "wrong fs type") };
        for (path, node) in inside.tree {
            self.files.insert(mount_point.join(path), node);
        }
        self.mounts.push((device, mount_point));
        Answer::ok()
    }

    pub(super) fn unmount(&mut self, arguments: &[String]) -> Answer {
        let mount_point = PathBuf::from(arguments.last().cloned().unwrap_or_default());
        if !self.unmount_into_device(&mount_point) {
            return Answer::fails(32, &format!("umount: {}: not mounted.", mount_point.display()));
        }
        self.mounts.retain(|(_, place)| *place != mount_point);
        Answer::ok()
    }

    /// Takes the files below a mount point back into the device they are on.
    pub(super) fn unmount_into_device(&mut self, mount_point: &Path) -> bool {
        let mounted = self.mounts.iter().find(|(_, place)| place == mount_point);
        let disk = mounted.map(|(device, _)| device.clone());
        let below: Vec<PathBuf> = self
            .files
            .keys()
            .filter(|path| path.starts_with(mount_point) && *path != mount_point)
            .cloned()
            .collect();
        let mut tree = BTreeMap::new();
        for path in below {
            if let (Ok(relative), Some(node)) =
                (path.strip_prefix(mount_point).map(Path::to_owned), self.files.remove(&path))
            {
                tree.insert(relative, node);
            }
        }
        // At a power cut the mount list is taken apart by the caller.
        let disk = disk.and_then(|device| self.disk_behind(&device).ok());
        let disk = disk.or_else(|| self.drbd.disk_mounted_at(mount_point));
        let Some(disk) = disk else { return false };
        if let Some(inside) = self.devices.get_mut(&disk).and_then(|device| device.inside.as_mut())
        {
            inside.tree = tree;
        }
        true
    }

    /// `/proc` and `/sys`, as far as they are read.
    pub(super) fn kernel_file(&self, path: &Path) -> Option<String> {
        if path == Path::new("/proc/self/mountinfo") {
            return Some(self.mountinfo());
        }
        let rest = path.strip_prefix("/sys/class/block").ok()?;
        let mut parts = rest.components().map(|part| part.as_os_str().to_string_lossy());
        let device = Path::new("/dev").join(parts.next()?.as_ref());
        let metadata = self.metadata(&device)?;
        match parts.next()?.as_ref() {
            "dev" => Some(format!("{}:{}\n", metadata.device.0, metadata.device.1)),
            "size" => {
                let disk = self.drbd.volume_of(&device).map(|volume| &volume.backing_device);
                let bytes = self.devices.get(disk.unwrap_or(&device))?.size_bytes;
                Some(format!("{}\n", bytes / 512))
            }
            _ => None,
        }
    }

    fn mountinfo(&self) -> String {
        let mut text = String::new();
        for (device, mount_point) in &self.mounts {
            let (major, minor) = self.metadata(device).map_or((0, 0), |m| m.device);
            let (device, place) = (device.display(), mount_point.display());
            let _ =
                writeln!(text, "36 35 {major}:{minor} / {place} rw shared:1 - ext4 {device} rw");
        }
        text
    }
}
