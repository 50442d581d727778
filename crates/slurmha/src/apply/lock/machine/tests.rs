// SPDX-License-Identifier: Apache-2.0
//! The machine's end of the lock, on a file of the test's own.

use std::path::PathBuf;

use super::*;

fn directory() -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("apply.lock");
    (directory, path)
}

fn asks(path: &Path, name: &Name, again: bool) -> Result<File, Refusal> {
    let noon = "2026-03-04T12:00:00Z".parse().expect("a time");
    lock(path, &Asked { name: name.clone(), again }, noon).expect("a file")
}

/// Somebody takes the lock and lets go.
fn had(path: &Path, name: &Name) {
    drop(asks(path, name, false).expect("the lock"));
}

fn bob() -> Name {
    Name::new("an apply by bob@desk, process 9", &[1])
}

fn anna() -> Name {
    Name::new("an apply by anna@admin, process 7", &[2])
}

const ANNA: &str = "an apply by anna@admin, process 7, begun 2026-03-04 12:00:00 UTC";

/// As `flock /run/slurmha/apply.lock` of util-linux.
fn nameless(path: &Path) -> File {
    let file = File::open(path).expect("the lock file");
    flock(&file, FlockOperation::NonBlockingLockExclusive).expect("the lock");
    file
}

#[test]
fn nobody_in_between_and_it_goes_on() {
    let (_directory, path) = directory();
    for again in [false, true, true] {
        let held = asks(&path, &bob(), again).expect("the lock");
        assert!(asks(&path, &anna(), false).is_err(), "two have it");
        drop(held);
    }
}

#[test]
fn who_came_and_went_in_between_is_seen() {
    let (_directory, path) = directory();
    had(&path, &bob());
    had(&path, &anna());
    for _ in 0..2 {
        let refusal = asks(&path, &bob(), true).expect_err("anna had it");
        assert_eq!(refusal, Refusal::Meanwhile(ANNA.to_owned()));
    }
    // Who begins anew looks at the machines anew.
    asks(&path, &bob(), false).expect("the lock");
}

#[test]
fn the_next_run_of_the_same_person_is_somebody_else() {
    let (_directory, path) = directory();
    let again = Name::new("an apply by bob@desk, process 9", &[3]);
    had(&path, &bob());
    had(&path, &again);
    assert!(matches!(asks(&path, &bob(), true), Err(Refusal::Meanwhile(_))));
}

#[test]
fn a_version_that_leaves_no_id_is_somebody_else() {
    let (_directory, path) = directory();
    fs::write(&path, "an apply by anna@admin, process 7").expect("written");
    let refusal = asks(&path, &bob(), true).expect_err("anna had it");
    assert_eq!(refusal, Refusal::Meanwhile("an apply by anna@admin, process 7".to_owned()));
}

#[test]
fn after_a_restart_of_the_machine_nobody_is_known() {
    let (_directory, path) = directory();
    had(&path, &bob());
    fs::remove_file(&path).expect("/run is empty");
    asks(&path, &bob(), true).expect("the lock");
}

#[test]
fn who_has_it_keeps_out_whoever_asks() {
    let (_directory, path) = directory();
    let _held = asks(&path, &anna(), false);
    for again in [false, true] {
        let refusal = asks(&path, &bob(), again).expect_err("anna has it");
        assert_eq!(refusal, Refusal::Taken(ANNA.to_owned()));
    }
}

#[test]
fn a_program_that_leaves_no_name_keeps_us_out_and_nothing_more() {
    let (_directory, path) = directory();
    fs::write(&path, "").expect("written");
    let other = nameless(&path);
    let refusal = asks(&path, &bob(), false).expect_err("somebody has it");
    assert_eq!(refusal, Refusal::Taken("somebody".to_owned()));
    drop(other);
    had(&path, &bob());
    let other = nameless(&path);
    assert!(matches!(asks(&path, &bob(), true), Err(Refusal::Taken(_))));
    drop(other);
    asks(&path, &bob(), true).expect("the lock");
}

/// A user of the controller who can open it could keep everybody out.
#[test]
fn nobody_else_can_open_it() {
    let (_directory, path) = directory();
    let mode = |path: &Path| fs::metadata(path).expect("a file").permissions().mode() & 0o777;
    had(&path, &bob());
    assert_eq!(mode(&path), 0o600);
    fs::set_permissions(&path, Permissions::from_mode(0o644)).expect("as flock(1) makes it");
    had(&path, &anna());
    assert_eq!(mode(&path), 0o600);
}

#[test]
fn a_long_name_is_replaced_by_a_short_one() {
    let (_directory, path) = directory();
    fs::write(&path, [0xff; 1 << 20]).expect("written");
    let Err(Refusal::Meanwhile(who)) = asks(&path, &bob(), true) else { panic!("not ours") };
    assert!(who.chars().count() < 300, "{} characters", who.chars().count());
    had(&path, &anna());
    assert_eq!(fs::read_to_string(&path).expect("a name"), format!("{ANNA}\n02\n"));
}

#[test]
fn what_is_said_is_understood() {
    for refusal in [Refusal::Taken("a".to_owned()), Refusal::Meanwhile("b".to_owned())] {
        assert_eq!(answer(&refusal.to_string()), Some(Err(refusal)));
    }
    assert_eq!(answer(HELD), Some(Ok(())));
    for greeting in ["Welcome", "held by nobody", ""] {
        assert_eq!(answer(greeting), None, "{greeting}");
    }
}

#[test]
fn a_silence_ends_it_and_so_does_the_end() {
    // Somebody who is connected and says nothing.
    let (_connected, told) = mpsc::channel();
    await_end(&told, Duration::from_millis(20));
    // Somebody who says something and hangs up.
    await_end(&heard(&b"\n\n"[..]), Duration::from_secs(3600));
}
