// SPDX-License-Identifier: Apache-2.0
//! Does something to this machine for a while, and takes it back.
//!
//! It is taken back when its time is over, when the drill ends or loses its
//! connection. When this process itself is killed, links are put right by a
//! timer that was set before, and a file system by the kernel, which frees a
//! file without a name as soon as nobody has it open.

mod filler;
mod links;

use std::time::Duration;

use slurmha_core::drill::{Disturbance, Volume};
use slurmha_host::System;

use super::super::protocol::{DisturbTask, Reply, Struck};
use super::link::Link;
use super::sample::is_mounted;
use filler::Filler;
use links::Broken;

pub use links::mend;

/// Distance between looks whether something is to be done again.
const PAUSE: Duration = Duration::from_millis(200);

/// Does it, waits, and takes it back.
pub fn run(system: &dyn System, link: &Link, task: &DisturbTask) {
    let at = system.now();
    let mut harm = match Harm::inflict(system, task) {
        Ok(harm) => harm,
        Err(why) => return link.send(&Reply::Unharmed(why)),
    };
    link.send(&Reply::Struck(Struck { at, confirmed: system.now() }));
    let end = system.elapsed() + task.lasts;
    while system.elapsed() < end {
        let due = end.min(system.elapsed() + PAUSE);
        if !link.wait_until(system, due) {
            break;
        }
        harm.keep_up();
    }
    match harm.take_back(system) {
        Ok(()) => link.send(&Reply::TakenBack(system.now())),
        Err(why) => link.send(&Reply::Trouble(format!("not taken back: {why}"))),
    }
}

/// What was done.
enum Harm {
    Links(Vec<Broken>),
    Full(Filler),
}

impl Harm {
    /// Everything or nothing.
    fn inflict(system: &dyn System, task: &DisturbTask) -> Result<Self, String> {
        match task.what {
            Disturbance::Link(_, fault) => {
                links::break_all(system, &task.addresses, fault, task.lasts).map(Self::Links)
            }
            Disturbance::Full(volume) => fill(system, volume).map(Self::Full),
        }
    }

    fn keep_up(&mut self) {
        if let Self::Full(filler) = self {
            // Whoever gives back a block must not get it again.
            filler.top_up();
        }
    }

    fn take_back(self, system: &dyn System) -> Result<(), String> {
        match self {
            Self::Links(broken) => links::mend_all(system, broken),
            Self::Full(filler) => {
                drop(filler);
                Ok(())
            }
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
