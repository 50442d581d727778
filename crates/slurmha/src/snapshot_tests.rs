// SPDX-License-Identifier: Apache-2.0
//! Snapshots on a made-up machine.

use slurmha_host::{Command, CommandOutput, Exit};

use super::*;
use crate::agent::test_machine::TestMachine;

const NEW: &str = "/var/lib/slurmha/snapshots/.new";
/// No time is needed for a snapshot's name: the machine's clock stands still.
const FIRST: &str = "/var/lib/slurmha/snapshots/19700101T000000Z";

/// A table with a header that can be read.
fn table() -> String {
    let mut table = vec![0, 0, 0, 17];
    table.extend(b"PROTOCOL_VERSION\0\x26\0");
    table.extend(0x6900_0000_u64.to_be_bytes());
    table.extend(42_u32.to_be_bytes());
    String::from_utf8(table).expect("bytes below 128")
}

fn machine(free_mib: u64, table: &str) -> TestMachine {
    let program = move |command: &Command| {
        let (status, text) = match command.program() {
            "df" => (0, format!("Avail\n{}\n", free_mib << 20)),
            "du" => (0, format!("{}\tx\n", 8 << 20)),
            "cp" | "sync" => (0, String::new()),
            _ => return None,
        };
        Some(CommandOutput::new(command, Exit::Status(status), text.into(), Vec::new()))
    };
    let table = table.to_owned();
    let machine = TestMachine::with(|machine| {
        machine.program = Box::new(program);
        machine.react = Box::new(move |machine, command| {
            if command.program() == "cp" {
                machine.put(format!("{NEW}/job_state"), &table);
            }
        });
    });
    machine.put("/srv/slurmha/state/.slurmha-volume", "{}");
    machine.put("/srv/slurmha/state/slurmctld/job_state", "");
    machine.put("/srv/slurmha/state/slurmctld/hash.2/job.42", "");
    machine
}

#[test]
fn where_the_volume_is_not_mounted_nothing_is_done() {
    let machine = TestMachine::new();
    assert_eq!(take(&machine), Ok(Taken::NotMounted));
    assert_eq!(machine.ran(""), [""; 0]);
}

/// On a new cluster the timer may be earlier than the first table; a failed unit is an alert.
#[test]
fn a_slurmctld_that_has_saved_nothing_yet_is_no_failure() {
    let machine = machine(4096, &table());
    machine.remove_file(Path::new("/srv/slurmha/state/slurmctld/job_state")).expect("it goes");
    assert_eq!(take(&machine), Ok(Taken::NothingSaved));
    assert_eq!(machine.ran("cp"), [""; 0]);
    machine.put("/srv/slurmha/state/slurmctld/job_state.old", "");
    assert_eq!(take(&machine), Ok(Taken::Copy(FIRST.into())), "it is being replaced");
}

#[test]
fn the_tables_are_copied_before_the_jobs_directories() {
    let machine = machine(4096, &table());
    assert_eq!(take(&machine), Ok(Taken::Copy(FIRST.into())));
    let copies = machine.ran("cp");
    assert_eq!(copies.len(), 2, "{copies:?}");
    assert!(copies[0].ends_with("slurmctld/job_state"), "{copies:?}");
    assert!(copies[1].ends_with("slurmctld/hash.2"), "{copies:?}");
    assert!(machine.has(&format!("{FIRST}/job_state")));
}

#[test]
fn on_a_small_disk_old_snapshots_go_for_a_new_one() {
    let old = ["20250101T000000Z", "20250101T001000Z", "20250101T002000Z"];
    let full = machine(519, &table());
    for name in old {
        full.put(format!("/var/lib/slurmha/snapshots/{name}/job_state"), "");
    }
    let why = take(&full).unwrap_err();
    assert!(why.contains("519 MiB free"), "{why}");
    let left = full.read_directory(Path::new("/var/lib/slurmha/snapshots")).expect("a list");
    assert_eq!(left, old[1..], "the newest two stay");
}

#[test]
fn a_full_disk_and_a_damaged_table_give_no_snapshot() {
    let full = machine(519, &table());
    assert!(take(&full).unwrap_err().contains("519 MiB free, and 520 MiB are wanted"));
    assert_eq!(full.ran("cp").len(), 0);
    let damaged = machine(4096, "garbage, garbage");
    assert!(take(&damaged).unwrap_err().contains("job_state is damaged"));
    assert!(!damaged.has(&format!("{NEW}/job_state")) && !damaged.has(FIRST));
}
