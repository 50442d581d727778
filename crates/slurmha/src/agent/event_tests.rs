// SPDX-License-Identifier: Apache-2.0
//! Ends that are news, ends that are not, and the stop of a daemon that hangs.

use std::time::Duration;

use super::super::kill::stop_hung;
use super::super::test_machine::TestMachine;
use super::super::{Daemon, Status, act_on_daemon};
use super::*;

const DAEMONS: [Daemon; 3] = [Daemon::Slurmctld, Daemon::Slurmdbd, Daemon::Mariadb];
const LIMIT: Duration = Duration::from_secs(60);

fn tell_of_exit(machine: &TestMachine, daemon: Daemon) -> Status {
    act_on_daemon(machine, daemon, "exited", LIMIT).status
}

#[test]
fn an_end_that_nobody_asked_for_is_reported_once() {
    for daemon in DAEMONS {
        let machine = TestMachine::new();
        intent::expect(&machine, daemon);
        assert_eq!(tell_of_exit(&machine, daemon), Status::Success);
        assert_eq!(tell_of_exit(&machine, daemon), Status::Success);
        let name = daemon.name();
        let report = format!("crm_resource --fail --resource {name} --node ctl1");
        assert_eq!(machine.ran("crm_resource"), [report]);
    }
}

#[test]
fn an_end_that_was_asked_for_or_comes_during_a_start_is_not() {
    for daemon in DAEMONS {
        let machine = TestMachine::new();
        assert_eq!(tell_of_exit(&machine, daemon), Status::Success);
        intent::expect(&machine, daemon);
        intent::forget(&machine, daemon);
        assert_eq!(tell_of_exit(&machine, daemon), Status::Success);
        assert_eq!(machine.ran(""), Vec::<String>::new(), "Pacemaker is not even asked");
    }
}

#[test]
fn a_stop_that_begins_while_pacemaker_is_asked_wins() {
    let react = |machine: &TestMachine, command: &slurmha_host::Command| {
        if command.program() == "crm_mon" {
            intent::forget(machine, Daemon::Slurmctld);
        }
    };
    let machine = TestMachine::with(|machine| machine.react = Box::new(react));
    intent::expect(&machine, Daemon::Slurmctld);
    assert_eq!(tell_of_exit(&machine, Daemon::Slurmctld), Status::Success);
    assert_eq!(machine.ran("crm_resource"), Vec::<String>::new());
}

#[test]
fn nothing_is_reported_in_maintenance_mode_and_the_end_stays_news() {
    let machine = TestMachine::with(|machine| machine.maintenance = true);
    intent::expect(&machine, Daemon::Slurmctld);
    assert_eq!(tell_of_exit(&machine, Daemon::Slurmctld), Status::Success);
    assert_eq!(machine.ran("crm_resource"), Vec::<String>::new());
    assert!(intent::is_expected(&machine, Daemon::Slurmctld));
}

#[test]
fn a_restart_by_hand_is_not_reported() {
    let machine = TestMachine::new();
    intent::expect(&machine, Daemon::Mariadb);
    machine.run_process(Daemon::Mariadb, 'S', 1);
    assert_eq!(tell_of_exit(&machine, Daemon::Mariadb), Status::Success);
    assert_eq!(machine.ran(""), Vec::<String>::new());
}

#[test]
fn a_pacemaker_that_cannot_be_told_is_an_error_of_the_report() {
    let machine = TestMachine::with(|machine| machine.pacemaker_is_silent = true);
    intent::expect(&machine, Daemon::Slurmctld);
    let answer = act_on_daemon(&machine, Daemon::Slurmctld, "exited", LIMIT);
    assert_eq!(answer.status, Status::Generic);
    assert!(answer.reason.expect("a reason").contains("Pacemaker was not told"));
}

#[test]
fn a_stopped_process_that_wakes_up_ends_by_itself_and_is_given_the_time() {
    // Works for ten seconds on its way out: a large job table.
    let react = |machine: &TestMachine, _: &slurmha_host::Command| {
        let at = machine.elapsed();
        let ticks = u64::try_from(at.as_millis() / 20).unwrap_or_default();
        machine.run_process(Daemon::Slurmctld, 'R', ticks);
        if at >= Duration::from_secs(10) {
            machine.end_process(Daemon::Slurmctld);
        }
    };
    let machine = TestMachine::with(|machine| machine.react = Box::new(react));
    machine.run_process(Daemon::Slurmctld, 'T', 0);
    stop_hung(&machine, Daemon::Slurmctld, LIMIT);
    assert_eq!(machine.elapsed(), Duration::from_secs(10));
    assert_eq!(machine.ran("systemctl"), ["systemctl stop --no-block -- slurmctld.service"]);
}

#[test]
fn a_deadlocked_process_is_left_to_the_kill_after_three_seconds_and_a_waiting_one_is_not() {
    let machine = TestMachine::new();
    machine.run_process(Daemon::Slurmctld, 'S', 7);
    stop_hung(&machine, Daemon::Slurmctld, LIMIT);
    assert_eq!(machine.elapsed(), Duration::from_secs(3));

    machine
        .put("/proc/812/task/813/stat", "813 (x) D 1 1 1 0 -1 0 0 0 0 0 7 0 0 0 20 0 9 0 44 0\n");
    let begin = machine.elapsed();
    stop_hung(&machine, Daemon::Slurmctld, LIMIT);
    assert!(machine.elapsed() - begin >= LIMIT, "it waits for a disk");
}

/// slurmctld's script daemon can outlive it for a moment.
#[test]
fn what_a_daemon_leaves_behind_is_not_the_daemon() {
    let machine = TestMachine::new();
    machine.run_process(Daemon::Slurmctld, 'S', 5);
    intent::expect(&machine, Daemon::Slurmctld);
    assert_eq!(tell_of_exit(&machine, Daemon::Slurmctld), Status::Success);
    assert_eq!(machine.ran("crm_resource"), Vec::<String>::new(), "it runs again already");
    machine.put("/proc/812/comm", "slurmscriptd\n");
    assert!(!Daemon::Slurmctld.has_its_process(&machine));
    assert_eq!(tell_of_exit(&machine, Daemon::Slurmctld), Status::Success);
    assert_eq!(machine.ran("crm_resource").len(), 1);
}
