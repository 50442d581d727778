// SPDX-License-Identifier: Apache-2.0
//! slurmctld's agent after a clean and after an unclean end.

use std::path::Path;

use slurmha_core::layout::{LAST_STOP, STATE_SAVE_LOCATION, TAKEOVER_REPORT};

use super::super::{Agent, Status};
use super::machine::Machine;

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
    assert!(note_after(&Machine::with("active")).starts_with("stopped"));
    for state in ["inactive", "failed"] {
        assert_eq!(note_after(&Machine::with(state)), "", "it was not running: {state}");
    }
    let killed = Machine { stop: "deactivating", ..Machine::with("active") };
    assert_eq!(note_after(&killed), "");
    let crashed = Machine { stop: "failed", ..Machine::with("active") };
    assert_eq!(note_after(&crashed), "");
}
