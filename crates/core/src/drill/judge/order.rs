// SPDX-License-Identifier: Apache-2.0
//! What became of what users ordered for their jobs: released, requeued,
//! cancelled, begun only when another one had ended.

use super::job_fate::Traces;
use super::window::UnsavedWindow;
use crate::drill::evidence::{Evidence, Mark, MarkKind, Submission};
use crate::drill::held_back::is_held;
use crate::drill::report::{LostOrder, Orders};
use crate::drill::time::{rounded, seconds};
use crate::drill::work::Work;
use crate::observe::JobRecord;

/// Seconds by which the clocks of two machines may differ, and an order is under
/// way.
const UNDER_WAY_S: f64 = 2.0;

/// Whether a job waits for an order that was given.
pub(super) fn is_left_held(submission: &Submission, record: &JobRecord) -> bool {
    submission.work == Work::Held && is_held(record)
}

/// Counts, and the orders that were taken and not carried out.
pub(super) fn orders(evidence: &Evidence, traces: &Traces<'_>, window: &UnsavedWindow) -> Orders {
    let mut orders = Orders::default();
    for submission in evidence.submissions.iter().filter(|it| it.acknowledged().is_some()) {
        let Some(what) = submission.work.order() else { continue };
        let marks = traces.marks_of(&submission.name);
        let Some(at_s) = taken(evidence, submission, marks) else {
            match &submission.order {
                Some(order) => orders.refused += usize::from(order.result.is_err()),
                // A job that has itself requeued may not have run at all.
                None => orders.unanswered += usize::from(submission.work != Work::Requeued),
            }
            continue;
        };
        orders.taken += 1;
        // A job that is lost takes its orders along.
        let Some(record) = traces.known(&submission.name) else { continue };
        if !is_done(submission, record, marks, at_s) {
            orders.lost.push(LostOrder {
                name: submission.name.clone(),
                what: what.to_owned(),
                at_s,
                unsaved: window.holds(at_s),
            });
        }
    }
    orders.early = early(evidence, traces);
    orders
}

/// When Slurm took it, in seconds after the cut. A job that has itself requeued
/// tells that by a mark.
fn taken(evidence: &Evidence, submission: &Submission, marks: &[(f64, &Mark)]) -> Option<f64> {
    if submission.work == Work::Requeued {
        let asked = marks.iter().find(|(_, mark)| mark.kind == MarkKind::Requeue);
        return asked.map(|(at, _)| *at);
    }
    let order = submission.order.as_ref().filter(|order| order.result.is_ok())?;
    let at = evidence.on_drill_clock(&evidence.client, order.at);
    Some(rounded(seconds(evidence.cut, at)))
}

fn is_done(submission: &Submission, job: &JobRecord, marks: &[(f64, &Mark)], at_s: f64) -> bool {
    let mut starts = marks.iter().filter(|(_, mark)| mark.kind == MarkKind::Start);
    match submission.work {
        Work::Held => !is_left_held(submission, job),
        Work::Requeued => starts.any(|(_, mark)| mark.restart > 0),
        // What had begun before may end before, too.
        Work::Cancelled => {
            job.state == "CANCELLED" || starts.any(|(at, _)| *at < at_s + UNDER_WAY_S)
        }
        _ => true,
    }
}

/// Jobs that began before the one that they wait for had ended.
fn early(evidence: &Evidence, traces: &Traces<'_>) -> Vec<String> {
    let is_early = |submission: &&Submission| {
        let Some(before) = &submission.waits_for else { return false };
        let first = |name: &str, kind| {
            let marks = traces.marks_of(name).iter();
            marks.filter(|(_, mark)| mark.kind == kind).map(|(at, _)| *at).next()
        };
        let Some(begun) = first(&submission.name, MarkKind::Start) else { return false };
        // One that is lost holds nobody back.
        let awaited = traces.known(before).is_some_and(JobRecord::is_final);
        awaited && first(before, MarkKind::End).is_none_or(|end| begun < end - UNDER_WAY_S)
    };
    evidence.submissions.iter().filter(is_early).map(|it| it.name.clone()).collect()
}
