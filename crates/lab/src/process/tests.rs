// SPDX-License-Identifier: Apache-2.0

use std::process::Child;
use std::thread;

use super::*;

fn sleeper() -> Child {
    crate::program::command("sleep").arg("1000").spawn().unwrap()
}

#[test]
fn arguments_are_split_at_zero_bytes() {
    assert_eq!(split_arguments(b"a\0\0b c\0"), ["a", "", "b c"]);
    assert!(split_arguments(b"").is_empty());
}

#[test]
fn a_process_that_is_not_the_one_that_is_meant_is_left_alone() {
    let mut child = sleeper();
    let wrong = |arguments: &[String]| arguments.iter().any(|a| a == "-name");
    kill(child.id(), "a test", wrong, Duration::from_secs(1)).unwrap();
    assert!(child.try_wait().unwrap().is_none());
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_killed_process_is_gone_even_while_nobody_has_asked_for_its_status() {
    let mut child = sleeper();
    let pid = child.id();
    // Between fork and exec the arguments are still the parent's.
    while !is(pid, |arguments| arguments[0].ends_with("sleep")) {
        thread::sleep(Duration::from_millis(1));
    }
    kill(pid, "a test", |arguments| arguments[0].ends_with("sleep"), Duration::from_secs(5))
        .unwrap();
    assert!(!is(pid, |_| true), "a zombie counts as gone");
    assert!(!is_dying(pid, "sleep"), "and has nothing left to wait for");
    kill(pid, "a test", |_| true, Duration::from_secs(1)).unwrap();
    child.wait().unwrap();
}
