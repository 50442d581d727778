// SPDX-License-Identifier: Apache-2.0
//! The whole list of steps of a controller on the simulated machine: healthy,
//! and with every single thing going wrong once.

mod enablement;
mod faults;
mod people;
mod refusals;
mod reload;
mod steps;
mod units;

use std::ops::ControlFlow;

use slurmha_core::plan::{Outcome, Step, StepEvent};

use super::{Ended, apply};
use crate::simulated::Simulated;

/// What a run reported.
#[derive(Debug)]
struct Run {
    ended: Ended,
    events: Vec<StepEvent>,
}

impl Run {
    fn changed(&self) -> Vec<usize> {
        let changed = self.events.iter().filter_map(|event| match event {
            StepEvent::Done { step, outcome: Outcome::Changed } => Some(*step),
            _ => None,
        });
        changed.collect()
    }

    fn failure(&self) -> (String, String, bool) {
        let failed = self.events.iter().find_map(|event| match event {
            StepEvent::Failed { message, hint, refused, .. } => {
                Some((message.clone(), hint.clone().unwrap_or_default(), *refused))
            }
            _ => None,
        });
        failed.unwrap_or_else(|| panic!("no step failed: {:?}", self.events))
    }

    fn progress(&self) -> Vec<&str> {
        let texts = self.events.iter().filter_map(|event| match event {
            StepEvent::Progress { text, .. } => Some(text.as_str()),
            _ => None,
        });
        texts.collect()
    }
}

fn run(machine: &Simulated, steps: &[Step]) -> Run {
    let mut events = Vec::new();
    let ended = apply(machine, steps, &mut |event| {
        events.push(event);
        ControlFlow::Continue(())
    });
    Run { ended, events }
}

fn assert_complete_and_idempotent(machine: &Simulated, list: &[Step], story: &str) {
    let again = run(machine, list);
    assert_eq!(again.ended, Ended::Completed, "{story}: {:?}", again.events.last());
    let third = run(machine, list);
    assert_eq!(third.ended, Ended::Completed, "{story}: {:?}", third.events.last());
    let changed: Vec<String> =
        third.changed().into_iter().map(|step| list[step].summary()).collect();
    assert!(changed.is_empty(), "{story}: changed again: {changed:?}");
    assert_built(machine, list, story);
}

/// The machine is the same as one that was built without any trouble.
fn assert_built(machine: &Simulated, list: &[Step], story: &str) {
    let healthy = steps::machine();
    run(&healthy, list);
    let (wanted, found) = (healthy.inventory(), machine.inventory());
    let missing: Vec<_> = wanted.iter().filter(|line| !found.contains(line)).collect();
    let extra: Vec<_> = found.iter().filter(|line| !wanted.contains(line)).collect();
    assert!(missing.is_empty(), "{story}: missing {missing:#?}, instead {extra:#?}");
    assert!(extra.is_empty(), "{story}: left over {extra:#?}");
}

#[test]
fn a_controller_is_built_and_then_left_alone() {
    let machine = steps::machine();
    let list = steps::controller();
    let first = run(&machine, &list);
    assert_eq!(first.ended, Ended::Completed, "{:?}", first.events.last());
    assert_complete_and_idempotent(&machine, &list, "healthy");
}

#[test]
fn the_first_start_brings_accounting_before_scheduling() {
    let machine = steps::machine();
    let list = steps::first_start();
    let first = run(&machine, &list);
    assert_eq!(first.ended, Ended::Completed, "{:?}", first.events.last());
}

#[test]
fn nothing_is_begun_once_nobody_listens() {
    let machine = steps::machine();
    let list = steps::controller();
    let mut heard = 0;
    let ended = apply(&machine, &list, &mut |_| {
        heard += 1;
        if heard > 4 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert_eq!(ended, Ended::Abandoned);
    assert_eq!(heard, 5);
    assert_complete_and_idempotent(&machine, &list, "abandoned");
}

#[test]
fn no_secret_is_in_any_event_or_command_but_the_one_that_was_asked_for() {
    let machine = steps::machine();
    let list = steps::controller();
    let first = run(&machine, &list);
    let password = steps::secret_text(&machine);
    let shown = format!("{:?} {:?}", first.events, machine.commands());
    assert!(!shown.contains(&password));
    let asked = first.events.iter().filter(|e| matches!(e, StepEvent::Secret { .. })).count();
    assert_eq!(asked, 1);
}
