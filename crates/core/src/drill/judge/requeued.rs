// SPDX-License-Identifier: Apache-2.0
//! Jobs that have to run again because the node under them was lost.

use std::collections::BTreeSet;

use crate::drill::evidence::{Evidence, MarkKind};
use crate::drill::fault::Side;

/// Names of jobs that ran on the compute node that was hit. Slurm requeues what
/// a lost node was running (`JobRequeue`, slurm.conf(5)), also what had just
/// ended there when nobody could tell any more.
pub(super) fn cut_short(evidence: &Evidence) -> BTreeSet<&str> {
    if evidence.scenario.fault.side() != Side::Compute {
        return BTreeSet::new();
    }
    let node = &evidence.victim;
    let marks = evidence.marks.get(node).and_then(|marks| marks.known());
    let before = |at| evidence.on_drill_clock(node, at) <= evidence.cut;
    let began = marks.into_iter().flatten().filter(|mark| mark.kind == MarkKind::Start);
    began.filter(|mark| before(mark.at)).map(|mark| mark.name.as_str()).collect()
}
