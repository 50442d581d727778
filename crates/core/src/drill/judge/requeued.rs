// SPDX-License-Identifier: Apache-2.0
//! Jobs that have to run again because the node under them was lost.

use std::collections::BTreeSet;

use crate::drill::evidence::{Evidence, Mark, MarkKind, Stroke};
use crate::drill::fault::Side;
use crate::drill::time::seconds;
use crate::drill::work::Work;
use crate::site::NodeName;

/// Names of jobs that ran on the compute node that was lost. Slurm requeues what
/// a lost node was running (`JobRequeue`, slurm.conf(5)), also what had just
/// ended there when nobody could tell any more.
pub(super) fn cut_short(evidence: &Evidence) -> BTreeSet<&str> {
    let spread = evidence.submissions.iter().filter(|it| it.work == Work::TwoNodes);
    let spread: BTreeSet<&str> = spread.map(|it| it.name.as_str()).collect();
    let mut names = BTreeSet::new();
    for stroke in evidence.happened().iter().filter(|it| it.fault.may_remove(Side::Compute)) {
        for (node, mark) in begun_before(evidence, stroke) {
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
    let begin = evidence.begin_s(stroke);
    let marks = evidence.marks.iter();
    let marks = marks.flat_map(|(node, marks)| {
        marks.known().into_iter().flatten().map(move |mark| (node, mark))
    });
    marks.filter(move |(node, mark)| {
        mark.kind == MarkKind::Start
            && seconds(evidence.cut, evidence.on_drill_clock(node, mark.at)) <= begin
    })
}
