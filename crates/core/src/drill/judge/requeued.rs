// SPDX-License-Identifier: Apache-2.0
//! Jobs that have to run again because the node under them was lost.

use std::collections::BTreeSet;

use crate::drill::evidence::{Evidence, Mark, MarkKind, Stroke};
use crate::drill::fault::Side;
use crate::drill::time::seconds;
use crate::drill::work::Work;
use crate::site::NodeName;

/// Seconds after which the end of a job is certainly known to slurmctld: a node tells it at
/// once, and again when that was not heard.
const TOLD_S: f64 = 20.0;

/// Names of jobs that ran on the compute node that was lost. Slurm requeues what
/// a lost node was running (`JobRequeue`, slurm.conf(5)), also what had just
/// ended there when nobody could tell any more.
pub(super) fn cut_short(evidence: &Evidence) -> BTreeSet<&str> {
    let spread = evidence.submissions.iter().filter(|it| it.work == Work::TwoNodes);
    let spread: BTreeSet<&str> = spread.map(|it| it.name.as_str()).collect();
    let mut names = BTreeSet::new();
    for stroke in evidence.happened().iter().filter(|it| it.fault.may_remove(Side::Compute)) {
        let over = long_over(evidence, stroke);
        for (node, mark) in begun_before(evidence, stroke) {
            if over.contains(mark.name.as_str()) {
                continue;
            }
            // What needs two nodes may begin on the one and die with the other.
            if *node == stroke.victim || spread.contains(mark.name.as_str()) {
                names.insert(mark.name.as_str());
            }
        }
    }
    names
}

fn begun_before<'a>(
    evidence: &'a Evidence,
    stroke: &Stroke,
) -> impl Iterator<Item = (&'a NodeName, &'a Mark)> {
    marks_before(evidence, MarkKind::Start, evidence.begin_s(stroke))
}

/// Jobs that had ended so long before it that everybody knew.
fn long_over<'a>(evidence: &'a Evidence, stroke: &Stroke) -> BTreeSet<&'a str> {
    let ended = marks_before(evidence, MarkKind::End, evidence.begin_s(stroke) - TOLD_S);
    ended.map(|(_, mark)| mark.name.as_str()).collect()
}

fn marks_before(
    evidence: &Evidence,
    kind: MarkKind,
    limit_s: f64,
) -> impl Iterator<Item = (&NodeName, &Mark)> {
    let marks = evidence.marks.iter().flat_map(|(node, marks)| {
        marks.known().into_iter().flatten().map(move |mark| (node, mark))
    });
    marks.filter(move |(node, mark)| {
        mark.kind == kind
            && seconds(evidence.cut, evidence.on_drill_clock(node, mark.at)) <= limit_s
    })
}
