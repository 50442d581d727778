// SPDX-License-Identifier: Apache-2.0
//! When an end is news, through the life of a daemon.

use std::time::Duration;

use slurmha_host::Command;

use super::super::test_machine::TestMachine;
use super::super::{Answer, Daemon, Status, act_on_daemon, adopt};
use super::*;

const DAEMON: Daemon = Daemon::Slurmdbd;
const LIMIT: Duration = Duration::from_secs(60);

/// slurmdbd starts and stops as it is told. Whether its end would be news
/// when systemd is told is kept as a file.
fn machine() -> TestMachine {
    let machine = TestMachine::with(|machine| {
        machine.react = Box::new(|machine, command: &Command| {
            let verb = command.arguments().first().cloned().unwrap_or_default();
            if matches!(verb.as_str(), "start" | "stop") && is_expected(machine, DAEMON) {
                machine.put(format!("/news-during-{verb}"), "");
            }
            match verb.as_str() {
                "start" => machine.run_process(DAEMON, 'S', 1),
                "stop" => machine.end_process(DAEMON),
                _ => {}
            }
        });
    });
    machine.put("/srv/slurmha/database/.slurmha-volume", "");
    machine.put("/proc/net/tcp", "0: 00000000:1AA3 00000000:0000 0A 00000000:00000000 00:0\n");
    machine
}

#[test]
fn an_end_is_news_between_a_start_and_the_next_stop() {
    let machine = machine();
    for _ in 0..2 {
        assert_eq!(act_on_daemon(&machine, DAEMON, "start", LIMIT).status, Status::Success);
        assert!(is_expected(&machine, DAEMON));
    }
    assert!(!machine.has("/news-during-start"), "a start that fails tells so itself");
    assert_eq!(act_on_daemon(&machine, DAEMON, "stop", LIMIT).status, Status::Success);
    assert!(!machine.has("/news-during-stop"));
    assert!(!is_expected(&machine, DAEMON));
}

#[test]
fn a_daemon_that_hangs_is_told_to_stop_without_waiting_for_it() {
    let machine = machine();
    act_on_daemon(&machine, DAEMON, "start", LIMIT);
    note_hang(&machine, DAEMON);
    assert_eq!(act_on_daemon(&machine, DAEMON, "stop", LIMIT).status, Status::Success);
    assert_eq!(machine.ran("systemctl stop"), ["systemctl stop --no-block -- slurmdbd.service"]);
    assert!(!machine.has("/news-during-stop"));
    assert!(!hangs(&machine, DAEMON), "the next stop is an ordinary one");
}

/// Seen in the laboratory: asked to stop in the ordinary way it took 93 s, of which the role moved.
#[test]
fn who_waits_for_a_database_that_hangs_is_not_waited_for_either() {
    let machine = machine();
    act_on_daemon(&machine, DAEMON, "start", LIMIT);
    note_hang(&machine, Daemon::Mariadb);
    assert_eq!(act_on_daemon(&machine, DAEMON, "stop", LIMIT).status, Status::Success);
    assert_eq!(machine.ran("systemctl stop"), ["systemctl stop --no-block -- slurmdbd.service"]);
    assert!(hangs(&machine, Daemon::Mariadb), "its own stop is next");
}

#[test]
fn a_recurring_monitor_adopts_what_it_finds_and_a_probe_does_not() {
    let machine = machine();
    let well = Answer::plain(Status::Success);
    for interval in ["", "0", "x"] {
        adopt(&machine, DAEMON, interval, &well);
        assert!(!is_expected(&machine, DAEMON), "{interval}");
    }
    adopt(&machine, DAEMON, "10000", &Answer::plain(Status::NotRunning));
    assert!(!is_expected(&machine, DAEMON));
    adopt(&machine, DAEMON, "10000", &well);
    assert!(is_expected(&machine, DAEMON));
}
