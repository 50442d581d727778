// SPDX-License-Identifier: Apache-2.0

use std::os::unix::process::CommandExt;
use std::process::Child;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

/// Ctrl-C once the wait has been told of.
#[derive(Default)]
struct Impatient(AtomicUsize);

impl Progress for Impatient {
    fn step(&self, _: Option<&str>, _: &str) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    fn cancelled(&self) -> bool {
        self.0.load(Ordering::SeqCst) > 0
    }
}

#[test]
fn who_waits_for_anothers_build_can_be_interrupted() {
    let directory = tempfile::tempdir().unwrap();
    let guard = directory.path().join("lock");
    let held = take_turn(&guard, &Silent).unwrap();
    let error = take_turn(&guard, &Impatient::default()).unwrap_err();
    assert!(matches!(error, Error::Interrupted), "{error}");
    drop(held);
    take_turn(&guard, &Impatient::default()).unwrap();
}

#[test]
fn the_wait_for_anothers_build_ends_with_it() {
    let directory = tempfile::tempdir().unwrap();
    let guard = directory.path().join("lock");
    let held = take_turn(&guard, &Silent).unwrap();
    thread::scope(|scope| {
        let waiting = scope.spawn(|| take_turn(&guard, &Silent));
        drop(held);
        waiting.join().unwrap().unwrap();
    });
}

/// A build in that cache whose starter is gone: `sh` with that trap for SIGTERM, as the
/// leader of a group that has set the trap.
fn orphan(cache: &Path, trap: &str) -> Child {
    let work = cache.join("0123.building");
    private_directory(&work).unwrap();
    let script = format!("trap '{trap}' TERM; >ready; while :; do sleep 0.01; done");
    let mut command = program::command("sh");
    command.args(["-c", &script, "sh"]).arg(work.join("root.tar")).current_dir(&work);
    let child = command.process_group(0).spawn().unwrap();
    while !work.join("ready").exists() {
        thread::sleep(Duration::from_millis(1));
    }
    child
}

#[test]
fn a_build_that_was_left_alone_can_clean_up() {
    let cache = tempfile::tempdir().unwrap();
    let mut child = orphan(cache.path(), "rm ready; exit 1");
    end_builds(cache.path(), CLEANUP_LIMIT).unwrap();
    assert!(!cache.path().join("0123.building/ready").exists());
    assert_eq!(child.wait().unwrap().code(), Some(1));
}

#[test]
fn a_build_that_does_not_listen_is_killed() {
    let cache = tempfile::tempdir().unwrap();
    let mut child = orphan(cache.path(), ":");
    end_builds(cache.path(), Duration::from_millis(100)).unwrap();
    assert_eq!(child.wait().unwrap().code(), None, "ended by a signal");
}

#[test]
fn only_a_build_in_this_cache_is_one() {
    let is = |text: &str| {
        let arguments: Vec<_> = text.split(' ').map(str::to_owned).collect();
        is_build(Path::new("/c/images"), &arguments)
    };
    assert!(is("mmdebstrap --format=tar bookworm /c/images/0123.building/root.tar"));
    assert!(!is("mmdebstrap bookworm /d/images/0123.building/root.tar"));
    assert!(!is("qemu-system-x86_64 -kernel /c/images/0123/kernel"));
}

/// Who has no right to a user name space builds no image either.
fn can_work_as_root() -> bool {
    program::run(as_root().arg("true"), Duration::from_secs(10), &Silent).is_ok()
}

#[test]
fn what_a_killed_build_left_is_removed_also_outside_of_the_cache() {
    if !can_work_as_root() {
        return;
    }
    let cache = tempfile::tempdir().unwrap();
    let work = cache.path().join("0123.building");
    private_directory(&work).unwrap();
    let outside = name_outside(&work).unwrap();
    make_directory(&outside.join("scratch"), 0o1777).unwrap();
    private_directory(&cache.path().join("0123")).unwrap();
    clear(cache.path(), &Silent).unwrap();
    assert!(!work.exists() && !outside.exists());
    assert!(cache.path().join("0123").exists(), "a finished image stays");
}

#[test]
fn a_build_without_an_unfinished_one_before_it_says_nothing() {
    let cache = tempfile::tempdir().unwrap();
    let said = Impatient::default();
    clear(cache.path(), &said).unwrap();
    assert!(!said.cancelled());
}
