// SPDX-License-Identifier: Apache-2.0
//! Disks under DRBD that answer with errors, or not at all.
//!
//! What is under DRBD may be a disk, a partition or a logical volume, and
//! nothing of it is touched: a device of the device mapper is put between,
//! volume by volume, which goes on over the peer meanwhile. Only that device
//! misbehaves. A reboot leaves nothing of it.

use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use slurmha_core::drill::DiskFault;
use slurmha_core::layout::DRBD_RESOURCE;
use slurmha_core::observe::DrbdStatus;
use slurmha_host::System;
use slurmha_host::observe::size_bytes;
use slurmha_host::program::{dmsetup, drbd};

use super::super::replica::{is_whole, look};
use super::timer;

const TIMER: &str = "slurmha-mend-disks";

/// Tables are in these, whatever the device (dmsetup(8), TABLE FORMAT).
const SECTOR_BYTES: u64 = 512;

/// What was written meanwhile is sent again before the disks are as before.
const IN_SYNC: Duration = Duration::from_secs(90);
/// Until then a disk is tried to be detached or attached: the peer may not have
/// all data yet.
const PATIENCE: Duration = Duration::from_secs(90);
const PAUSE: Duration = Duration::from_millis(500);

/// Putting the devices between takes that long at most.
const PREPARATION: Duration = Duration::from_secs(240);

/// Disks that misbehave.
pub struct Bad {
    timer: String,
}

/// A disk under DRBD.
struct Disk {
    volume: usize,
    /// What is configured.
    device: PathBuf,
    sectors: u64,
    /// The name of what is put between.
    between: String,
}

impl Bad {
    /// All of them misbehave, or none; says when that began. Preparing it takes minutes, after
    /// which it may not be wanted any more.
    pub fn make(
        system: &dyn System,
        fault: DiskFault,
        lasts: Duration,
        is_wanted: &dyn Fn() -> bool,
    ) -> Result<(Self, Timestamp), String> {
        dmsetup::is_there(system).map_err(|error| {
            format!("nothing can be put under DRBD without the device mapper: {error}")
        })?;
        let disks = disks(system)?;
        if !is_whole(&look(system)?) {
            return Err("not both sides have all data".to_owned());
        }
        let bad = Self { timer: timer::set(system, TIMER, PREPARATION, &["mend-disks"])? };
        let misbehaves = || {
            prepare(system, &disks)?;
            if !is_wanted() {
                return Err("the drill has ended meanwhile".to_owned());
            }
            // The same timer, now for the time that the fault lasts.
            timer::stop(system, &bad.timer)?;
            timer::set(system, TIMER, lasts, &["mend-disks"])?;
            misbehave(system, &disks, fault)
        };
        match misbehaves() {
            Ok(at) => Ok((bad, at)),
            Err(why) => Err(timer::and_left(&why, bad.mend(system))),
        }
    }

    /// They work again.
    pub fn mend(self, system: &dyn System) -> Result<(), String> {
        // When it fails the timer stays: it will try again.
        mend(system)?;
        timer::stop(system, &self.timer)
    }
}

/// Puts everything back, whatever was done: what the timer does, and an
/// administrator can.
///
/// # Errors
/// What could not be put back, and what to type.
pub fn mend(system: &dyn System) -> Result<(), String> {
    let failures: Vec<String> =
        disks(system)?.iter().filter_map(|disk| mend_one(system, disk).err()).collect();
    if failures.is_empty() {
        return Ok(());
    }
    Err(format!("{} (try again with: slurmha node mend-disks)", failures.join("; ")))
}

fn mend_one(system: &dyn System, disk: &Disk) -> Result<(), String> {
    let Disk { volume, device, sectors, between } = disk;
    let failed = |error: slurmha_host::CommandError| format!("{}: {error}", device.display());
    if dmsetup::exists(system, between).map_err(failed)? {
        // Before anything is detached: that waits for what is under way.
        dmsetup::make_linear(system, between, *sectors, device).map_err(failed)?;
        persist(system, || {
            // The timer may do the same at the same time.
            if !dmsetup::exists(system, between).map_err(failed)? {
                return Ok(());
            }
            if is_attached(&look(system)?, *volume) {
                drbd::detach(system, DRBD_RESOURCE, *volume).map_err(failed)?;
            }
            dmsetup::remove(system, between).map_err(failed)
        })?;
    }
    persist(system, || {
        let status = look(system)?;
        // Pacemaker may have taken all of DRBD down: then it brings it back.
        if !status.up || is_attached(&status, *volume) {
            return Ok(());
        }
        drbd::attach(system, DRBD_RESOURCE, *volume).map_err(failed)
    })
}

/// Puts a device between DRBD and each disk, and waits until all is as before.
fn prepare(system: &dyn System, disks: &[Disk]) -> Result<(), String> {
    for Disk { volume, device, sectors, between } in disks {
        let failed = |error| format!("{}: {error}", device.display());
        drbd::detach(system, DRBD_RESOURCE, *volume).map_err(failed)?;
        dmsetup::create_linear(system, between, *sectors, device).map_err(failed)?;
        let instead = dmsetup::path(between);
        drbd::attach_instead(system, DRBD_RESOURCE, *volume, device, &instead).map_err(failed)?;
    }
    let end = system.elapsed() + IN_SYNC;
    loop {
        let status = look(system)?;
        if status.role != "Primary" {
            // Without a disk it is the worse place for the role.
            return Err("the role has left while the disks were prepared".to_owned());
        }
        if is_whole(&status) {
            return Ok(());
        }
        if system.elapsed() > end {
            let limit = IN_SYNC.as_secs();
            return Err(format!("the disks were not in sync again after {limit} s"));
        }
        system.sleep(PAUSE);
    }
}

fn misbehave(system: &dyn System, disks: &[Disk], fault: DiskFault) -> Result<Timestamp, String> {
    let at = system.now();
    for Disk { device, sectors, between, .. } in disks {
        match fault {
            DiskFault::Errors => dmsetup::make_error(system, between, *sectors),
            DiskFault::Hang => dmsetup::suspend(system, between),
        }
        .map_err(|error| format!("{}: {error}", device.display()))?;
    }
    Ok(at)
}

fn disks(system: &dyn System) -> Result<Vec<Disk>, String> {
    let devices =
        drbd::devices_beneath(system, DRBD_RESOURCE).map_err(|error| error.to_string())?;
    let disk = |(volume, device): (usize, PathBuf)| {
        let bytes = size_bytes(system, &device)
            .ok_or_else(|| format!("the size of {} cannot be told", device.display()))?;
        let between = format!("slurmha-drill-{volume}");
        Ok(Disk { volume, device, sectors: bytes / SECTOR_BYTES, between })
    };
    devices.into_iter().enumerate().map(disk).collect()
}

fn is_attached(status: &DrbdStatus, volume: usize) -> bool {
    let mut volumes = status.volumes.iter();
    status.up && volumes.any(|it| it.volume as usize == volume && it.disk != "Diskless")
}

/// Tries until it succeeds or the patience is at its end.
fn persist(
    system: &dyn System,
    mut attempt: impl FnMut() -> Result<(), String>,
) -> Result<(), String> {
    let end = system.elapsed() + PATIENCE;
    loop {
        match attempt() {
            Ok(()) => return Ok(()),
            Err(why) if system.elapsed() > end => return Err(why),
            Err(_) => system.sleep(PAUSE),
        }
    }
}

#[cfg(test)]
#[path = "disks_tests.rs"]
mod tests;
