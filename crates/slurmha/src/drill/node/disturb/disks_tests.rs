// SPDX-License-Identifier: Apache-2.0
//! On a machine with DRBD 8.4 and a device mapper of its own.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use super::*;
use crate::agent::test_machine::TestMachine;

const LASTS: Duration = Duration::from_secs(45);

/// What the kernel has.
#[derive(Default)]
struct World {
    /// By volume.
    attached: BTreeMap<usize, String>,
    /// Tables by device; `suspended` besides.
    between: BTreeMap<String, (String, bool)>,
    is_down: bool,
    /// Programs whose words have this in them fail.
    failing: &'static str,
}

impl World {
    fn run(&mut self, program: &str, words: &[&str]) -> Option<(i32, String)> {
        let said = |text: String| Some((0, text));
        let failed = Some((1, String::new()));
        if !self.failing.is_empty() && words.join(" ").contains(self.failing) {
            return failed;
        }
        let volume = |word: &str| word.rsplit('/').next().and_then(|number| number.parse().ok());
        match (program, words) {
            ("systemd-run" | "systemctl" | "drbdmeta", _) | ("dmsetup", ["version"]) => {}
            ("drbdadm", ["sh-ll-dev", _]) => return said("/dev/vdb\n/dev/vdc\n".to_owned()),
            // As drbd-utils 9.22 prints it for a module of 8.4.
            ("drbdadm", ["--dry-run", "attach", of]) => {
                let volume: usize = volume(of)?;
                let device = ["/dev/vdb", "/dev/vdc"][volume];
                return said(format!(
                    "drbdmeta {volume} v08 {device} internal apply-al\n\
                     drbdsetup-84 attach {volume} {device} {device} internal \
                     --c-fill-target=1M --al-extents=67 --on-io-error=detach\n"
                ));
            }
            ("drbdadm", ["detach", of]) => drop(self.attached.remove(&volume(of)?)),
            ("drbdadm", ["attach", of]) => {
                let volume: usize = volume(of)?;
                self.attached.insert(volume, ["/dev/vdb", "/dev/vdc"][volume].to_owned());
            }
            ("drbdsetup", ["attach", number, device, ..]) => {
                self.attached.insert(volume(number)?, (*device).to_owned());
            }
            ("drbdsetup", ["status", ..]) if self.is_down => return Some((10, String::new())),
            ("drbdsetup", ["status", ..]) => return said(self.status()),
            ("dmsetup", ["info", name]) => {
                return Some((i32::from(!self.between.contains_key(*name)), String::new()));
            }
            ("dmsetup", ["create" | "load", name, "--table", table]) => {
                self.between.entry((*name).to_owned()).or_default().0 = (*table).to_owned();
            }
            ("dmsetup", ["suspend", .., name]) => self.between.get_mut(*name)?.1 = true,
            ("dmsetup", ["resume", .., name]) => self.between.get_mut(*name)?.1 = false,
            ("dmsetup", ["remove", "--retry", name]) => {
                if self.attached.values().any(|device| device.ends_with(name)) {
                    return failed;
                }
                self.between.remove(*name)?;
            }
            _ => return None,
        }
        said(String::new())
    }

    fn status(&self) -> String {
        let disk = |volume| match self.attached.contains_key(&volume) {
            true => "UpToDate",
            false => "Diskless",
        };
        format!(
            "slurm_data role:Primary suspended:no\n  volume:0 minor:0 disk:{}\n  volume:1 minor:1 \
             disk:{}\n  ctl2 connection:Connected role:Secondary\n    volume:0 peer-disk:UpToDate\n    \
             volume:1 peer-disk:UpToDate\n",
            disk(0),
            disk(1),
        )
    }

    fn tables(&self) -> Vec<(&str, bool)> {
        self.between.values().map(|(table, suspended)| (table.as_str(), *suspended)).collect()
    }
}

fn machine(failing: &'static str) -> (TestMachine, Arc<Mutex<World>>) {
    let attached = [(0, "/dev/vdb".to_owned()), (1, "/dev/vdc".to_owned())].into();
    let world = World { attached, failing, ..World::default() };
    let (machine, world) = TestMachine::in_world(world, World::run);
    machine.put("/sys/class/block/vdb/size", "8192\n");
    machine.put("/sys/class/block/vdc/size", "16384\n");
    (machine, world)
}

