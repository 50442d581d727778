// SPDX-License-Identifier: Apache-2.0
//! dmsetup(8): a block device between another one and whoever uses it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::command::{Command, CommandError};
use crate::system::System;

/// It waits for udev to have made the device's node.
const LIMIT: Duration = Duration::from_secs(30);

/// Where a device of that name is.
pub fn path(name: &str) -> PathBuf {
    Path::new("/dev/mapper").join(name)
}

/// Whether the kernel can do it at all; loads the module.
///
/// # Errors
/// When dmsetup is missing, or the kernel knows no device mapper.
pub fn is_there(system: &dyn System) -> Result<(), CommandError> {
    dmsetup(system, &["version"])
}

/// Whether there is a device of that name.
///
/// # Errors
/// When dmsetup could not be run.
pub fn exists(system: &dyn System, name: &str) -> Result<bool, CommandError> {
    let command = Command::new("dmsetup").args(["info", name]).timeout(LIMIT);
    Ok(system.run(&command)?.ok())
}

/// Makes a device of so many sectors that hands everything on.
///
/// # Errors
/// Also when somebody holds the other device.
pub fn create_linear(
    system: &dyn System,
    name: &str,
    sectors: u64,
    beneath: &Path,
) -> Result<(), CommandError> {
    dmsetup(system, &["create", name, "--table", &linear(sectors, beneath)])
}

/// The device hands everything on again; what waited goes first.
///
/// # Errors
/// When there is no such device.
pub fn make_linear(
    system: &dyn System,
    name: &str,
    sectors: u64,
    beneath: &Path,
) -> Result<(), CommandError> {
    swap(system, name, &linear(sectors, beneath))
}

/// The device answers everything with an error (Linux, dm-target.c,
/// `io_err_map`).
///
/// # Errors
/// When there is no such device.
pub fn make_error(system: &dyn System, name: &str, sectors: u64) -> Result<(), CommandError> {
    swap(system, name, &format!("0 {sectors} error"))
}

/// The device answers nothing until it is made something else.
///
/// # Errors
/// When there is no such device.
pub fn suspend(system: &dyn System, name: &str) -> Result<(), CommandError> {
    dmsetup(system, &["suspend", "--noflush", "--nolockfs", name])
}

/// Takes the device away; udev may still look at it.
///
/// # Errors
/// When there is none, or somebody holds it.
pub fn remove(system: &dyn System, name: &str) -> Result<(), CommandError> {
    dmsetup(system, &["remove", "--retry", name])
}

fn linear(sectors: u64, beneath: &Path) -> String {
    format!("0 {sectors} linear {} 0", beneath.display())
}

/// A resume puts a loaded table in the place of the old one, whether or not
/// the device was suspended (Linux, dm-ioctl.c, `do_resume`).
fn swap(system: &dyn System, name: &str, table: &str) -> Result<(), CommandError> {
    dmsetup(system, &["load", name, "--table", table])?;
    dmsetup(system, &["resume", "--noflush", "--nolockfs", name])
}

fn dmsetup(system: &dyn System, words: &[&str]) -> Result<(), CommandError> {
    system.run(&Command::new("dmsetup").args(words).timeout(LIMIT))?.success().map(|_| ())
}
