// SPDX-License-Identifier: Apache-2.0
//! A scheduler that dies, and who starts it again.

use slurmha_core::layout::{STATE_MOUNT, STATE_SAVE_LOCATION};
use slurmha_core::plan::VOLUME_MARKER;
use slurmha_host::Command;

use super::super::test_machine::TestMachine;
use super::super::{act_on_daemon, intent};
use super::*;

const HANDLER: &str = "/sys/fs/cgroup/system.slice/slurmha-failed@slurmctld.service/cgroup.procs";

/// Pacemaker has started slurmctld here, and it has just died.
fn machine(starts: bool) -> TestMachine {
    let machine = TestMachine::with(|machine| {
        machine.react = Box::new(move |machine, command| match command.pasteable().as_str() {
            "systemctl start -- slurmctld.service" if starts => {
                machine.run_process(Daemon::Slurmctld, 'S', 1);
                machine.listen_as_slurmctld();
            }
            "systemctl stop -- slurmctld.service" => machine.end_process(Daemon::Slurmctld),
            _ => {}
        });
    });
    machine.put(Path::new(STATE_MOUNT).join(VOLUME_MARKER), "");
    machine.put(Path::new(STATE_SAVE_LOCATION).join("last_tres"), "");
    machine.put(CIB, &cib("<crm_config/>"));
    intent::expect(&machine, Daemon::Slurmctld);
    machine
}

fn cib(settings: &str) -> String {
    format!(
        "<cib><configuration>{settings}<resources><primitive id=\"slurmctld\"/></resources>\
         </configuration></cib>"
    )
}

fn act(machine: &TestMachine, action: &str) -> Status {
    act_on_daemon(machine, Daemon::Slurmctld, action, Duration::from_secs(60)).status
}

#[test]
fn the_first_failure_is_put_right_and_counted() {
    let machine = machine(true);
    assert_eq!(act(&machine, "exited"), Status::Success);
    assert_eq!(machine.ran("systemctl start"), ["systemctl start -- slurmctld.service"]);
    assert_eq!(machine.ran("crm_resource"), Vec::<String>::new());
    assert_eq!(
        machine.ran("attrd_updater"),
        [
            "attrd_updater --name 'last-failure-slurmctld#monitor_10000' --update 0",
            "attrd_updater --name 'fail-count-slurmctld#monitor_10000' --update value+=2",
        ]
    );
    assert!(intent::is_expected(&machine, Daemon::Slurmctld), "its next end is news again");
}

#[test]
fn the_second_within_a_minute_is_pacemakers() {
    let machine = machine(true);
    act(&machine, "exited");
    machine.end_process(Daemon::Slurmctld);
    assert_eq!(act(&machine, "exited"), Status::Success);
    assert_eq!(machine.ran("systemctl start").len(), 1);
    assert_eq!(machine.ran("crm_resource --fail").len(), 1);
}

#[test]
fn a_scheduler_that_does_not_start_is_pacemakers() {
    let machine = machine(false);
    assert_eq!(act(&machine, "exited"), Status::Success);
    assert_eq!(machine.ran("crm_resource --fail").len(), 1);
    assert_eq!(machine.ran("attrd_updater").len(), 0, "it would count three times");
}

#[test]
fn nothing_is_started_in_maintenance_mode() {
    let mut machine = machine(true);
    machine.maintenance = true;
    let pair = "<nvpair name=\"maintenance-mode\" value=\"true\"/>";
    machine.put(CIB, &cib(&format!("<crm_config><s>{pair}</s></crm_config>")));
    assert_eq!(act(&machine, "exited"), Status::Success);
    assert_eq!(machine.ran("systemctl start").len(), 0);
}

#[test]
fn nothing_is_started_when_it_cannot_be_told_whether_it_may_be() {
    for unknown in ["", "<cib><configuration>", "<cib/>", "<cib><configuration/></cib>"] {
        let machine = machine(true);
        machine.put(CIB, unknown);
        assert_eq!(act(&machine, "exited"), Status::Success);
        assert_eq!(machine.ran("systemctl start").len(), 0, "{unknown}");
        assert_eq!(machine.ran("crm_resource --fail").len(), 1, "{unknown}: Pacemaker knows");
    }
}

#[test]
fn a_monitor_waits_for_a_restart_and_not_for_ever() {
    let machine = TestMachine::with(|machine| {
        machine.react = Box::new(|machine, command: &Command| {
            if command.program() == "sleep" && machine.elapsed() == PAUSE * 3 {
                machine.run_process(Daemon::Slurmctld, 'S', 1);
                machine.remove_file(Path::new(HANDLER)).expect("a file");
            }
        });
    });
    let handler = |machine: &TestMachine| {
        machine.put(HANDLER, "700\n");
        machine
            .put("/proc/700/stat", "700 (slurmha) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 9 0\n");
    };
    handler(&machine);
    assert_eq!(act(&machine, "monitor"), Status::Success);
    assert_eq!(machine.elapsed(), PAUSE * 3);

    // The daemon has just ended, and its handler has not begun.
    let early = TestMachine::with(|machine| {
        machine.react = Box::new(|machine, command: &Command| {
            if command.program() == "sleep" && machine.elapsed() == PAUSE * 2 {
                machine.run_process(Daemon::Slurmctld, 'S', 1);
            }
        });
    });
    intent::expect(&early, Daemon::Slurmctld);
    assert_eq!(act(&early, "monitor"), Status::Success);
    let nobody = TestMachine::new();
    intent::expect(&nobody, Daemon::Slurmctld);
    assert_eq!(act(&nobody, "monitor"), Status::NotRunning);
    assert!(nobody.elapsed() < ABOUT_TO_BEGIN + PAUSE * 2, "nobody handles it");

    let stuck = TestMachine::new();
    handler(&stuck);
    assert_eq!(act(&stuck, "monitor"), Status::NotRunning);
    assert!(stuck.elapsed() < Duration::from_secs(60));
}

#[test]
fn a_stop_ends_a_restart_and_then_the_daemon() {
    let machine = machine(true);
    machine.put(HANDLER, "700\n");
    machine.put("/proc/700/stat", "700 (slurmha) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 9 0\n");
    assert_eq!(act(&machine, "stop"), Status::Success);
    assert_eq!(
        machine.ran("systemctl stop"),
        [
            "systemctl stop -- slurmha-failed@slurmctld.service",
            "systemctl stop -- slurmha-ended@slurmctld.service",
            "systemctl stop -- slurmctld.service",
        ]
    );
}