fn made(machine: &TestMachine, fault: DiskFault) -> Result<(Bad, Timestamp), String> {
    Bad::make(machine, fault, LASTS, &|| true)
}

fn is_as_before(world: &World) -> bool {
    world.between.is_empty()
        && world.attached.values().eq(["/dev/vdb", "/dev/vdc"].map(str::to_owned).iter())
}

#[test]
fn disks_misbehave_by_what_is_put_between() {
    for (fault, expected) in [
        (DiskFault::Errors, [("0 8192 error", false), ("0 16384 error", false)]),
        (
            DiskFault::Hang,
            [("0 8192 linear /dev/vdb 0", true), ("0 16384 linear /dev/vdc 0", true)],
        ),
    ] {
        let (machine, world) = machine("");
        let (bad, _) = made(&machine, fault).unwrap();
        {
            let mut world = world.lock().unwrap();
            assert_eq!(world.tables(), expected);
            let attached: Vec<&str> = world.attached.values().map(String::as_str).collect();
            let between = ["/dev/mapper/slurmha-drill-0", "/dev/mapper/slurmha-drill-1"];
            assert_eq!(attached, between);
            if fault == DiskFault::Errors {
                world.attached.clear();
            }
        }
        bad.mend(&machine).unwrap();
        assert!(is_as_before(&world.lock().unwrap()));
    }
}

/// It runs out sooner once they misbehave than while they are prepared.
#[test]
fn a_timer_is_there_before_anything_is_touched() {
    let (machine, _) = machine("");
    let (bad, _) = made(&machine, DiskFault::Hang).unwrap();
    let timers = machine.ran("systemd-run");
    assert!(timers[0].contains("--unit slurmha-mend-disks --on-active=270"), "{timers:?}");
    assert!(timers[1].contains("--unit slurmha-mend-disks --on-active=75"), "{timers:?}");
    bad.mend(&machine).unwrap();
    assert_eq!(machine.ran("systemctl stop").len(), 2);
}

#[test]
fn what_could_not_be_prepared_is_put_back() {
    for failing in [
        "create slurmha-drill-1",
        "slurmha-drill-1 internal",
        "load slurmha-drill-1 --table 0 16384 error",
    ] {
        let (machine, world) = machine(failing);
        let why = made(&machine, DiskFault::Errors).err();
        assert!(why.is_some_and(|why| why.starts_with("/dev/vdc: ")), "{failing}");
        assert!(is_as_before(&world.lock().unwrap()), "{failing}");
    }
}

/// The drill has given up while it was prepared.
#[test]
fn what_nobody_wants_any_more_is_put_back() {
    let (machine, world) = machine("");
    let why = Bad::make(&machine, DiskFault::Errors, LASTS, &|| false).err();
    assert_eq!(why.as_deref(), Some("the drill has ended meanwhile"));
    assert!(is_as_before(&world.lock().unwrap()));
    assert!(machine.ran("dmsetup").iter().all(|run| !run.ends_with(" error")));
}

#[test]
fn mending_twice_is_mending_once() {
    let (machine, world) = machine("");
    made(&machine, DiskFault::Errors).unwrap();
    world.lock().unwrap().attached.remove(&1);
    mend(&machine).unwrap();
    mend(&machine).unwrap();
    assert!(is_as_before(&world.lock().unwrap()));
}

/// Pacemaker has stopped DRBD: the next start attaches what is configured.
#[test]
fn disks_of_a_resource_that_is_down_are_not_attached() {
    let (machine, world) = machine("");
    made(&machine, DiskFault::Hang).unwrap();
    {
        let mut world = world.lock().unwrap();
        world.is_down = true;
        world.attached.clear();
    }
    mend(&machine).unwrap();
    let world = world.lock().unwrap();
    assert!(world.between.is_empty() && world.attached.is_empty());
}

#[test]
fn without_a_whole_copy_on_both_sides_nothing_is_touched() {
    let (machine, world) = machine("");
    world.lock().unwrap().attached.remove(&0);
    let why = made(&machine, DiskFault::Errors).err();
    assert_eq!(why.as_deref(), Some("not both sides have all data"));
    assert_eq!(machine.ran("systemd-run"), [""; 0]);
}
