// SPDX-License-Identifier: Apache-2.0
//! Units that one program enables for several steps.

use slurmha_core::plan::{Enablement, Step};

use super::steps::{TIMER, WATCH, enablement, own_unit};
use super::{Ended, Run, run, steps};
use crate::simulated::{At, Fault, How, Simulated};

/// A machine with both units, and systemd knows them.
fn machine() -> Simulated {
    let machine = steps::machine();
    let units = [WATCH, TIMER].map(|unit| Step::WriteFile(own_unit(unit)));
    let files = run(&machine, &[&units[..], &[Step::ReloadSystemd]].concat());
    assert_eq!(files.ended, Ended::Completed);
    machine
}

/// Each is enabled, and then started.
fn list(units: &[&str]) -> Vec<Step> {
    let pair = |unit: &&str| {
        let start = Step::StartUnit { unit: (*unit).to_owned() };
        [enablement(unit, Enablement::Enabled), start]
    };
    units.iter().flat_map(pair).collect()
}

fn ran(machine: &Simulated, verb: &str) -> Vec<String> {
    let words = format!("systemctl {verb} -- ");
    let units = |command: String| Some(command.split_once(&words)?.1.to_owned());
    machine.commands().into_iter().filter_map(units).collect()
}

fn is_enabled(machine: &Simulated, unit: &str) -> bool {
    machine.inventory().iter().any(|line| line.starts_with(&format!("{unit}: enabled true")))
}

fn steps_of(run: &Run, list: &[Step]) -> Vec<String> {
    run.changed().into_iter().map(|step| list[step].summary()).collect()
}

#[test]
fn what_is_enabled_in_a_row_is_enabled_by_one_program_and_told_as_before() {
    let (machine, list) = (machine(), list(&[WATCH, TIMER]));
    let first = run(&machine, &list);
    assert_eq!(first.ended, Ended::Completed, "{:?}", first.events.last());
    assert_eq!(ran(&machine, "enable"), [format!("{WATCH} {TIMER}")]);
    let all: Vec<String> = list.iter().map(Step::summary).collect();
    assert_eq!(steps_of(&first, &list), all, "each step has changed something");
    assert!(run(&machine, &list).changed().is_empty());
}

#[test]
fn a_unit_that_is_not_there_is_named_and_keeps_nobody_else_from_it() {
    let (machine, list) = (machine(), list(&[WATCH, "ghost.service", TIMER]));
    let (message, ..) = run(&machine, &list).failure();
    assert!(message.contains("ghost.service") && !message.contains(TIMER), "{message}");
    assert!(is_enabled(&machine, WATCH) && is_enabled(&machine, TIMER));
}

#[test]
fn what_cannot_be_enabled_together_is_enabled_one_by_one() {
    let (machine, list) = (machine(), list(&[WATCH, TIMER]));
    // The look comes first.
    let at = At::Command(machine.commands().len() + 1);
    machine.inject(Fault { at, how: How::Fails { status: 1, stderr: "no".to_owned() } });
    let all = run(&machine, &list);
    assert_eq!(all.ended, Ended::Completed, "{:?}", all.events.last());
    let tried = [format!("{WATCH} {TIMER}"), WATCH.to_owned(), TIMER.to_owned()];
    assert_eq!(ran(&machine, "enable"), tried);
    assert_eq!(all.changed().len(), list.len());
}

#[test]
fn the_one_that_fails_each_time_is_named() {
    let (machine, list) = (machine(), list(&[WATCH, TIMER]));
    let before = machine.commands().len();
    for number in [1, 3] {
        let at = At::Command(before + number);
        machine.inject(Fault { at, how: How::Fails { status: 1, stderr: "no".to_owned() } });
    }
    let (message, ..) = run(&machine, &list).failure();
    assert!(message.contains(&format!("enable -- {WATCH}`")), "{message}");
    assert!(!message.contains(TIMER), "{message}");
}

#[test]
fn what_was_masked_is_as_it_was_before() {
    let machine = machine();
    let step = |wanted: Enablement| enablement(WATCH, wanted);
    let unmasked = [step(Enablement::Unmasked)];
    run(&machine, &[step(Enablement::Enabled)]);
    assert!(run(&machine, &unmasked).changed().is_empty(), "nothing has masked it");
    let both = [step(Enablement::Masked), step(Enablement::Unmasked)];
    assert_eq!(run(&machine, &both).changed(), [0, 1]);
    assert!(is_enabled(&machine, WATCH));
    assert!(run(&machine, &unmasked).changed().is_empty());
    assert!(ran(&machine, "disable").is_empty());
}

/// systemd that does not answer is not asked for each of them.
#[test]
fn a_systemd_that_hangs_is_given_up_once() {
    let (machine, list) = (machine(), list(&[WATCH, TIMER]));
    let at = At::Command(machine.commands().len() + 1);
    machine.inject(Fault { at, how: How::Hangs });
    let (message, ..) = run(&machine, &list).failure();
    assert!(message.contains("gave no answer"), "{message}");
    assert_eq!(ran(&machine, "enable").len(), 1);
}

/// The package decides about its unit as it is installed.
#[test]
fn a_unit_whose_package_is_still_to_come_waits_for_it() {
    let machine = steps::machine();
    let install = |name: &str| Step::InstallPackages { packages: vec![name.to_owned()] };
    let disable = |unit: &str| enablement(unit, Enablement::Disabled);
    let list = [
        install("slurmctld"),
        disable("slurmctld.service"),
        install("slurmdbd"),
        disable("slurmdbd.service"),
    ];
    assert_eq!(run(&machine, &list).ended, Ended::Completed);
    assert_eq!(ran(&machine, "disable"), ["slurmctld.service", "slurmdbd.service"]);
    assert!(!is_enabled(&machine, "slurmdbd.service"));
}
