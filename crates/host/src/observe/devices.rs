// SPDX-License-Identifier: Apache-2.0
//! Block devices: how large, what is on them, who uses them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::thread;

use slurmha_core::observe::{DeviceContent, DeviceState};

use crate::program::{blkid, mount};
use crate::system::{FileKind, System, read_trimmed};

/// The kernel counts in these, whatever the device's own sectors are.
const SECTOR_BYTES: u64 = 512;

pub(super) fn observe_all(
    system: &dyn System,
    devices: &[PathBuf],
) -> BTreeMap<PathBuf, DeviceState> {
    thread::scope(|scope| {
        let spawn = |device| scope.spawn(move || observe(system, device));
        let looks: Vec<_> = devices.iter().map(|device| (device, spawn(device))).collect();
        let states = looks.into_iter().map(|(device, look)| {
            let state = look.join().unwrap_or_else(|_| absent("the look at it failed".to_owned()));
            (device.clone(), state)
        });
        states.collect()
    })
}

/// Looks at one device.
pub(crate) fn observe(system: &dyn System, device: &Path) -> DeviceState {
    match system.resolve(device) {
        Err(error) => return absent(error.to_string()),
        Ok(None) => return absent("there is no such device".to_owned()),
        Ok(Some(node)) => match system.metadata(&node) {
            Ok(Some(metadata)) if metadata.kind == FileKind::BlockDevice => {}
            Ok(_) => return absent("it is not a block device".to_owned()),
            Err(error) => return absent(error.to_string()),
        },
    }
    DeviceState {
        size_bytes: size_bytes(system, device),
        content: content(system, device),
        mounted_at: mounted_at(system, device),
    }
}

fn absent(why: String) -> DeviceState {
    DeviceState {
        size_bytes: None,
        content: DeviceContent::Unknown { why },
        mounted_at: Vec::new(),
    }
}

/// Size of a block device in bytes.
pub fn size_bytes(system: &dyn System, device: &Path) -> Option<u64> {
    let text = read_trimmed(system, sys_directory(&kernel_name(system, device)?).join("size"))?;
    text.parse::<u64>().ok().map(|sectors| sectors * SECTOR_BYTES)
}

/// What a device carries, without regard to who uses it.
pub(crate) fn content(system: &dyn System, device: &Path) -> DeviceContent {
    let unknown = |why: String| DeviceContent::Unknown { why };
    match blkid::probe(system, device, false) {
        Err(error) => unknown(error.to_string()),
        Ok(blkid::Probe::Nothing) => DeviceContent::Blank,
        Ok(blkid::Probe::Ambivalent) => DeviceContent::Foreign {
            signature: "several signatures at once".to_owned(),
            label: None,
        },
        Ok(found) if found.is_drbd() => inside_drbd(system, device),
        Ok(blkid::Probe::Found { signature, label }) => DeviceContent::Foreign { signature, label },
    }
}

fn inside_drbd(system: &dyn System, device: &Path) -> DeviceContent {
    match blkid::probe(system, device, true) {
        Err(error) => DeviceContent::Unknown { why: error.to_string() },
        Ok(blkid::Probe::Nothing) => DeviceContent::Drbd { label: None },
        Ok(blkid::Probe::Found { label, signature }) => {
            // A file system without a label is somebody's all the same.
            DeviceContent::Drbd { label: Some(label.unwrap_or_else(|| format!("({signature})"))) }
        }
        Ok(blkid::Probe::Ambivalent) => DeviceContent::Unknown {
            why: "several file system signatures inside DRBD's metadata".to_owned(),
        },
    }
}

/// Where the device, a partition of it, or what is built on it is mounted;
/// `[swap]` for swap space.
pub(crate) fn mounted_at(system: &dyn System, device: &Path) -> Vec<PathBuf> {
    let Some(name) = kernel_name(system, device) else { return Vec::new() };
    let mut names = BTreeSet::new();
    collect_dependents(system, &name, &mut names);
    let numbers: BTreeSet<(u32, u32)> =
        names.iter().filter_map(|name| device_number(system, name)).collect();
    let mounts = mount::mounts(system).unwrap_or_default();
    let mut places: Vec<PathBuf> = mounts
        .into_iter()
        .filter(|mount| numbers.contains(&mount.device))
        .map(|mount| mount.mount_point)
        .collect();
    if swaps(system).iter().any(|swap| names.contains(swap)) {
        places.push("[swap]".into());
    }
    places
}

/// The device itself, its partitions and its holders (LVM, md, dm-crypt).
fn collect_dependents(system: &dyn System, name: &str, names: &mut BTreeSet<String>) {
    if !names.insert(name.to_owned()) {
        return;
    }
    let directory = sys_directory(name);
    let holders = system.read_directory(&directory.join("holders")).unwrap_or_default();
    let children = system.read_directory(&directory).unwrap_or_default();
    let partitions = children.into_iter().filter(|child| child.starts_with(name));
    for dependent in holders.into_iter().chain(partitions) {
        collect_dependents(system, &dependent, names);
    }
}

fn swaps(system: &dyn System) -> Vec<String> {
    let text = read_trimmed(system, "/proc/swaps").unwrap_or_default();
    let devices = text.lines().skip(1).filter_map(|line| line.split_whitespace().next());
    devices.filter_map(|device| kernel_name(system, Path::new(device))).collect()
}

fn device_number(system: &dyn System, name: &str) -> Option<(u32, u32)> {
    let text = read_trimmed(system, sys_directory(name).join("dev"))?;
    let (major, minor) = text.split_once(':')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// `vdb` of `/dev/vdb`, `dm-3` of `/dev/vg/state`.
fn kernel_name(system: &dyn System, device: &Path) -> Option<String> {
    let node = system.resolve(device).ok().flatten()?;
    Some(node.file_name()?.to_string_lossy().into_owned())
}

fn sys_directory(name: &str) -> PathBuf {
    Path::new("/sys/class/block").join(name)
}
