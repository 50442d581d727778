// SPDX-License-Identifier: Apache-2.0
//! Compares both copies of the data block by block: DRBD's online verification
//! (drbdadm(8), `verify`).
//!
//! It runs while the cluster works. What DRBD has found to differ it copies when the
//! two sides connect anew, and no sooner (drbdadm(8)): nothing is repaired here.

use std::time::Duration;

use slurmha_core::layout::DRBD_RESOURCE;
use slurmha_core::observe::{DrbdStatus, Verified, parse_verified};
use slurmha_host::System;
use slurmha_host::program::drbd;
use slurmha_host::system::read_trimmed;

use super::super::protocol::Reply;
use super::link::Link;
use super::replica::{is_whole, look};

/// Distance between looks.
const PAUSE: Duration = Duration::from_secs(1);

/// Distance between two words of how far it is.
const TELL: Duration = Duration::from_secs(10);

/// How long it may stand still before it is given up. How long all of it takes
/// follows from the size of the volumes and the way between them.
const STANDSTILL: Duration = Duration::from_secs(300);

/// Tells how many KiB differ, or why that is not known, and meanwhile how far it
/// is.
pub fn run(system: &dyn System, link: &Link) {
    let tell = |progress: String| {
        link.send(&Reply::Comparing(progress));
        !link.is_stopped()
    };
    link.send(&Reply::Compared(compare(system, &tell)));
}

/// `tell` is told how far it is, and says whether anybody still wants to know.
fn compare(system: &dyn System, tell: &dyn Fn(String) -> bool) -> Result<u64, String> {
    if !is_whole(&look(system)?) {
        return Err("not both sides have all data".to_owned());
    }
    drbd::verify(system, DRBD_RESOURCE).map_err(|error| error.to_string())?;
    await_end(system, tell)
}

/// What differs when every volume has been compared.
fn await_end(system: &dyn System, tell: &dyn Fn(String) -> bool) -> Result<u64, String> {
    let mut last = (String::new(), system.elapsed());
    let mut told = system.elapsed();
    loop {
        let status = look(system)?;
        if status.connection != "Connected" {
            return Err(format!("the comparison was interrupted: DRBD is {}", status.connection));
        }
        if !is_under_way(&status) {
            let different = status.volumes.iter().map(|volume| volume.out_of_sync_kib);
            return different.sum::<Option<u64>>().ok_or_else(|| "DRBD does not tell".to_owned());
        }
        let (now, progress) = (system.elapsed(), progress(system, &status));
        if progress != last.0 {
            last = (progress.clone(), now);
        } else if now > last.1 + STANDSTILL {
            return Err(format!("the comparison stands still ({progress})"));
        }
        if now >= told + TELL {
            told = now;
            if !tell(progress) {
                return Err("nobody waited for the end of the comparison".to_owned());
            }
        }
        system.sleep(PAUSE);
    }
}

/// `VerifyS` where it was asked for, `VerifyT` on the other side.
fn is_under_way(status: &DrbdStatus) -> bool {
    status.volumes.iter().any(|volume| volume.replication.starts_with("Verify"))
}

/// The kernel module 8.4 tells it in a file of its own, DRBD 9 in the status. Our
/// volumes have the numbers of their devices.
fn progress(system: &dyn System, status: &DrbdStatus) -> String {
    let verified = read_trimmed(system, "/proc/drbd").map(|text| parse_verified(&text));
    let volumes = status.volumes.iter().map(|volume| {
        let number = volume.volume;
        if !volume.replication.starts_with("Verify") {
            return format!("volume {number}: done");
        }
        let of_kernel = verified.iter().flatten().find(|it| it.minor == number);
        match of_kernel.map(Verified::percent).or(volume.done_percent) {
            Some(done) => format!("volume {number}: {done:.2} %"),
            None => format!("volume {number}: under way"),
        }
    });
    volumes.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;
    use crate::agent::test_machine::TestMachine;

    /// What the kernel tells, look by look; the last one again and again.
    type World = Vec<(&'static str, &'static str, u64)>;

    fn answer(looks: &mut World, program: &str, words: &[&str]) -> Option<(i32, String)> {
        match (program, words) {
            ("drbdadm", ["--", "--start=0", "verify", "slurm_data"]) => Some((0, String::new())),
            ("drbdsetup", ["status", ..]) => {
                let (connection, replication, different) = looks[0];
                if looks.len() > 1 {
                    looks.remove(0);
                }
                let text = format!(
                    "slurm_data role:Primary suspended:no\n  volume:0 minor:0 disk:UpToDate\n  \
                     ctl2 connection:{connection} role:Secondary\n    volume:0 \
                     replication:{replication} peer-disk:UpToDate done:12.50 \
                     out-of-sync:{different}\n"
                );
                Some((0, text))
            }
            _ => None,
        }
    }

    fn compared(looks: World) -> Result<u64, String> {
        let (machine, _) = TestMachine::in_world(looks, answer);
        compare(&machine, &|_| true)
    }

    const WHOLE: (&str, &str, u64) = ("Connected", "Established", 0);
    const BUSY: (&str, &str, u64) = ("Connected", "VerifyS", 4);

    #[test]
    fn equal_copies_are_told_when_all_is_compared() {
        assert_eq!(compared(vec![WHOLE, BUSY, BUSY, WHOLE]), Ok(0));
    }

    #[test]
    fn what_differs_is_told() {
        assert_eq!(compared(vec![WHOLE, BUSY, ("Connected", "Established", 4)]), Ok(4));
    }

    /// There `done:` is what is in sync: all of it, from the beginning.
    #[test]
    fn the_older_module_tells_how_far_it_is_in_its_own_file() {
        let (machine, _) = TestMachine::in_world(vec![BUSY], answer);
        let lines = [
            "version: 8.4.11 (api:1/proto:86-101)",
            " 0: cs:VerifyS ro:Primary/Secondary ds:UpToDate/UpToDate C r-----",
            "\t[=>..................] verified: 20.0% (400/500)K",
        ];
        machine.put("/proc/drbd", &lines.join("\n"));
        let status = look(&machine).unwrap();
        assert_eq!(progress(&machine, &status), "volume 0: 20.00 %");
    }

    #[test]
    fn what_was_not_compared_is_not_equal() {
        let cut = ("Connecting", "Off", 0);
        assert!(compared(vec![WHOLE, BUSY, cut]).unwrap_err().contains("interrupted"));
        let stuck = compared(vec![WHOLE, BUSY]).unwrap_err();
        assert_eq!(stuck, "the comparison stands still (volume 0: 12.50 %)");
    }

    #[test]
    fn how_far_it_is_is_told_until_nobody_waits() {
        let told = RefCell::new(Vec::new());
        let (machine, _) = TestMachine::in_world(vec![WHOLE, BUSY], answer);
        let why = compare(&machine, &|progress| {
            told.borrow_mut().push(progress);
            told.borrow().len() < 3
        });
        assert_eq!(why.unwrap_err(), "nobody waited for the end of the comparison");
        assert_eq!(told.into_inner(), ["volume 0: 12.50 %"; 3]);
    }
}
