// SPDX-License-Identifier: Apache-2.0
//! The block devices under DRBD.

use crate::site::diagnostic::Diagnostic;
use crate::site::fragments::{Controller, SiteFile, items};
use crate::site::reader::Report;
use crate::site::rule;

pub(super) fn check(file: &SiteFile, report: &mut Report) {
    let controllers = items(file.controller.as_ref());
    controllers.iter().for_each(|controller| check_same_device(controller, report));
    check_stable_names(controllers.iter().map(|controller| &controller.value), report);
}

fn check_same_device(controller: &Controller, report: &mut Report) {
    let (Some(state), Some(database)) = (&controller.state_device, &controller.database_device)
    else {
        return;
    };
    let message = if state.0 == database.0 {
        format!("{} is to hold both the state and the database", state.0)
    } else if is_part_of(&state.0, &database.0) || is_part_of(&database.0, &state.0) {
        format!("{} and {} overlap: one is a partition of the other", state.0, database.0)
    } else {
        return;
    };
    report.push(
        Diagnostic::new(
            &rule::SAME_DEVICE,
            database.span.clone(),
            message,
            "give each its own partition or logical volume",
        )
        .related(state.span.clone(), "the state's device"),
    );
}

/// Whether `part` is named like a partition of `disk`: sdb1, nvme0n1p1, or
/// by-id/...-part1. The first two are the kernel's names, which lie in /dev itself;
/// vg0/slurm and vg0/slurm2 are two logical volumes.
fn is_part_of(part: &str, disk: &str) -> bool {
    let Some(suffix) = part.strip_prefix(disk) else { return false };
    let disk_ends_in_digit = disk.ends_with(|c: char| c.is_ascii_digit());
    let number = match suffix.strip_prefix("-part") {
        Some(number) => number,
        None if !is_in_dev_itself(disk) => return false,
        None if disk_ends_in_digit => suffix.strip_prefix('p').unwrap_or_default(),
        None => suffix,
    };
    !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())
}

fn is_in_dev_itself(path: &str) -> bool {
    path.strip_prefix("/dev/").is_some_and(|name| !name.contains('/'))
}

/// Warns once. Virtual disks (vdb, xvdb) are named by their slot and stay.
fn check_stable_names<'f>(controllers: impl Iterator<Item = &'f Controller>, report: &mut Report) {
    let mut devices = controllers
        .flat_map(|controller| [&controller.state_device, &controller.database_device])
        .flatten()
        .filter(|device| is_named_by_discovery(&device.0));
    let Some(first) = devices.next() else { return };
    let others: Vec<_> = devices.collect();
    let diagnostic = Diagnostic::new(
        &rule::UNSTABLE_DEVICE_NAME,
        first.span.clone(),
        format!("{} can be another disk after the next boot", first.0),
        "use a name that stays, such as one of `ls -l /dev/disk/by-id` or a logical volume",
    );
    let add = |d: Diagnostic, device: &&_| {
        let device: &crate::site::spanned::Spanned<_> = device;
        d.related(device.span.clone(), "this one too")
    };
    report.push(others.iter().fold(diagnostic, add));
}

/// Disks that the kernel numbers in the order in which they answer.
fn is_named_by_discovery(path: &str) -> bool {
    let name = path.strip_prefix("/dev/").unwrap_or_default();
    let sd = name
        .strip_prefix("sd")
        .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase()));
    let nvme = name
        .strip_prefix("nvme")
        .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    sd || nvme
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_are_told_from_other_disks() {
        assert!(is_part_of("/dev/sdb1", "/dev/sdb"));
        assert!(is_part_of("/dev/nvme0n1p2", "/dev/nvme0n1"));
        assert!(is_part_of("/dev/disk/by-id/x-part1", "/dev/disk/by-id/x"));
        assert!(!is_part_of("/dev/nvme0n12", "/dev/nvme0n1"));
        assert!(!is_part_of("/dev/sdb", "/dev/sdb"));
        assert!(!is_part_of("/dev/vg0/slurm2", "/dev/vg0/slurm"));
        assert!(!is_part_of("/dev/vg0/slurm1p2", "/dev/vg0/slurm1"));
        assert!(!is_part_of("/dev/disk/by-id/x1", "/dev/disk/by-id/x"));
    }
}
