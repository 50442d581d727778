// SPDX-License-Identifier: Apache-2.0
//! Looks at the table beside a slurmctld that lives, dies and comes back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use slurmha_host::{Command, CommandOutput, Exit};

use super::*;
use crate::agent::Daemon;
use crate::agent::test_machine::TestMachine;

const SECOND: i64 = 0x6900_0000;

/// slurmctld's machine, and whether slurmctld answers.
fn machine() -> (TestMachine, Arc<AtomicBool>) {
    let answers = Arc::new(AtomicBool::new(true));
    let up = Arc::clone(&answers);
    let machine = TestMachine::with(|machine| {
        machine.program = Box::new(move |command| program(command, up.load(Ordering::SeqCst)));
    });
    machine.run_process(Daemon::Slurmctld, 'S', 1);
    machine.set_date(at(60));
    save(&machine, 43, 0);
    (machine, answers)
}

fn program(command: &Command, is_up: bool) -> Option<CommandOutput> {
    let arguments = command.arguments();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (status, out, err) = match (command.program(), words.as_slice()) {
        ("scontrol", ["ping"]) if is_up => (0, "Slurmctld(primary) at ctl1 is UP\n", ""),
        ("scontrol", ["ping"]) => (1, "Slurmctld(primary) at ctl1 is DOWN\n", ""),
        ("scontrol", [.., "show", "job", "7"]) => (0, "JobId=7\n", ""),
        ("scontrol", [.., "show", "job", "8"]) => (1, "", "Unable to contact slurm controller\n"),
        ("scontrol", [.., "show", "job", _]) => {
            (1, "", "slurm_load_jobs error: Invalid job id specified\n")
        }
        ("sync", _) => (0, "", ""),
        _ => return None,
    };
    Some(CommandOutput::new(command, Exit::Status(status), out.into(), err.into()))
}

/// slurmctld's table, saved so many seconds after [`SECOND`].
fn save(machine: &TestMachine, next_id: u8, seconds: i64) {
    let mut table = vec![0, 0, 0, 17];
    table.extend(b"PROTOCOL_VERSION\0\x26\0");
    table.extend((SECOND + seconds).to_be_bytes());
    table.extend(u32::from(next_id).to_be_bytes());
    let text = String::from_utf8(table).expect("bytes below 128");
    machine.put(format!("{STATE_SAVE_LOCATION}/job_state"), &text);
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(SECOND + seconds).expect("a time")
}

#[test]
fn one_sync_is_enough_for_all_that_are_saved() {
    let (machine, _) = machine();
    let mut saves = Saves::default();
    let waiting = [(41, at(3)), (42, at(3)), (43, at(3))];
    assert_eq!(saves.look(&machine, &waiting), Ok(vec![true, true, false]));
    assert_eq!(machine.ran("sync").len(), 1);
    assert_eq!(saves.look(&machine, &[(43, at(3))]), Ok(vec![false]));
    assert_eq!(machine.ran("sync").len(), 1, "nobody to tell, nothing to sync");
    save(&machine, 43, 4);
    assert_eq!(saves.look(&machine, &[(43, at(3))]), Ok(vec![true]));
    assert_eq!(machine.ran("scontrol ping").len(), 1, "asked once in its life");
}

/// Its time is later than each question's, and it knows nothing of them.
#[test]
fn a_table_that_was_saved_while_the_clock_was_ahead_is_no_proof_for_what_came_since() {
    let (machine, _) = machine();
    let mut saves = Saves::default();
    save(&machine, 43, 600);
    assert_eq!(saves.look(&machine, &[(42, at(61)), (43, at(61))]), Ok(vec![true, false]));
    // slurmctld saves some seconds after that time has come.
    machine.set_date(at(603));
    assert_eq!(saves.look(&machine, &[(43, at(61))]), Ok(vec![false]));
    save(&machine, 43, 605);
    machine.set_date(at(605));
    assert_eq!(saves.look(&machine, &[(43, at(61))]), Ok(vec![true]));
}

#[test]
fn without_a_slurmctld_that_answers_nothing_is_believed() {
    let (machine, answers) = machine();
    let mut saves = Saves::default();
    answers.store(false, Ordering::SeqCst);
    assert!(saves.look(&machine, &[(1, at(3))]).is_err());
    machine.end_process(Daemon::Slurmctld);
    answers.store(true, Ordering::SeqCst);
    assert_eq!(saves.look(&machine, &[(1, at(3))]), Err(Blind("slurmctld does not run".into())));
    assert_eq!(machine.ran("sync").len(), 0);
}

/// Between its death and its next start the ids are raised over lost jobs.
#[test]
fn a_new_slurmctld_has_to_answer_first() {
    let (machine, answers) = machine();
    let mut saves = Saves::default();
    assert_eq!(saves.look(&machine, &[(50, at(3))]), Ok(vec![false]));
    machine.end_process(Daemon::Slurmctld);
    save(&machine, 120, 0);
    assert!(saves.look(&machine, &[(50, at(3))]).is_err());
    machine.run_process(Daemon::Slurmctld, 'S', 1);
    // The same process id, begun later.
    let stat = "812 (x) S 1 1 1 0 -1 0 0 0 0 0 1 0 0 0 20 0 9 0 99 0\n";
    machine.put("/proc/812/stat", stat);
    answers.store(false, Ordering::SeqCst);
    assert!(saves.look(&machine, &[(50, at(3))]).is_err());
    answers.store(true, Ordering::SeqCst);
    assert_eq!(saves.look(&machine, &[(50, at(3))]), Ok(vec![true]));
    assert_eq!(is_known(&machine, 50).ok(), Some(false), "it was lost with the old one");
}

#[test]
fn between_two_generations_nobody_is_told() {
    let (machine, _) = machine();
    machine.remove_file(&Path::new(STATE_SAVE_LOCATION).join("job_state")).expect("removed");
    assert_eq!(Saves::default().look(&machine, &[(1, at(0))]), Ok(vec![false]));
    machine.put(format!("{STATE_SAVE_LOCATION}/job_state"), "garbage");
    assert!(Saves::default().look(&machine, &[(1, at(0))]).is_err());
}

#[test]
fn a_batch_job_has_a_directory_and_an_interactive_one_is_asked_for() {
    let (machine, _) = machine();
    machine.put(format!("{STATE_SAVE_LOCATION}/hash.2/job.42"), "");
    assert_eq!(is_known(&machine, 42).ok(), Some(true));
    assert_eq!(machine.ran("scontrol").len(), 0);
    assert_eq!(is_known(&machine, 7).ok(), Some(true));
    assert!(is_known(&machine, 8).is_err(), "no answer is not a no");
}
