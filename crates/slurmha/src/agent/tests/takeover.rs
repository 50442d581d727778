// SPDX-License-Identifier: Apache-2.0
//! slurmctld's agent after a clean and after an unclean end.

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::Timestamp;
use slurmha_core::layout::{LAST_STOP, STATE_MOUNT, STATE_SAVE_LOCATION, TAKEOVER_REPORT};
use slurmha_core::plan::VOLUME_MARKER;
use slurmha_core::state_save::{JobStateHeader, LastStop, Takeover};
use slurmha_host::{Command, CommandOutput, Exit};

use super::super::test_machine::TestMachine;
use super::super::{Agent, Answer, Daemon, Parameters, Status, act, adopt};
use super::machine::{LIMIT, Machine};

const TABLE: &str = "/srv/slurmha/state/slurmctld/job_state";
const SETTLING: &str = "/sys/fs/cgroup/system.slice/slurmha-settle.service/cgroup.procs";

fn next_id(machine: &Machine) -> u32 {
    let files = machine.files.lock().expect("a lock");
    JobStateHeader::parse(&files[Path::new(TABLE)]).expect("a header").next_id
}

fn last_stop(machine: &TestMachine) -> LastStop {
    LastStop::parse(Some(machine.text(LAST_STOP).as_bytes()))
}

/// On which slurmctld runs, and listens or not; the next id is 50.
fn running(listens: bool) -> TestMachine {
    let words = |command: &Command| {
        let text = match command.program() {
            "sinfo" => "cn1 idle\n",
            "systemd-run" | "sdiag" => "",
            "scontrol" if command.arguments() != ["ping"] => "",
            _ => return None,
        };
        Some(CommandOutput::new(command, Exit::Status(0), text.into(), Vec::new()))
    };
    let machine = TestMachine::with(|machine| {
        machine.program = Box::new(words);
        machine.react = Box::new(|machine, command| match command.pasteable().as_str() {
            "systemctl start -- slurmctld.service" => {
                machine.run_process(Daemon::Slurmctld, 'S', 1);
            }
            "systemctl stop -- slurmctld.service" => machine.end_process(Daemon::Slurmctld),
            "systemctl stop -- slurmha-settle.service" => machine.remove(SETTLING),
            _ => {}
        });
    });
    machine.put(Path::new(STATE_MOUNT).join(VOLUME_MARKER), "");
    machine.put(Path::new(STATE_SAVE_LOCATION).join("last_tres"), "");
    let table = format!("\0\0\0\x11PROTOCOL_VERSION\0{}\0\0\0\x32", "\0".repeat(10));
    machine.put(TABLE, &table);
    machine.run_process(Daemon::Slurmctld, 'S', 1);
    if listens {
        machine.listen_as_slurmctld();
    }
    machine
}

fn settles(machine: &TestMachine) {
    machine.put(SETTLING, "900\n");
    machine.put("/proc/900/stat", "900 (slurmha) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 9 0\n");
}

fn status(machine: &TestMachine, action: &str) -> Status {
    act(machine, Agent::Slurmctld, action, &Parameters::default(), LIMIT).status
}

#[test]
fn a_scheduler_that_ended_cleanly_is_started_as_it_is() {
    let machine = Machine::after("stopped on ctl1 at 2026-01-01T00:00:00Z\n");
    assert_eq!(machine.status(Agent::Slurmctld, "start"), Status::Success);
    assert!(!machine.ran().contains("reservation"), "{}", machine.ran());
    assert_eq!(machine.file(TAKEOVER_REPORT), None);
    let note = machine.file(LAST_STOP).expect("a note");
    assert!(note.starts_with("running"), "{note}");
}

#[test]
fn after_an_unclean_end_nothing_starts_before_the_nodes_have_reported() {
    for note in ["running on ctl1 since 2026-01-01T00:00:00Z\n", ""] {
        let machine = Machine::after(note);
        assert_eq!(machine.status(Agent::Slurmctld, "start"), Status::Success);
        let ran = machine.ran();
        assert!(
            ran.contains("scontrol create reservation reservationname=slurmha-takeover"),
            "{ran}"
        );
        assert!(ran.contains("--unit slurmha-settle.service"), "{ran}");
        assert!(machine.file(TAKEOVER_REPORT).is_some());
    }
}

