// SPDX-License-Identifier: Apache-2.0

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
