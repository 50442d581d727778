// SPDX-License-Identifier: Apache-2.0
//! A resync of this controller that takes as long as it is wanted.
//!
//! The data here are declared to be worth nothing (`drbdadm invalidate`), so
//! that all of it is copied from the peer; how fast, the receiving side decides
//! (drbd.conf(5), `resync-rate`, `c-plan-ahead`), and so it can be slowed down
//! from here. The peer serves on meanwhile, and has the only whole copy. The
//! rate is that of the configuration again when the fault is over, when the
//! drill ends or loses its connection, and by a timer when this process is
//! killed; the kernel forgets it with a reboot.

use std::time::Duration;

use slurmha_core::layout::DRBD_RESOURCE;
use slurmha_core::observe::DrbdStatus;
use slurmha_host::System;
use slurmha_host::program::drbd;

use super::super::protocol::{Reply, Struck};
use super::disturb::timer;
use super::link::Link;
use super::replica::{is_whole, look};

const TIMER: &str = "slurmha-mend-resync";

/// A second's worth of it, in KiB: a volume of 64 MiB takes a minute, in which the
/// power is cut once it has begun.
const RATE_KIB: u32 = 1024;

/// Both sides agree on what to copy before it begins.
const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(100);

/// Begins it, says so, and keeps it slow.
pub fn run(system: &dyn System, link: &Link, lasts: Duration) {
    let struck = match begin(system, lasts) {
        Ok(struck) => struck,
        Err(why) => return link.send(&Reply::Unharmed(why)),
    };
    link.send(&Reply::Struck(struck));
    let end = system.elapsed() + lasts;
    while system.elapsed() < end && link.wait_until(system, end) {}
    if let Err(why) = end_slowness(system) {
        link.send(&Reply::Trouble(why));
    }
}

/// A slow resync is under way, or all is as before.
fn begin(system: &dyn System, lasts: Duration) -> Result<Struck, String> {
    let status = look(system)?;
    if status.role != "Secondary" || !is_whole(&status) {
        return Err("this side is not the secondary one, or not both have all data".to_owned());
    }
    timer::set(system, TIMER, lasts, &["mend-resync"])?;
    let failed = |error: slurmha_host::CommandError| error.to_string();
    let at = system.now();
    let begun = drbd::slow_resync(system, DRBD_RESOURCE, RATE_KIB)
        .and_then(|()| drbd::invalidate(system, DRBD_RESOURCE))
        .map_err(failed)
        .and_then(|()| await_resync(system));
    match begun {
        Ok(()) => Ok(Struck { at, confirmed: system.now() }),
        Err(why) => {
            let left = end_slowness(system).err();
            let left = left.map(|left| format!("; {left}")).unwrap_or_default();
            Err(format!("{why}{left}"))
        }
    }
}

fn await_resync(system: &dyn System) -> Result<(), String> {
    let end = system.elapsed() + PATIENCE;
    loop {
        let status = look(system)?;
        if is_under_way(&status) {
            return Ok(());
        }
        if system.elapsed() > end {
            let limit = PATIENCE.as_secs();
            return Err(format!("no resync was under way {limit} s after it was asked for"));
        }
        system.sleep(PAUSE);
    }
}

fn end_slowness(system: &dyn System) -> Result<(), String> {
    // When it fails the timer stays: it will try again.
    mend(system)?;
    timer::stop(system, &format!("{TIMER}.timer"))
}

/// Gives the resync the rate of the configuration: what the timer does, and an
/// administrator can.
///
/// # Errors
/// Why it stays slow, and what to type.
pub fn mend(system: &dyn System) -> Result<(), String> {
    // Pacemaker may have taken DRBD down: it comes up as configured.
    if !look(system)?.up {
        return Ok(());
    }
    drbd::adjust(system, DRBD_RESOURCE, drbd::TIMEOUT).map_err(|error| {
        format!("the resync stays slow: {error} (try again with: slurmha node mend-resync)")
    })
}

