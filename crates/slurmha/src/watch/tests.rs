// SPDX-License-Identifier: Apache-2.0
//! A watcher and the machine that it watches.

use super::*;
use crate::agent::test_machine::TestMachine;
use crate::agent::{expect, forget};

const HANG: &str = "/run/slurmha/slurmctld.hung";

/// A look each second; how often the daemon was to be asked.
fn watch(machine: &TestMachine, watcher: &mut Watcher, seconds: u64) -> usize {
    let look = |_: &u64| {
        let asks = watcher.look(machine);
        machine.sleep(Duration::from_secs(1));
        asks
    };
    (0..seconds).filter(look).count()
}

fn slurmctld() -> Watcher {
    Watcher::new(Daemon::Slurmctld)
}

#[test]
fn a_daemon_that_nobody_expects_is_not_watched() {
    let machine = TestMachine::new();
    machine.run_process(Daemon::Slurmctld, 'T', 1);
    assert_eq!(watch(&machine, &mut slurmctld(), 60), 0);
    assert_eq!(machine.ran(""), Vec::<String>::new());
}

#[test]
fn a_stopped_daemon_is_reported_within_three_looks_and_its_stop_knows() {
    for daemon in [Daemon::Slurmctld, Daemon::Slurmdbd, Daemon::Mariadb] {
        let machine = TestMachine::new();
        expect(&machine, daemon);
        machine.run_process(daemon, 'T', 1);
        let mut watcher = Watcher::new(daemon);
        watch(&machine, &mut watcher, 2);
        assert_eq!(machine.ran("crm_resource"), Vec::<String>::new());
        watch(&machine, &mut watcher, 1);
        let name = daemon.name();
        let report = format!("crm_resource --fail --resource {name} --node ctl1");
        assert_eq!(machine.ran("crm_resource"), [report]);
        assert!(machine.has(&format!("/run/slurmha/{name}.hung")));
        // The agent's stop.
        forget(&machine, daemon);
        watch(&machine, &mut watcher, 60);
        assert_eq!(machine.ran("crm_resource").len(), 1);
    }
}

#[test]
fn what_is_not_reported_is_tried_again_later_and_shortens_no_stop() {
    let machine = TestMachine::with(|machine| machine.maintenance = true);
    expect(&machine, Daemon::Slurmctld);
    machine.run_process(Daemon::Slurmctld, 'T', 1);
    watch(&machine, &mut slurmctld(), 60);
    assert_eq!(machine.ran("crm_mon").len(), 2, "once in half a minute");
    assert_eq!(machine.ran("crm_resource"), Vec::<String>::new());
    assert!(!machine.has(HANG));
}

/// Seen in the laboratory: slurmdbd, which asked a frozen MariaDB, took a minute and a half to stop.
#[test]
fn what_pacemaker_has_not_come_to_yet_is_not_reported_twice() {
    let machine = TestMachine::new();
    expect(&machine, Daemon::Mariadb);
    machine.run_process(Daemon::Mariadb, 'T', 1);
    let mut watcher = Watcher::new(Daemon::Mariadb);
    watch(&machine, &mut watcher, 120);
    assert_eq!(machine.ran("crm_resource").len(), 1);
    // Another process is another matter.
    machine.put("/proc/812/stat", "812 (x) T 1 1 1 0 -1 0 0 0 0 0 1 0 0 0 20 0 9 0 45 0\n");
    watch(&machine, &mut watcher, 10);
    assert_eq!(machine.ran("crm_resource").len(), 2);
    // And nobody waits for ever.
    watch(&machine, &mut watcher, 160);
    assert_eq!(machine.ran("crm_resource").len(), 3);
}

#[test]
fn a_silent_daemon_is_reported_when_connections_wait_at_its_door() {
    let listener = |waiting: u32| {
        format!("0: 00000000:1AA1 00000000:0000 0A 00000000:{waiting:08X} 00:00000000\n")
    };
    for (waiting, reports) in [(0, 0), (1, 1)] {
        let machine = TestMachine::new();
        expect(&machine, Daemon::Slurmctld);
        machine.run_process(Daemon::Slurmctld, 'S', 1);
        machine.put("/proc/net/tcp", &listener(waiting));
        let mut watcher = slurmctld();
        for _ in 0..50 {
            if watcher.look(&machine) {
                watcher.hear(machine.elapsed(), Heard::Silence);
            }
            machine.sleep(Duration::from_secs(1));
        }
        assert_eq!(machine.ran("crm_resource").len(), reports, "{waiting} connections wait");
    }
}

#[test]
fn one_request_at_a_time_and_none_to_slurmdbd() {
    let machine = TestMachine::new();
    for (daemon, requests) in [(Daemon::Slurmctld, 1), (Daemon::Slurmdbd, 0), (Daemon::Mariadb, 1)]
    {
        expect(&machine, daemon);
        machine.run_process(daemon, 'S', 1);
        let mut watcher = Watcher::new(daemon);
        assert_eq!(watch(&machine, &mut watcher, 60), requests, "no answer yet");
        watcher.hear(machine.elapsed(), Heard::Answer);
        assert_eq!(watch(&machine, &mut watcher, 60), requests);
    }
}
