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
    let asked = std::fs::read_to_string(who).expect("who asked");
    assert!(asked.contains("\"a revocation of bob by "), "{asked}");
    assert!(asked.contains("\"again\":false"), "{asked}");
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

/// Of root's .bashrc, which bash reads for `ssh HOST COMMAND`, too.
#[test]
fn what_a_login_shell_prints_is_passed_over() {
    let greeting = "read who; echo 'Welcome to ctl1'; echo; echo 'held by nobody'";
    let (directory, free) = fleet(&format!("{greeting}; echo held; cat >/dev/null; echo >gone"));
    drop(reach_and_take(&free, &site(), "an apply").expect("the lock"));
    assert!(comes_to_be(&directory.path().join("gone")), "the process that holds it goes on");
    let (_directory, taken) = fleet(&format!("{greeting}; echo 'taken by anna'"));
    let failure = reach_and_take(&taken, &site(), "an apply").err().expect("a refusal");
    assert_eq!(failure.message(), "something else is at work: anna");
}

#[test]
fn a_machine_that_only_prints_has_not_given_the_lock() {
    let (_directory, fleet) = fleet("read who; echo 'this account is closed'");
    let failure = reach_and_take(&fleet, &site(), "an apply").err().expect("a failure");
    assert!(!failure.is_refusal());
    let message = failure.message();
    assert!(message.starts_with("ctl1 did not answer about /run/slurmha/apply.lock"), "{message}");
    assert!(message.ends_with("printed: this account is closed"), "{message}");
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
    lock.renew(&fleet, &site()).expect("nobody else wants it");
    let (_directory, fleet, mut lock) = lost("echo 'taken by a switchover by anna'; exit");
    let failure = lock.renew(&fleet, &site()).expect_err("anna has it");
    assert!(failure.is_refusal());
}

#[test]
fn a_lost_lock_is_asked_for_by_the_same_name() {
    let (directory, fleet, mut lock) =
        lost("echo \"$who\" >again; echo held; cat >/dev/null; exit");
    let id = serde_json::to_value(&lock.name).expect("JSON");
    lock.renew(&fleet, &site()).expect("nobody else wants it");
    let asked = std::fs::read(directory.path().join("again")).expect("who asked again");
    let asked: serde_json::Value = serde_json::from_slice(&asked).expect("JSON");
    assert_eq!(asked, serde_json::json!({ "name": id, "again": true }));
    // Also the next time.
    assert_eq!(serde_json::to_value(&lock.name).expect("JSON"), id);
}

#[test]
fn who_had_the_lock_meanwhile_is_told_and_what_to_do() {
    let anna = "an apply by anna@admin, process 7, begun 2026-03-04 12:00:00 UTC";
    let (_directory, fleet, mut lock) = lost(&format!("echo 'meanwhile had by {anna}'; exit"));
    let outcome = lock.renew(&fleet, &site()).expect_err("anna had it").outcome();
    assert_eq!(outcome.code, 5);
    let message = format!("somebody else has changed the machines meanwhile ({anna})");
    assert_eq!(outcome.text, message);
    assert!(outcome.next.iter().any(|hint| hint.contains("`slurmha plan`")), "{:?}", outcome.next);
}
