// SPDX-License-Identifier: Apache-2.0
//! The administrator's end of the lock, against a controller that is made up.

use std::path::Path;
use std::thread;
use std::time::Duration;

use slurmha_core::site;

use super::*;
use crate::test_fleet::fleet;

const LAB: &str = include_str!("../../../../../examples/lab/site.toml");

fn site() -> Site {
    site::parse("site.toml", LAB).expect("a valid site file").0
}

fn comes_to_be(path: &Path) -> bool {
    (0..200).any(|_| {
        thread::sleep(Duration::from_millis(50));
        path.exists()
    })
}

#[test]
fn it_is_held_until_it_is_dropped() {
    let script = "case \"$*\" in *\"ctl1 \"*hold-lock*) read who; echo \"$who\" >who; echo held; \
                  cat >/dev/null; echo >gone;; esac";
    let (directory, fleet) = fleet(script);
    let (who, gone) = (directory.path().join("who"), directory.path().join("gone"));
    let lock = reach_and_take(&fleet, &site(), "a revocation of bob").expect("the lock");
    let who = std::fs::read_to_string(who).expect("who asked");
    assert!(who.starts_with("a revocation of bob by "), "{who}");
    assert!(!gone.exists());
    drop(lock);
    assert!(comes_to_be(&gone), "the process that holds it goes on");
}

#[test]
fn the_second_is_refused_and_told_who_the_first_is() {
    let (_directory, fleet) = fleet("read who; echo 'taken by an apply by anna@admin, process 7'");
    let failure = reach_and_take(&fleet, &site(), "an apply").err().expect("a refusal");
    assert!(failure.is_refusal());
    assert_eq!(failure.message(), "something else is at work: an apply by anna@admin, process 7");
}

#[test]
fn a_connection_that_breaks_is_no_refusal() {
    let (_directory, fleet) = fleet("read who; echo 'Connection closed' >&2; exit 255");
    let failure = reach_and_take(&fleet, &site(), "an apply").err().expect("a failure");
    assert!(!failure.is_refusal());
    assert!(failure.message().contains("ctl1"), "{}", failure.message());
}

#[test]
fn the_holder_hears_that_we_are_here() {
    let (directory, fleet) = fleet("read who; echo held; read beat && echo >heard; cat >/dev/null");
    let beat = Duration::from_millis(20);
    let _lock = take_beating(&fleet, &site(), "an apply", beat).expect("the lock");
    assert!(comes_to_be(&directory.path().join("heard")), "nothing was said");
}

#[test]
fn a_silence_ends_it_and_so_does_the_end() {
    // Somebody who is connected and says nothing.
    let (_connected, told) = mpsc::channel();
    await_end(&told, Duration::from_millis(20));
    // Somebody who says something and hangs up.
    await_end(&heard(&b"\n\n"[..]), Duration::from_secs(3600));
}

/// The first holder ends by itself once it has told; what the next one says is `next`.
fn lost(next: &str) -> (tempfile::TempDir, Fleet, Lock) {
    let script = format!("read who; [ -e once ] && {{ {next} ; }}; echo >once; echo held");
    let (directory, fleet) = fleet(&script);
    let lock = take(&fleet, &site(), "an apply").expect("the lock");
    assert!((0..200).any(|_| {
        thread::sleep(Duration::from_millis(50));
        lock.is_lost.load(Ordering::SeqCst)
    }));
    (directory, fleet, lock)
}

#[test]
fn a_lost_lock_is_taken_again_unless_somebody_else_has_it() {
    let (_directory, fleet, mut lock) = lost("echo held; cat >/dev/null; exit");
    lock.renew(&fleet, &site(), "an apply").expect("nobody else wants it");
    let (_directory, fleet, mut lock) = lost("echo 'taken by a switchover by anna'; exit");
    let failure = lock.renew(&fleet, &site(), "an apply").expect_err("anna has it");
    assert!(failure.is_refusal());
}
