// SPDX-License-Identifier: Apache-2.0
//! What this controller remembers of drills.

use super::family::{Family, Value as _};
use crate::drill::{DrillRecord, DrillResult, Verdict};
use crate::observe::Reading;

/// Where there has been none, all of them are 0.
pub(super) fn families(answer: &Reading<DrillRecord>) -> [Family; 4] {
    let by_verdict = |family: Family, value: fn(&(u64, DrillResult)) -> f64| {
        Verdict::ALL.into_iter().fold(family, |family, verdict| {
            let of = |record: &DrillRecord| record.verdicts.get(&verdict).map_or(0.0, value);
            family.with(&[("verdict", verdict.word())], answer.known().map(of))
        })
    };
    let of_last = |value: fn(&DrillResult) -> f64| {
        answer.known().map(|record| record.last().map_or(0.0, value))
    };
    [
        by_verdict(
            Family::counter("slurmha_drills_total", "Drills that have ended like this."),
            |(count, _)| count.number(),
        ),
        by_verdict(
            Family::gauge(
                "slurmha_drill_last_timestamp_seconds",
                "When the last drill that ended like this broke something; 0 for never.",
            ),
            |(_, last)| last.at.number(),
        ),
        Family::gauge(
            "slurmha_drill_last_without_answers_seconds",
            "Longest time in the last drill in which slurmctld answered no request.",
        )
        .of(of_last(|it| it.without_answers_s)),
        Family::gauge(
            "slurmha_drill_last_lost_jobs",
            "Jobs of the last drill that were accepted, and unknown in the end.",
        )
        .of(of_last(|it| it.lost_jobs.number())),
    ]
}