/// Two crashes within two minutes: Slurm refuses a new start of a reservation
/// that has begun.
#[test]
fn a_hold_that_still_lasts_is_prolonged() {
    let machine = Machine { reservation_lasts: true, ..Machine::after("running\n") };
    assert_eq!(machine.status(Agent::Slurmctld, "start"), Status::Success);
    let ran = machine.ran();
    let prolong = "scontrol update reservationname=slurmha-takeover endtime=now+2minutes\n";
    assert!(ran.contains(prolong), "{ran}");
}

#[test]
fn a_job_that_a_node_still_has_waits_and_the_others_go_on() {
    let machine = Machine::after("running\n");
    assert_eq!(machine.status(Agent::Slurmctld, "start"), Status::Success);
    machine.ran.lock().expect("a lock").clear();
    assert_eq!(machine.status(Agent::Slurmctld, "settle"), Status::Success);
    let ran = machine.ran();
    let places = [
        "jobid=7 starttime=now+60",
        "delete reservationname=slurmha-takeover",
        // Launches under way would be lost.
        "create reservation reservationname=slurmha-reconfigure",
        "sdiag\nsdiag\nsdiag\nscontrol reconfigure",
        "delete reservationname=slurmha-reconfigure",
    ]
    .map(|text| ran.find(text).unwrap_or_else(|| panic!("{text} is missing: {ran}")));
    assert!(places.is_sorted(), "{ran}");
    let report = machine.file(TAKEOVER_REPORT).expect("a report");
    assert!(report.contains("\"started_again\": [\n    \"7\"\n  ]"), "{report}");
}

#[test]
fn a_job_that_its_node_only_remembers_is_released_and_the_node_resumed() {
    let machine = Machine::after("running\n");
    assert_eq!(machine.status(Agent::Slurmctld, "start"), Status::Success);
    *machine.drained.lock().expect("a lock") = "cn1|2026-01-01T00:00:00|Duplicate jobid\n";
    assert_eq!(machine.status(Agent::Slurmctld, "settle"), Status::Success);
    let ran = machine.ran();
    assert_eq!(ran.matches("scontrol release 7\n").count(), 1, "{ran}");
    assert_eq!(ran.matches("scontrol update nodename=cn1 state=resume\n").count(), 1, "{ran}");
    assert!(!ran.contains("release 8"), "{ran}");
}

/// With its job released nothing tells the drain from another one.
#[test]
fn a_node_that_could_not_be_resumed_is_resumed_later() {
    let mut machine = running(true);
    let failures = AtomicUsize::new(1);
    let own = std::mem::replace(&mut machine.program, Box::new(|_| None));
    machine.program = Box::new(move |command| {
        let words = command.pasteable();
        let (status, text) = match words.split(' ').next() {
            Some("sinfo") if words.contains("--list-reasons") => {
                (0, "cn1|2026-01-01T00:00:00|Duplicate jobid\n")
            }
            Some("squeue") if failures.load(Ordering::Relaxed) == 1 => {
                (0, "7|launch failed requeued held\n")
            }
            Some("squeue") => (0, ""),
            Some("scontrol") if words.ends_with("state=resume") => {
                let fails = failures.swap(0, Ordering::Relaxed) > 0;
                (i32::from(fails), "")
            }
            _ => return own(command),
        };
        Some(CommandOutput::new(command, Exit::Status(status), text.into(), Vec::new()))
    });
    let report = Takeover { next_id: Some(50), held_s: Some(3.0), ..Takeover::default() };
    machine.put(TAKEOVER_REPORT, &serde_json::to_string(&report).expect("a report"));
    assert_eq!(status(&machine, "settle"), Status::Success);
    assert_eq!(machine.ran("scontrol release 7").len(), 1);
    assert_eq!(machine.ran("scontrol update nodename=cn1 state=resume").len(), 2);
    let kept: Takeover = serde_json::from_str(&machine.text(TAKEOVER_REPORT)).expect("a report");
    assert_eq!((kept.released.as_slice(), kept.resumed.len()), (&[7][..], 1));
}

