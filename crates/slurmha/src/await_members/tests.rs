// SPDX-License-Identifier: Apache-2.0
//! Corosync forms a ring while the arbiter waits.

use slurmha_host::{Command, CommandOutput, Exit};

use super::*;
use crate::agent::test_machine::TestMachine;

const TOKEN: Duration = Duration::from_secs(3);

/// What corosync-quorumtool and corosync-cmapctl print at the look of that number, counted
/// from 0, or nothing.
type Print = fn(usize) -> Option<String>;

fn machine(quorum: Print, stats: Print) -> TestMachine {
    TestMachine::with(|machine| {
        let looks = std::sync::atomic::AtomicUsize::new(0);
        machine.program = Box::new(move |command: &Command| {
            let look = looks.fetch_add(1, std::sync::atomic::Ordering::Relaxed) / 2;
            let text = match command.program() {
                "corosync-quorumtool" => quorum(look),
                "corosync-cmapctl" => stats(look),
                program => panic!("nobody should run {program}"),
            };
            let status = if text.is_some() { 0 } else { 1 };
            let text = text.unwrap_or_default().into_bytes();
            Some(CommandOutput::new(command, Exit::Status(status), text, Vec::new()))
        });
    })
}

macro_rules! printed {
    ($name:literal) => {
        include_str!(concat!("../../../core/tests/fixtures/observe/", $name))
    };
}

fn votes(count: u32) -> Option<String> {
    let all = printed!("quorumtool-all-votes.txt");
    Some(all.replace("Total votes:      3", &format!("Total votes:      {count}")))
}

fn links(text: &str) -> Option<String> {
    Some(format!("{text}stats.srp.operational_token_lost (u64) = 0\n"))
}

fn connected(_: usize) -> Option<String> {
    links(printed!("knet-connected.txt"))
}

fn nobody(_: usize) -> Option<String> {
    links(printed!("knet-peer-gone.txt"))
}

#[test]
fn the_arbiter_waits_until_both_are_members() {
    let machine = machine(|look| votes(if look < 8 { 1 } else { 2 }), connected);
    assert_eq!(wait(&machine, TOKEN), Go::Members);
    assert_eq!(machine.elapsed(), PAUSE * 8);
}

#[test]
fn a_controller_that_is_alone_goes_on_after_a_token() {
    assert_eq!(wait(&machine(|_| votes(1), nobody), TOKEN), Go::Alone);
    let machine = machine(|_| votes(1), nobody);
    wait(&machine, TOKEN);
    assert_eq!(machine.elapsed(), TOKEN);
}

#[test]
fn a_corosync_that_says_nothing_is_not_waited_for_for_ever() {
    let machine = machine(|_| None, |_| None);
    assert_eq!(wait(&machine, TOKEN), Go::Late);
    assert_eq!(machine.elapsed(), TOKEN * 10);
}
