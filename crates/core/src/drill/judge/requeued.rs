// SPDX-License-Identifier: Apache-2.0
//! Jobs that have to run again because the node under them was lost.

use std::collections::BTreeSet;

use crate::drill::evidence::{Evidence, MarkKind};
use crate::drill::fault::Side;
use crate::drill::time::seconds;

/// Names of jobs that ran on the compute node that was hit. Slurm requeues what
/// a lost node was running (`JobRequeue`, slurm.conf(5)), also what had just
/// ended there when nobody could tell any more.
pub(super) fn cut_short(evidence: &Evidence) -> BTreeSet<&str> {
    let mut names = BTreeSet::new();
    for stroke in evidence.happened().iter().filter(|it| it.fault.side() == Side::Compute) {
        let node = &stroke.victim;
        let marks = evidence.marks.get(node).and_then(|marks| marks.known());
        let before = |at| {
            seconds(evidence.cut, evidence.on_drill_clock(node, at)) <= evidence.begin_s(stroke)
        };
        let began = marks.into_iter().flatten().filter(|mark| mark.kind == MarkKind::Start);
        names.extend(began.filter(|mark| before(mark.at)).map(|mark| mark.name.as_str()));
    }
    names
}
