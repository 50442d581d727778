// SPDX-License-Identifier: Apache-2.0
//! A machine was fenced; the other one has a note of it.

use slurmha_host::{Command, CommandOutput, Exit};

use super::*;
use crate::agent::test_machine::TestMachine;

const GONE: &str = r#"<node_state in_ccm="false" crmd="offline" join="down" expected="down"/>"#;
const BACK: &str =
    r#"<node_state in_ccm="true" crmd="online" join="member" expected="member"/><lrm/>"#;

/// ctl1 serves; of ctl2 the CIB and the fencer's history say this, and the
/// fencer's attempts to switch it on end with this status.
fn machine(state: &'static str, client: &'static str, status: i32) -> TestMachine {
    let machine = TestMachine::with(|machine| {
        machine.program = Box::new(move |command: &Command| {
            let (status, text) = match command.program() {
                "cibadmin" => {
                    (0, format!(r#"<xpath-query><cib have-quorum="1"/>{state}</xpath-query>"#))
                }
                "stonith_admin" if command.arguments()[0] == "--history" => (0, history(client)),
                "stonith_admin" => (status, String::new()),
                _ => return None,
            };
            Some(CommandOutput::new(command, Exit::Status(status), text.into(), Vec::new()))
        });
    });
    machine.listen_as_slurmctld();
    note(&machine, false);
    machine
}

fn history(client: &str) -> String {
    format!(
        r#"<pacemaker-result><list><fence_event action="off" target="ctl2" client="{client}"
        status="success" delegate="ctl1" completed="2026-11-25 07:51:19Z"/></list>
        <status code="0"/></pacemaker-result>"#
    )
}

/// What the fencer remembers is replaced, or it does not answer.
fn fencer(machine: &mut TestMachine, answer: Option<String>) {
    let others = std::mem::replace(&mut machine.program, Box::new(|_| None));
    machine.program = Box::new(move |command: &Command| {
        if command.program() != "stonith_admin" || command.arguments()[0] != "--history" {
            return others(command);
        }
        let (status, text) = answer.clone().map_or((102, String::new()), |text| (0, text));
        Some(CommandOutput::new(command, Exit::Status(status), text.into(), Vec::new()))
    });
}

fn note(machine: &TestMachine, requested: bool) {
    let note = Note { fenced: machine.now(), requested };
    note.leave(machine, "ctl2").expect("a file in memory");
}

fn attempts(machine: &TestMachine) -> Vec<String> {
    machine.ran("stonith_admin --unfence")
}

#[test]
fn it_is_switched_on_a_minute_later_and_that_is_remembered() {
    let machine = machine(GONE, "pacemaker-controld.814", 0);
    assert_eq!(see_to(&machine, "ctl2"), "switched on");
    assert_eq!(machine.elapsed(), Duration::from_secs(60));
    assert_eq!(attempts(&machine), ["stonith_admin --unfence ctl2 --timeout 60"]);
    assert_eq!(times(&machine), [machine.now()]);
    for _ in 0..2 {
        assert_eq!(see_to(&machine, "ctl2"), "switched on");
    }
    let said = see_to(&machine, "ctl2");
    assert!(said.contains("switched on 3 times within 60 minutes"), "{said}");
    assert_eq!(attempts(&machine).len(), 3);
}

#[test]
fn one_that_is_back_or_that_a_person_fenced_is_left_alone() {
    let back = machine(BACK, "pacemaker-controld.814", 0);
    assert_eq!(see_to(&back, "ctl2"), "nothing to do: it is back");
    let by_hand = machine(GONE, "stonith_admin.2211", 0);
    assert!(see_to(&by_hand, "ctl2").contains("a person had it fenced"));
    assert_eq!(attempts(&by_hand), [""; 0]);
    // The handler asks by the same command.
    note(&by_hand, true);
    assert_eq!(see_to(&by_hand, "ctl2"), "switched on");
}

/// The handler's own fence has failed, and somebody went there and pulled the plug.
#[test]
fn what_a_person_confirmed_is_left_alone_also_when_the_handler_had_asked() {
    let mut machine = machine(GONE, "stonith_admin.2211", 0);
    let confirmed = history("stonith_admin.2211").replace("\"ctl1\"", "\"a human\"");
    fencer(&mut machine, Some(confirmed));
    note(&machine, true);
    assert!(see_to(&machine, "ctl2").contains("a person had it fenced"));
    assert_eq!(attempts(&machine), [""; 0]);
}

#[test]
fn who_had_it_fenced_is_not_guessed() {
    let mut machine = machine(GONE, "stonith_admin.2211", 0);
    fencer(&mut machine, None);
    let said = see_to(&machine, "ctl2");
    assert!(said.starts_with("nothing to do: who had it fenced is not known"), "{said}");
    assert_eq!(attempts(&machine), [""; 0]);
}

#[test]
fn a_bmc_that_refuses_is_tried_again_and_what_to_type_is_said() {
    let machine = machine(GONE, "pacemaker-controld.814", 1);
    let said = see_to(&machine, "ctl2");
    assert!(said.ends_with("; stonith_admin --unfence ctl2"), "{said}");
    assert_eq!(attempts(&machine).len(), ATTEMPTS);
}

#[test]
fn a_note_that_cannot_be_read_counts_from_now() {
    let machine = machine(GONE, "pacemaker-controld.814", 0);
    machine.put("/run/slurmha/fenced/ctl2", "{");
    assert_eq!(see_to(&machine, "ctl2"), "switched on");
}
