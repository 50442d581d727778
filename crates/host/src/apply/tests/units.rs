// SPDX-License-Identifier: Apache-2.0
//! Units that do not start at once, or not at all.

use slurmha_core::plan::Step;

use super::{Ended, run, steps};
use crate::simulated::{At, Fault, How, Simulated};

const QDEVICE: &str = "corosync-qdevice.service";

fn start() -> [Step; 1] {
    [Step::StartUnit { unit: QDEVICE.to_owned() }]
}

fn machine() -> Simulated {
    let machine = steps::machine();
    machine.let_stumble(QDEVICE);
    machine
}

#[test]
fn a_first_start_that_systemd_mends_by_itself_is_no_failure() {
    let machine = machine();
    let first = run(&machine, &start());
    assert_eq!((first.ended, first.changed()), (Ended::Completed, vec![0]), "{:?}", first.events);
    assert!(run(&machine, &start()).changed().is_empty());
}

#[test]
fn a_restart_that_fails_is_no_success_because_the_old_one_still_runs() {
    let machine = machine();
    run(&machine, &start());
    let how = How::Fails { status: 1, stderr: "Job failed.".to_owned() };
    // It is looked at, then restarted.
    machine.inject(Fault { at: At::Command(machine.commands().len() + 1), how });
    let again = run(&machine, &[Step::RestartUnit { unit: QDEVICE.to_owned() }]);
    assert!(again.failure().0.contains("Job failed."), "{:?}", again.events);
}