#[test]
fn other_drains_are_left_to_people() {
    let machine = Machine::after("running\n");
    assert_eq!(machine.status(Agent::Slurmctld, "start"), Status::Success);
    *machine.drained.lock().expect("a lock") = "cn1|2026-01-01T00:00:00|bad DIMM\n";
    assert_eq!(machine.status(Agent::Slurmctld, "settle"), Status::Success);
    assert!(!machine.ran().contains("resume"), "{}", machine.ran());
}

#[test]
fn a_damaged_job_table_is_not_started_on_anywhere() {
    let machine = Machine::after("running\n");
    machine.put(&Path::new(STATE_SAVE_LOCATION).join("job_state"), b"anything but a table");
    let answer = machine.act(Agent::Slurmctld, "start");
    assert_eq!(answer.status, Status::Misconfigured);
    assert!(answer.reason.expect("a reason").contains("is damaged"));
    assert_eq!(machine.ran(), "");
}

#[test]
fn only_a_stop_that_was_obeyed_counts_as_clean() {
    let note_after = |machine: &Machine| {
        machine.status(Agent::Slurmctld, "stop");
        machine.file(LAST_STOP).unwrap_or_default()
    };
    let active = Machine { active: Mutex::new("active"), ..Machine::after("") };
    assert!(note_after(&active).starts_with("stopped"));
    for state in ["inactive", "failed"] {
        assert_eq!(note_after(&Machine::with(state)), "", "it was not running: {state}");
    }
    let killed = Machine { stop: "deactivating", ..Machine::with("active") };
    assert_eq!(note_after(&killed), "");
    let crashed = Machine { stop: "failed", ..Machine::with("active") };
    assert_eq!(note_after(&crashed), "");
}

/// Its volume was full, and it ends as if nothing was.
#[test]
fn a_scheduler_that_could_not_save_has_not_ended_cleanly() {
    for (second, is_clean) in [(0, true), (100, false), (-100, false)] {
        let machine = running(true);
        machine.put(LAST_STOP, "running\n");
        machine.set_date(Timestamp::from_second(second).expect("a time"));
        assert_eq!(status(&machine, "stop"), Status::Success);
        assert_eq!(last_stop(&machine).is_clean(), is_clean, "{second}");
    }
}

#[test]
fn nothing_is_put_right_below_a_scheduler_that_runs() {
    for note in ["running on ctl1\n", "stopped on ctl1\n", ""] {
        for (listens, expected) in [(true, Status::Success), (false, Status::Generic)] {
            let machine = running(listens);
            machine.put(LAST_STOP, note);
            let table = machine.text(TABLE);
            assert_eq!(status(&machine, "start"), expected);
            assert_eq!(machine.text(TABLE), table);
            assert_eq!(machine.ran("systemctl start").len(), 0);
            assert!(!last_stop(&machine).is_clean(), "its crash would be taken for a clean stop");
        }
    }
}

/// Pacemaker had stopped it, an administrator starts it by hand.
#[test]
fn a_scheduler_that_is_adopted_is_noted_as_running() {
    let machine = running(true);
    machine.put(LAST_STOP, "stopped on ctl1\n");
    adopt(&machine, Daemon::Slurmctld, "10000", &Answer::plain(Status::Success));
    assert!(last_stop(&machine).may_run());
}

#[test]
fn a_start_that_fails_costs_few_ids_and_no_report() {
    let machine = Machine { start: Ok("failed"), ..Machine::after("running\n") };
    assert_eq!(machine.status(Agent::Slurmctld, "start"), Status::Generic);
    assert_eq!(next_id(&machine), 50 + 20_000);
    let first = machine.file(TAKEOVER_REPORT).expect("a report");
    assert_eq!(machine.status(Agent::Slurmctld, "start"), Status::Generic);
    let machine = Machine { start: Ok("active"), ..machine };
    assert_eq!(machine.status(Agent::Slurmctld, "start"), Status::Success);
    assert_eq!(next_id(&machine), 50 + 20_000 + 2 * 1000);
    let report = |text: &str| serde_json::from_str::<Takeover>(text).expect("a report");
    let last = report(&machine.file(TAKEOVER_REPORT).expect("a report"));
    assert_eq!(last, Takeover { raised_id: Some(22_050), ..report(&first) });
    assert!(machine.ran().contains("--unit slurmha-settle.service"), "{}", machine.ran());
    assert!(machine.file(LAST_STOP).expect("a note").starts_with("running"));
}