/// Whether a volume here is half, and gets the rest.
fn is_under_way(status: &DrbdStatus) -> bool {
    status.volumes.iter().any(|v| v.disk == "Inconsistent" && v.replication == "SyncTarget")
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::agent::test_machine::TestMachine;

    const LASTS: Duration = Duration::from_secs(120);

    /// What the kernel has.
    struct World {
        role: &'static str,
        is_invalid: bool,
        is_down: bool,
        /// Programs whose words have this in them fail.
        failing: &'static str,
    }

    impl World {
        fn run(&mut self, program: &str, words: &[&str]) -> Option<(i32, String)> {
            if !self.failing.is_empty() && words.join(" ").contains(self.failing) {
                return Some((1, String::new()));
            }
            match (program, words) {
                ("systemd-run" | "systemctl", _) => {}
                ("drbdadm", ["invalidate", "slurm_data"]) => self.is_invalid = true,
                ("drbdadm", ["disk-options", ..] | ["adjust", "slurm_data"]) => {}
                ("drbdsetup", ["status", ..]) if self.is_down => return Some((10, String::new())),
                ("drbdsetup", ["status", ..]) => return Some((0, self.status())),
                _ => return None,
            }
            Some((0, String::new()))
        }

        fn status(&self) -> String {
            let (disk, replication) = match self.is_invalid {
                true => ("Inconsistent", "SyncTarget"),
                false => ("UpToDate", "Established"),
            };
            format!(
                "slurm_data role:{} suspended:no\n  volume:0 minor:0 disk:{disk}\n  ctl1 \
                 connection:Connected role:Primary\n    volume:0 replication:{replication} \
                 peer-disk:UpToDate\n",
                self.role
            )
        }
    }

    fn machine(failing: &'static str) -> (TestMachine, Arc<Mutex<World>>) {
        let world = World { role: "Secondary", is_invalid: false, is_down: false, failing };
        TestMachine::in_world(world, World::run)
    }

    #[test]
    fn a_resync_is_slow_before_it_begins_and_quick_again_in_the_end() {
        let (machine, _) = machine("");
        begin(&machine, LASTS).unwrap();
        end_slowness(&machine).unwrap();
        assert_eq!(
            machine.ran("drbdadm"),
            [
                "drbdadm disk-options --c-plan-ahead=0 --resync-rate=1024K slurm_data",
                "drbdadm invalidate slurm_data",
                "drbdadm adjust slurm_data",
            ]
        );
        let timer = machine.ran("systemd-run").concat();
        assert!(timer.contains("--unit slurmha-mend-resync --on-active=150"), "{timer}");
        assert_eq!(machine.ran("systemctl"), ["systemctl stop -- slurmha-mend-resync.timer"]);
    }

    /// There must be a whole copy at the peer, and nobody may write here.
    #[test]
    fn the_only_good_copy_is_not_touched() {
        for (role, is_invalid) in [("Primary", false), ("Secondary", true)] {
            let (machine, world) = machine("");
            (world.lock().unwrap().role, world.lock().unwrap().is_invalid) = (role, is_invalid);
            assert!(begin(&machine, LASTS).is_err());
            assert_eq!(machine.ran("drbdadm"), [""; 0]);
        }
    }

    #[test]
    fn what_could_not_be_begun_is_as_before() {
        let (machine, world) = machine("invalidate");
        let why = begin(&machine, LASTS).unwrap_err();
        assert!(why.contains("drbdadm invalidate"), "{why}");
        assert_eq!(machine.ran("drbdadm adjust").len(), 1);
        assert!(!world.lock().unwrap().is_invalid);
    }

    #[test]
    fn a_rate_that_could_not_be_given_back_keeps_its_timer() {
        let (machine, world) = machine("adjust");
        begin(&machine, LASTS).unwrap();
        let why = end_slowness(&machine).unwrap_err();
        assert!(why.contains("slurmha node mend-resync"), "{why}");
        assert_eq!(machine.ran("systemctl"), [""; 0]);
        // What is down comes up as configured.
        world.lock().unwrap().is_down = true;
        assert_eq!(end_slowness(&machine), Ok(()));
    }
}
