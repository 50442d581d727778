// SPDX-License-Identifier: Apache-2.0
//! A plan as text, for the person who has to agree to it.

use std::collections::HashMap;
use std::fmt::Write as _;

use super::build::{Plan, PlannedStep, StagePlan};
use crate::site::hostlist;

/// The plan as text, stage by stage; what is the same on several machines is
/// said once, with a hostlist. Diffs are left out unless `with_diffs` is set.
/// Holds no secret.
pub fn explain(plan: &Plan, with_diffs: bool) -> String {
    let mut text = String::new();
    for stage in &plan.stages {
        let _ = writeln!(text, "{}", stage.stage.title());
        for (planned, machines) in grouped(stage) {
            line(&mut text, planned, &machines, with_diffs);
        }
        text.push('\n');
    }
    for name in &plan.skipped {
        let _ = writeln!(text, "{name} did not answer and is left for a later run");
    }
    for refusal in &plan.refusals {
        let _ = writeln!(text, "refused: {}: {}", refusal.machine, refusal.what);
        let _ = writeln!(text, "   hint: {}", refusal.cure);
    }
    if let Some(left) = &plan.left {
        let _ = writeln!(text, "left for a second run: {left}");
    }
    text + &notes(plan)
}

/// What there is to know beside the steps.
pub fn notes(plan: &Plan) -> String {
    plan.notes.iter().map(|note| format!("note: {note}\n")).collect()
}

/// Each different step of a stage, in the order of its first appearance.
fn grouped(stage: &StagePlan) -> Vec<(&PlannedStep, Vec<&str>)> {
    let mut groups: Vec<(&PlannedStep, Vec<&str>)> = Vec::new();
    let mut known: HashMap<_, usize> = HashMap::new();
    for (machine, steps) in &stage.machines {
        for step in steps {
            let place = *known.entry(as_read(step)).or_insert(groups.len());
            match groups.get_mut(place) {
                // The same step again on one machine is said again.
                Some((_, machines)) if machines.last() != Some(&machine.as_str()) => {
                    machines.push(machine.as_str());
                }
                _ => groups.push((step, vec![machine.as_str()])),
            }
        }
    }
    groups
}

/// What somebody reads of a step.
fn as_read(planned: &PlannedStep) -> (String, &str, Option<&str>) {
    (planned.step.summary(), &planned.why, planned.diff.as_deref())
}

fn line(text: &mut String, planned: &PlannedStep, machines: &[&str], with_diffs: bool) {
    let _ = write!(text, "  {:<20} {}", hostlist::compress(machines), planned.step.summary());
    if !planned.why.is_empty() {
        let _ = write!(text, " ({})", planned.why);
    }
    text.push('\n');
    if let Some(diff) = planned.diff.as_ref().filter(|_| with_diffs) {
        for line in diff.lines() {
            let _ = writeln!(text, "{}", format!("      {line}").trim_end());
        }
    }
}
