// SPDX-License-Identifier: Apache-2.0
//! Does something to this machine for a while, and takes it back.
//!
//! It is taken back when its time is over, when the drill ends or loses its
//! connection. When this process itself is killed, a timer that was set before
//! does it ([`timer`]); a file system is put right by the kernel, which frees a
//! file without a name as soon as nobody has it open; and what takes memory
//! ends by itself.

mod clock;
mod disks;
mod filler;
mod flap;
mod links;
mod memory;
mod old_config;
pub(super) mod timer;

use std::time::Duration;

use jiff::Timestamp;
use slurmha_core::drill::{Disturbance, LinkFault, Volume};
use slurmha_host::System;

use super::super::protocol::{DisturbTask, Reply, Struck};
use super::link::Link;
use super::sample::is_mounted;
use filler::Filler;
use flap::Flapping;
use links::Broken;
use memory::Hog;
use old_config::Old;

pub use clock::mend as mend_clock;
pub use disks::mend as mend_disks;
pub use links::{Hit, mend as mend_link};
pub use memory::{spare, take as take_memory};
pub use old_config::mend as mend_config;

/// Distance between looks whether something is to be done again.
const PAUSE: Duration = Duration::from_millis(200);

/// Does it, waits, and takes it back.
pub fn run(system: &dyn System, link: &Link, task: &DisturbTask) {
    let (mut harm, at) = match Harm::inflict(system, link, task) {
        Ok(inflicted) => inflicted,
        Err(why) => return link.send(&Reply::Unharmed(why)),
    };
    link.send(&Reply::Struck(Struck { at, confirmed: system.now() }));
    if matches!(harm, Harm::Config(_)) {
        link.send(&Reply::LeftBehind);
    }
    let end = system.elapsed() + task.lasts;
    while system.elapsed() < end {
        let due = end.min(system.elapsed() + PAUSE);
        if !link.wait_until(system, due) {
            break;
        }
        harm.keep_up(system);
    }
    if let Some(why) = harm.unfelt(system) {
        link.send(&Reply::Unfelt(why));
    }
    match harm.take_back(system) {
        Ok(()) => link.send(&Reply::TakenBack(system.now())),
        Err(why) => link.send(&Reply::NotTakenBack(why)),
    }
}

/// What was done.
enum Harm {
    Links(Vec<Broken>),
    Flap(Flapping),
    Full(Filler),
    Disks(disks::Bad),
    Clock(clock::Wrong),
    Memory(Hog),
    Config(Old),
}

impl Harm {
    /// Everything or nothing; says when it began.
    fn inflict(
        system: &dyn System,
        link: &Link,
        task: &DisturbTask,
    ) -> Result<(Self, Timestamp), String> {
        let (addresses, lasts) = (&task.addresses, task.lasts);
        let at = system.now();
        let harm = match task.what {
            Disturbance::Link(_, LinkFault::Flapping) => {
                Self::Flap(Flapping::begin(system, addresses, lasts)?)
            }
            Disturbance::Link(_, fault) => {
                Self::Links(links::break_all(system, addresses, fault, lasts)?)
            }
            Disturbance::Full(volume) => Self::Full(fill(system, volume)?),
            // These have to be prepared.
            Disturbance::Disks(fault) => {
                let is_wanted = || !link.is_stopped();
                let (bad, at) = disks::Bad::make(system, fault, lasts, &is_wanted)?;
                return Ok((Self::Disks(bad), at));
            }
            Disturbance::Clock(fault) => {
                let (wrong, at) = clock::Wrong::set(system, fault, lasts)?;
                return Ok((Self::Clock(wrong), at));
            }
            Disturbance::Memory => {
                let (hog, at) = Hog::start(system, lasts)?;
                return Ok((Self::Memory(hog), at));
            }
            Disturbance::OldConfig => {
                let (old, at) = Old::put(system, lasts)?;
                return Ok((Self::Config(old), at));
            }
        };
        Ok((harm, at))
    }

    fn keep_up(&mut self, system: &dyn System) {
        match self {
            // Whoever gives back a block must not get it again.
            Self::Full(filler) => filler.top_up(),
            Self::Flap(links) => links.keep_up(system),
            Self::Memory(hog) => hog.keep_up(system),
            Self::Links(_) | Self::Disks(_) | Self::Clock(_) | Self::Config(_) => {}
        }
    }

    /// Why nobody can have felt it, where that can be told.
    fn unfelt(&self, system: &dyn System) -> Option<String> {
        match self {
            Self::Memory(hog) => hog.unfelt(system),
            _ => None,
        }
    }

    fn take_back(self, system: &dyn System) -> Result<(), String> {
        match self {
            Self::Links(broken) => links::mend_all(system, broken),
            Self::Flap(links) => links.end(system),
            Self::Full(filler) => {
                drop(filler);
                Ok(())
            }
            Self::Disks(bad) => bad.mend(system),
            Self::Clock(wrong) => wrong.mend(system),
            Self::Memory(hog) => hog.stop(system),
            Self::Config(old) => old.mend(system),
        }
    }
}

fn fill(system: &dyn System, volume: Volume) -> Result<Filler, String> {
    let mount = volume.mount();
    let mounts = slurmha_host::system::read_trimmed(system, "/proc/mounts").unwrap_or_default();
    // Otherwise the root file system would be filled.
    if !is_mounted(&mounts, mount) {
        return Err(format!("{mount} is not mounted"));
    }
    Filler::new(mount.as_ref()).map_err(|error| format!("{mount} could not be filled: {error}"))
}
