// SPDX-License-Identifier: Apache-2.0
//! The volume's agent.

use std::time::Duration;

use slurmha_host::System as _;

use super::super::{Agent, Answer, Parameters, Status, act};
use super::machine::{LIMIT, Machine};

fn call(machine: &Machine, action: &str) -> Answer {
    let parameters = Parameters::from([
        ("device", "/dev/drbd0"),
        ("directory", "/srv/v"),
        ("options", "noatime"),
    ]);
    act(machine, Agent::Volume, action, &parameters, LIMIT)
}

fn with_volume(device: &str, access: &'static str) -> Machine {
    let machine = Machine::with("inactive");
    *machine.volume.lock().expect("a lock") = Some((device.to_owned(), access));
    machine
}

#[test]
fn monitor_tells_apart_what_is_mounted_there() {
    let status = |machine: Machine| call(&machine, "monitor").status;
    assert_eq!(status(Machine::with("inactive")), Status::NotRunning);
    assert_eq!(status(with_volume("/dev/drbd0", "rw")), Status::Success);
    assert_eq!(status(with_volume("/dev/sda1", "rw")), Status::Generic);
    let answer = call(&with_volume("/dev/drbd0", "ro"), "monitor");
    assert_eq!(answer.status, Status::Generic);
    assert!(answer.reason.expect("a reason").contains("read-only"));
}

#[test]
fn start_mounts_once() {
    let machine = Machine::with("inactive");
    assert_eq!(call(&machine, "start").status, Status::Success);
    assert!(*machine.latest_end.lock().expect("a lock") < LIMIT);
    assert_eq!(machine.ran(), "mount -t ext4 -o noatime /dev/drbd0 /srv/v");
    assert_eq!(call(&machine, "start").status, Status::Success);
    assert_eq!(machine.ran.lock().expect("a lock").len(), 1);
    assert_eq!(call(&with_volume("/dev/sda1", "rw"), "start").status, Status::Generic);
}

#[test]
fn stop_ends_whoever_keeps_the_volume_busy_and_nobody_else() {
    let machine = with_volume("/dev/drbd0", "rw");
    *machine.busy.lock().expect("a lock") = 40;
    assert_eq!(call(&machine, "stop").status, Status::Success);
    let ran = machine.ran();
    let (term, kill) = (ran.find("kill -s TERM -- 77\n"), ran.find("kill -s KILL -- 77\n"));
    assert!(term.expect("asked to end") < kill.expect("made to end"), "{ran}");
    assert!(!ran.contains("78"), "{ran}");
}

#[test]
fn a_volume_that_stays_busy_is_not_called_stopped_and_the_agent_ends_in_time() {
    let machine = with_volume("/dev/drbd0", "rw");
    *machine.busy.lock().expect("a lock") = u32::MAX;
    let answer = call(&machine, "stop");
    assert_eq!(answer.status, Status::Generic);
    assert!(answer.reason.expect("a reason").contains("busy"));
    assert!(machine.elapsed() < LIMIT && machine.elapsed() > Duration::from_secs(30));
    assert!(*machine.latest_end.lock().expect("a lock") < LIMIT);
}

#[test]
fn stop_of_what_is_not_mounted_is_well() {
    let machine = Machine::with("inactive");
    assert_eq!(call(&machine, "stop").status, Status::Success);
    assert_eq!(machine.ran(), "");
}

#[test]
fn a_directory_or_a_parameter_that_is_missing_is_said() {
    let machine = Machine { mounted: false, ..Machine::with("inactive") };
    assert_eq!(call(&machine, "start").status, Status::NotInstalled);
    assert_eq!(call(&machine, "validate-all").status, Status::NotInstalled);
    let answer = act(&machine, Agent::Volume, "start", &Parameters::default(), LIMIT);
    assert_eq!(answer.status, Status::BadParameter);
    assert_eq!(answer.reason.as_deref(), Some("the parameter device is missing"));
    assert_eq!(call(&machine, "promote").status, Status::Unimplemented);
}
