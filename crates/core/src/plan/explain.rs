// SPDX-License-Identifier: Apache-2.0
//! A plan as text, for the person who has to agree to it.

use std::fmt::Write as _;

use super::build::{Plan, PlannedStep};

/// The plan as text: stage by stage, machine by machine, with diffs when
/// `with_diffs` is set. Holds no secret.
pub fn explain(plan: &Plan, with_diffs: bool) -> String {
    let mut text = String::new();
    for stage in &plan.stages {
        let _ = writeln!(text, "{}", stage.stage.title());
        for (machine, steps) in &stage.machines {
            for step in steps {
                line(&mut text, machine.as_str(), step, with_diffs);
            }
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
    for note in &plan.notes {
        let _ = writeln!(text, "note: {note}");
    }
    text
}

fn line(text: &mut String, machine: &str, planned: &PlannedStep, with_diffs: bool) {
    let _ = write!(text, "  {machine:<10} {}", planned.step.summary());
    if !planned.why.is_empty() {
        let _ = write!(text, " ({})", planned.why);
    }
    text.push('\n');
    if let Some(diff) = planned.diff.as_ref().filter(|_| with_diffs) {
        for line in diff.lines() {
            let _ = writeln!(text, "             {line}");
        }
    }
}
