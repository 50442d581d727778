// SPDX-License-Identifier: Apache-2.0
//! Repairs on a real file system, in a directory of their own.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use slurmha_core::state_save::FailedStart;
use slurmha_host::Local;
use tempfile::TempDir;

use super::*;

const TIME: Duration = Duration::from_secs(60);

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
            // Whatever room the machine has on which this is tested.
            reserve: u64::MAX,
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
        self.repair_after(&LastStop::default())
    }

    fn repair_after(&self, last: &LastStop) -> Takeover {
        repair(&Local::new(), &self.places(), last, TIME).unwrap().unwrap()
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
    assert!(repair(&Local::new(), &state.places(), &LastStop::default(), TIME).unwrap().is_none());
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

/// A reconfiguration had set the ids back, and nobody has submitted since.
#[test]
fn a_job_that_was_there_before_the_save_is_not_lost() {
    let state = State::new();
    let path = state.job(50_000, "", b"\x01\0\0\0A=1\0");
    let before = std::time::UNIX_EPOCH + Duration::from_secs(1_763_999_990);
    fs::File::open(&path).unwrap().set_modified(before).unwrap();
    let takeover = state.repair();
    assert_eq!(takeover.known_by_directory, [0; 0]);
    assert_eq!(takeover.repaired[0].id, 50_000, "slurmctld would end at its script");
    assert!(state.next_id() > 50_000, "it has its id");
}

#[test]
fn a_job_that_the_table_cannot_know_is_copied_aside_and_its_id_not_given_again() {
    let state = State::new();
    let path = state.job(50_000, "echo secret\0", b"\x01\0\0\0A=1\0");
    let takeover = state.repair();
    assert_eq!(takeover.known_by_directory, [50_000]);
    assert!(state.next_id() > 50_000);
    let kept = PathBuf::from(takeover.kept_in.unwrap());
    assert_eq!(fs::metadata(&kept).unwrap().permissions().mode() & 0o777, 0o700);
    let script = kept.join("job.50000/script");
    assert_eq!(fs::metadata(&script).unwrap().nlink(), 2, "it takes no space");
    assert!(path.exists(), "removing it is left to slurmctld");
    fs::remove_dir_all(path).unwrap();
    assert_eq!(content(&script), "echo secret\0");
}

#[test]
fn thousands_of_jobs_are_kept() {
    let state = State::new();
    for id in 1000..2200 {
        state.job(id, "x\0", b"\x01\0\0\0A=1\0");
    }
    let takeover = state.repair();
    assert_eq!(takeover.troubles, [""; 0]);
    assert_eq!(fs::read_dir(takeover.kept_in.unwrap()).unwrap().count(), 1200);
}

#[test]
fn a_volume_that_is_nearly_full_is_left_to_slurmctld() {
    let state = State::new();
    state.job(50_000, "x\0", b"\x01\0\0\0A=1\0");
    // No volume is as free as this wants it.
    let places = Places { reserve: 1, ..state.places() };
    let takeover = repair(&Local::new(), &places, &LastStop::default(), TIME).unwrap().unwrap();
    let trouble = takeover.troubles.join("\n");
    assert!(trouble.contains("1 jobs were not kept: the volume is nearly full"), "{trouble}");
    assert_eq!(takeover.known_by_directory, [50_000]);
}

#[test]
fn what_there_is_no_time_for_is_told() {
    let state = State::new();
    state.job(50_000, "x\0", b"\x01\0\0\0A=1\0");
    let damaged = state.job(42, "", b"\x01\0\0\0A=1\0");
    let last = LastStop::default();
    let takeover = repair(&Local::new(), &state.places(), &last, Duration::ZERO).unwrap().unwrap();
    let trouble = takeover.troubles.join("\n");
    assert!(trouble.starts_with("the files of up to 2 jobs were not kept"), "{trouble}");
    assert!(content(&damaged.join("script")).contains("Submit it again"));
    assert_eq!(takeover.raised_id, Some(state.next_id()));
}

/// Started twice: the first slurmctld removes what the table does not know,
/// and ends.
#[test]
fn a_start_that_failed_is_gone_on_with() {
    let state = State::new();
    let lost = state.job(150, "", b"");
    state.job(151, "", b"");
    let first = state.repair();
    assert_eq!((first.known_by_directory.as_slice(), first.repaired.len()), (&[150, 151][..], 0));
    fs::remove_dir_all(lost).unwrap();
    let table = JobStateHeader::parse(&fs::read(state.table()).unwrap()).unwrap();
    let failed = FailedStart::new(&table, Duration::from_millis(80));
    let note = LastStop::failed("ctl1", Timestamp::UNIX_EPOCH, failed, Some(&first));
    let second = state.repair_after(&LastStop::parse(Some(note.as_bytes())));
    let raised = first.raised_id.unwrap() + 1000;
    assert_eq!(state.next_id(), raised);
    // JSON does not keep the last digit of a number.
    let age = second.saved_state_age_s;
    assert!(age.zip(first.saved_state_age_s).is_some_and(|(age, was)| (age - was).abs() < 1e-3));
    assert_eq!(second, Takeover { raised_id: Some(raised), saved_state_age_s: age, ..first });
}

#[test]
fn a_damaged_table_is_refused_and_left_as_it_is() {
    let state = State::new();
    fs::write(state.table(), b"this is no table at all").unwrap();
    let refusal =
        repair(&Local::new(), &state.places(), &LastStop::default(), TIME).unwrap_err().to_string();
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
