// SPDX-License-Identifier: Apache-2.0
//! Every action of a daemon's agent against every state of its unit.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use slurmha_core::layout::{LAST_STOP, STATE_SAVE_LOCATION};
use slurmha_host::{Command, CommandOutput, Exit, System as _};

use super::super::test_machine::TestMachine;
use super::super::{Agent, Daemon, Parameters, Status, act};
use super::machine::{DAEMONS, LIMIT, Machine};

#[test]
fn monitor_answers_for_every_state() {
    let expected = BTreeMap::from([
        ("active", Status::Success),
        ("reloading", Status::Success),
        ("activating", Status::Success),
        ("deactivating", Status::Success),
        ("inactive", Status::NotRunning),
        ("failed", Status::NotRunning),
    ]);
    for daemon in DAEMONS {
        for (state, status) in &expected {
            assert_eq!(Machine::with(state).status(daemon, "monitor"), *status, "{state}");
        }
    }
}

#[test]
fn a_systemd_that_does_not_answer_is_not_a_stopped_daemon() {
    let machine = Machine { systemd_hangs: true, ..Machine::with("active") };
    for daemon in DAEMONS {
        assert_eq!(machine.status(daemon, "monitor"), Status::Generic);
        assert_eq!(machine.status(daemon, "stop"), Status::Generic);
        assert_eq!(machine.status(daemon, "start"), Status::Generic);
    }
}

#[test]
fn start_ends_when_the_daemon_answers() {
    for daemon in DAEMONS {
        for state in ["inactive", "failed", "active"] {
            assert_eq!(Machine::with(state).status(daemon, "start"), Status::Success);
        }
    }
}

#[test]
fn a_daemon_that_runs_and_does_not_answer_has_not_started() {
    for daemon in DAEMONS {
        let machine = Machine { answers: false, ..Machine::with("inactive") };
        let answer = machine.act(daemon, "start");
        assert_eq!(answer.status, Status::Generic);
        assert!(answer.reason.expect("a reason").contains("answers no request"));
        assert!(machine.elapsed() < LIMIT, "the agent ends before Pacemaker ends it");
    }
}

#[test]
fn nothing_is_started_on_an_empty_mount_point() {
    for daemon in DAEMONS {
        let machine = Machine { mounted: false, ..Machine::with("inactive") };
        assert_eq!(machine.status(daemon, "start"), Status::NotInstalled);
        assert_eq!(*machine.ran.lock().expect("a lock"), Vec::<String>::new());
    }
}

#[test]
fn a_daemon_that_dies_while_it_starts_is_told_with_its_last_words() {
    let machine = Machine { start: Ok("failed"), ..Machine::with("inactive") };
    let answer = machine.act(Agent::Slurmctld, "start");
    assert_eq!(answer.status, Status::Generic);
    assert!(answer.reason.expect("a reason").ends_with("its last words"));
    let machine = Machine { start: Err(1), ..Machine::with("inactive") };
    assert_eq!(machine.status(Agent::Mariadb, "start"), Status::Generic);
}

#[test]
fn a_scheduler_older_than_its_state_is_not_tried_again_on_this_node() {
    let mut table = b"\0\0\0\x11PROTOCOL_VERSION\0\x27\0".to_vec();
    table.extend([0; 12]);
    let note = "stopped on ctl2 at 2026-11-25T12:00:00Z\n";
    let machine = Machine { start: Ok("failed"), ..Machine::after(note) };
    machine.put(&Path::new(STATE_SAVE_LOCATION).join("job_state"), &table);
    let answer = machine.act(Agent::Slurmctld, "start");
    assert_eq!(answer.status, Status::NotInstalled);
    let reason = answer.reason.expect("a reason");
    assert!(reason.starts_with("the saved state is of Slurm 23.02"), "{reason}");
}

#[test]
fn a_scheduler_without_its_cache_waits_for_accounting_and_one_with_it_does_not() {
    let answers_nothing = |has_cache| {
        let machine = Machine { has_cache, answers: false, ..Machine::with("inactive") };
        machine.status(Agent::Slurmctld, "start");
        let ran = machine.ran.lock().expect("a lock").len();
        (ran, machine.elapsed())
    };
    let (with, without) = (answers_nothing(true), answers_nothing(false));
    assert!(with.0 > without.0, "the wait leaves less time to ask slurmctld");
    let machine = Machine { has_cache: false, ..Machine::with("inactive") };
    assert_eq!(machine.status(Agent::Slurmctld, "start"), Status::Success);
}

#[test]
fn stop_of_what_is_stopped_is_well() {
    for daemon in DAEMONS {
        for state in ["inactive", "failed", "active", "deactivating"] {
            assert_eq!(Machine::with(state).status(daemon, "stop"), Status::Success);
        }
    }
}

#[test]
fn a_daemon_that_does_not_stop_is_killed_and_one_that_survives_is_not_called_stopped() {
    let machine = Machine { stop: "deactivating", ..Machine::with("active") };
    assert_eq!(machine.status(Agent::Slurmctld, "stop"), Status::Success);
    let ran = machine.ran.lock().expect("a lock").join("\n");
    assert!(ran.contains("kill"), "{ran}");
    let machine = Machine { kill: "deactivating", ..machine };
    *machine.active.lock().expect("a lock") = "active";
    assert_eq!(machine.status(Agent::Slurmctld, "stop"), Status::Generic);
}

/// Pacemaker kills an agent at its limit and not the programs that it started.
#[test]
fn no_program_may_outlive_the_limit_of_its_action() {
    for daemon in DAEMONS {
        for action in ["start", "stop"] {
            let machine = Machine {
                has_cache: false,
                answers: false,
                stop: "deactivating",
                kill: "deactivating",
                ..Machine::with(if action == "start" { "inactive" } else { "active" })
            };
            assert_eq!(machine.status(daemon, action), Status::Generic);
            let latest = *machine.latest_end.lock().expect("a lock");
            assert!(latest < LIMIT, "{daemon:?} {action}: {latest:?}");
        }
    }
}

/// Whatever systemd says of the unit.
fn with_survivor(ends_after: Duration) -> TestMachine {
    let show = |command: &Command| {
        let is_show = command.arguments().first().is_some_and(|verb| verb == "show");
        let text = "Id=x.service\nLoadState=loaded\nActiveState=failed\n";
        let answer = || CommandOutput::new(command, Exit::Status(0), text.into(), Vec::new());
        is_show.then(answer)
    };
    let machine = TestMachine::with(|machine| {
        machine.program = Box::new(show);
        machine.react = Box::new(move |machine, _| {
            if machine.elapsed() >= ends_after {
                machine.end_process(Daemon::Slurmctld);
            }
        });
    });
    machine.run_process(Daemon::Slurmctld, 'D', 5);
    machine
}

#[test]
fn a_unit_with_a_process_that_survives_is_not_stopped() {
    let stop = |machine: &TestMachine| {
        act(machine, Agent::Slurmctld, "stop", &Parameters::default(), LIMIT).status
    };
    let machine = with_survivor(LIMIT * 2);
    assert_eq!(stop(&machine), Status::Generic);
    assert!(machine.elapsed() < LIMIT && machine.elapsed() > LIMIT / 2);
    let late = with_survivor(Duration::from_secs(20));
    assert_eq!(stop(&late), Status::Success);
    assert!(!late.has(LAST_STOP), "it was no clean stop");
}

#[test]
fn other_actions_are_not_implemented() {
    assert_eq!(Machine::with("active").status(Agent::Mariadb, "promote"), Status::Unimplemented);
    assert_eq!(Machine::with("active").status(Agent::Mariadb, "validate-all"), Status::Success);
}