/// It may have served for as long as nobody saw it.
#[test]
fn a_start_that_was_killed_in_the_middle_is_an_unclean_end() {
    let machine = Machine { answers: false, ..Machine::after("running\n") };
    assert_eq!(machine.status(Agent::Slurmctld, "start"), Status::Generic);
    assert!(machine.file(LAST_STOP).expect("a note").starts_with("starting"));
    let machine = Machine { answers: true, ..machine };
    *machine.active.lock().expect("a lock") = "failed";
    assert_eq!(machine.status(Agent::Slurmctld, "start"), Status::Success);
    assert_eq!(next_id(&machine), 50 + 2 * 20_000);
}

#[test]
fn a_stop_and_a_start_call_an_older_settling_off() {
    for action in ["stop", "start"] {
        let machine = running(true);
        if action == "start" {
            machine.end_process(Daemon::Slurmctld);
        }
        machine.put(LAST_STOP, "running\n");
        settles(&machine);
        assert_eq!(status(&machine, action), Status::Success);
        let ran = machine.ran("");
        let at = |start: &str| ran.iter().position(|it| it.starts_with(start)).expect(start);
        let daemon = format!("systemctl {action} -- slurmctld.service");
        assert!(at("systemctl stop -- slurmha-settle.service") < at(&daemon), "{ran:?}");
    }
    let machine = running(true);
    assert_eq!(status(&machine, "stop"), Status::Success);
    assert_eq!(machine.ran("systemctl stop").len(), 1, "where none runs it costs nothing");
}

#[test]
fn what_a_clean_stop_interrupts_goes_on_after_the_next_start() {
    let machine = running(true);
    machine.put(LAST_STOP, "running\n");
    let report =
        Takeover { raised_id: Some(50), known_by_directory: vec![7], ..Takeover::default() };
    machine.put(TAKEOVER_REPORT, &serde_json::to_string(&report).expect("a report"));
    settles(&machine);
    assert_eq!(status(&machine, "stop"), Status::Success);
    machine.remove(TAKEOVER_REPORT);
    let table = machine.text(TABLE);
    assert_eq!(status(&machine, "start"), Status::Success);
    assert_eq!(machine.text(TABLE), table, "the stop was a clean one");
    assert_eq!(machine.ran("scontrol create reservation").len(), 1);
    assert_eq!(machine.ran("systemd-run").len(), 1);
    let kept: Takeover = serde_json::from_str(&machine.text(TAKEOVER_REPORT)).expect("a report");
    assert_eq!(kept, report);
    assert_eq!(status(&machine, "stop"), Status::Success);
    assert_eq!(last_stop(&machine).unfinished(), None);
}

/// Its hold can be the next one's by then, and the next one elsewhere.
#[test]
fn a_settling_without_its_scheduler_ends_nobodys_hold() {
    for last in ["sinfo", "journalctl"] {
        let mut machine = running(true);
        machine.react = Box::new(move |machine, command| {
            if command.program() == last {
                machine.end_process(Daemon::Slurmctld);
            }
        });
        machine
            .put(TAKEOVER_REPORT, &serde_json::to_string(&Takeover::default()).expect("a report"));
        assert_eq!(status(&machine, "settle"), Status::Success);
        assert_eq!(machine.ran("scontrol").len(), 0, "{:?}", machine.ran(""));
    }
}

#[test]
fn nodes_are_not_called_at_another_controller() {
    let mut machine = running(true);
    machine.react = Box::new(|machine, command| {
        if command.pasteable().contains("reservationname=slurmha-reconfigure") {
            machine.end_process(Daemon::Slurmctld);
        }
    });
    machine.put(TAKEOVER_REPORT, &serde_json::to_string(&Takeover::default()).expect("a report"));
    assert_eq!(status(&machine, "settle"), Status::Success);
    assert_eq!(machine.ran("scontrol delete reservationname=slurmha-takeover").len(), 1);
    assert_eq!(machine.ran("scontrol reconfigure").len(), 0);
    assert_eq!(machine.ran("scontrol delete reservationname=slurmha-reconfigure").len(), 0);
}
