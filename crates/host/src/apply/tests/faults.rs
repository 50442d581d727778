// SPDX-License-Identifier: Apache-2.0
//! Everything that can go wrong goes wrong once, and the next run completes.

use super::{Ended, assert_complete_and_idempotent, run, steps};
use crate::simulated::{At, Fault, How, Simulated};

/// Commands and operations of a healthy run.
fn healthy() -> (usize, usize) {
    let machine = steps::machine();
    run(&machine, &steps::controller());
    (machine.commands().len(), machine.operations())
}

fn with_fault(at: At, how: How) -> (Simulated, Ended) {
    let machine = steps::machine();
    machine.inject(Fault { at, how });
    let ended = run(&machine, &steps::controller()).ended;
    machine.heal();
    (machine, ended)
}

fn each_command(how: &How) {
    for number in 0..healthy().0 {
        let (machine, _) = with_fault(At::Command(number), how.clone());
        let story = format!("{how:?} at command {number}: {:?}", machine.commands().get(number));
        assert_complete_and_idempotent(&machine, &steps::controller(), &story);
    }
}

#[test]
fn each_command_missing_once() {
    each_command(&How::Missing);
}

#[test]
fn each_command_failing_once() {
    each_command(&How::Fails { status: 1, stderr: "it does not work".to_owned() });
}

#[test]
fn each_command_hanging_once() {
    each_command(&How::Hangs);
}

#[test]
fn the_run_is_killed_before_each_operation() {
    for number in 0..healthy().1 {
        let (machine, ended) = with_fault(At::Operation(number), How::Dies);
        assert_eq!(ended, Ended::Failed, "killed at operation {number}");
        let story = format!("killed at operation {number}: {:?}", machine.commands().last());
        assert_complete_and_idempotent(&machine, &steps::controller(), &story);
    }
}

#[test]
fn the_run_is_killed_in_the_middle_of_each_command() {
    for number in 0..healthy().0 {
        let (machine, _) = with_fault(At::Command(number), How::DiesHalfway);
        let story = format!("killed in command {number}: {:?}", machine.commands().get(number));
        assert_complete_and_idempotent(&machine, &steps::controller(), &story);
    }
}

#[test]
fn the_power_fails_before_each_operation() {
    for number in 0..healthy().1 {
        let (machine, _) = with_fault(At::Operation(number), How::Dies);
        machine.power_cycle();
        let story = format!("power lost at operation {number}");
        assert_complete_and_idempotent(&machine, &steps::controller(), &story);
    }
}
