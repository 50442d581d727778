// SPDX-License-Identifier: Apache-2.0
//! Repairs on a real file system, in a directory of their own.

use std::fs;
use std::path::Path;

use slurmha_host::Local;
use tempfile::TempDir;

use super::*;

/// A state directory with a table whose next id is 100.
struct State {
    directory: TempDir,
}

impl State {
    fn new() -> Self {
        let state = Self { directory: TempDir::new().unwrap() };
        fs::create_dir(state.places().state).unwrap();
        fs::write(state.table(), table()).unwrap();
        state
    }

    fn places(&self) -> Places {
        Places {
            state: self.directory.path().join("slurmctld"),
            takeovers: self.directory.path().join("takeovers"),
            machine: "ctl2".to_owned(),
        }
    }

    fn table(&self) -> PathBuf {
        self.places().state.join("job_state")
    }

    fn job(&self, id: u32, script: &str, environment: &[u8]) -> PathBuf {
        let path = self.places().state.join(format!("hash.{}/job.{id}", id % 10));
        fs::create_dir_all(&path).unwrap();
        fs::write(path.join("script"), script).unwrap();
        fs::write(path.join("environment"), environment).unwrap();
        path
    }

    fn repair(&self) -> Takeover {
        repair(&Local::new(), &self.places()).unwrap().unwrap()
    }

    fn next_id(&self) -> u32 {
        JobStateHeader::parse(&fs::read(self.table()).unwrap()).unwrap().next_id
    }
}

fn table() -> Vec<u8> {
    let mut table = vec![0, 0, 0, 17];
    table.extend(b"PROTOCOL_VERSION\0");
    table.extend(9728u16.to_be_bytes());
    table.extend(1_764_000_000u64.to_be_bytes());
    table.extend(100u32.to_be_bytes());
    table.extend(b"jobs");
    table
}

fn content(path: &Path) -> String {
    String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned()
}

#[test]
fn a_volume_without_a_table_has_nothing_to_repair() {
    let state = State::new();
    fs::remove_file(state.table()).unwrap();
    assert!(repair(&Local::new(), &state.places()).unwrap().is_none());
}

#[test]
fn intact_jobs_are_left_alone_and_ids_are_raised_all_the_same() {
    let state = State::new();
    let job = state.job(42, "#!/bin/sh\n\0", b"\x01\0\0\0A=1\0");
    let takeover = state.repair();
    assert_eq!(content(&job.join("script")), "#!/bin/sh\n\0");
    assert_eq!((takeover.repaired.len(), takeover.kept_in), (0, None));
    assert!(state.next_id() > 100 + 8 * 2000, "more than can have been given out unsaved");
    assert_eq!(takeover.raised_id, Some(state.next_id()));
    assert_eq!(takeover.next_id, Some(100));
    assert!(!state.places().takeovers.exists());
}

#[test]
fn a_job_without_its_script_or_environment_gets_a_placeholder_and_keeps_the_rest() {
    let state = State::new();
    let script = state.job(42, "", b"\x01\0\0\0A=1\0");
    let environment = state.job(43, "#!/bin/sh\n\0", b"");
    let takeover = state.repair();
    let files: Vec<_> = takeover.repaired.iter().map(|job| (job.id, job.file.as_str())).collect();
    assert_eq!(files, [(42, "script"), (43, "environment")]);
    for job in [script, environment] {
        assert!(content(&job.join("script")).contains("Submit it again"));
        assert!(content(&job.join("environment")).ends_with("PATH=/bin:/sbin\0"));
    }
    let kept = PathBuf::from(takeover.kept_in.unwrap());
    assert_eq!(content(&kept.join("job.43/script")), "#!/bin/sh\n\0");
}

#[test]
fn a_job_that_the_table_cannot_know_is_copied_aside_and_its_id_not_given_again() {
    let state = State::new();
    let path = state.job(50_000, "echo secret\0", b"\x01\0\0\0A=1\0");
    let takeover = state.repair();
    assert_eq!(takeover.known_by_directory, [50_000]);
    assert!(state.next_id() > 50_000);
    let kept = PathBuf::from(takeover.kept_in.unwrap()).join("job.50000/script");
    assert_eq!(content(&kept), "echo secret\0");
    assert_eq!(Local::new().metadata(&kept).unwrap().unwrap().ids.mode, 0o600);
    assert!(path.exists(), "removing it is left to slurmctld");
}

#[test]
fn a_damaged_table_is_refused_and_left_as_it_is() {
    let state = State::new();
    fs::write(state.table(), b"this is no table at all").unwrap();
    let refusal = repair(&Local::new(), &state.places()).unwrap_err().to_string();
    assert!(refusal.contains("never with -i"), "{refusal}");
    assert_eq!(content(&state.table()), "this is no table at all");
}

#[test]
fn the_older_table_counts_when_slurmctld_would_take_it() {
    let state = State::new();
    fs::rename(state.table(), state.places().state.join("job_state.old")).unwrap();
    fs::write(state.table(), b"").unwrap();
    let takeover = state.repair();
    assert_eq!(takeover.next_id, Some(100));
    assert_eq!(content(&state.table()), "", "slurmctld still takes the older one");
}

#[test]
fn only_the_newest_copies_are_kept() {
    let state = State::new();
    for number in 0..KEPT {
        fs::create_dir_all(state.places().takeovers.join(format!("2020010{number}T000000Z")))
            .unwrap();
    }
    state.job(50_000, "x\0", b"\x01\0\0\0A=1\0");
    let takeover = state.repair();
    assert_eq!(fs::read_dir(state.places().takeovers).unwrap().count(), KEPT);
    assert!(Path::new(&takeover.kept_in.unwrap()).exists());
    assert!(!state.places().takeovers.join("20200100T000000Z").exists());
}

#[test]
fn a_table_saved_by_a_clock_that_is_ahead_is_no_age_below_zero() {
    let now = Timestamp::UNIX_EPOCH;
    assert_eq!(age(now, now + jiff::SignedDuration::from_secs(5)), 0.0);
    assert_eq!(age(now + jiff::SignedDuration::from_secs(5), now), 5.0);
}
