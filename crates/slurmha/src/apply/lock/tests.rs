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
