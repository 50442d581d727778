// SPDX-License-Identifier: Apache-2.0
//! Failovers with their duration, as this controller has seen them.

use super::family::{Family, Value as _};
use crate::console::{Failover, FailoverKind, Tally};

/// Of a kind that there has not been, all of them are 0.
pub(super) fn families(tally: &Tally) -> [Family; 4] {
    let each = |family: Family, value: &dyn Fn(FailoverKind) -> f64| {
        FailoverKind::ALL
            .into_iter()
            .fold(family, |family, kind| family.with(&[("kind", kind.word())], value(kind)))
    };
    let last =
        |value: fn(&Failover) -> f64| move |kind: FailoverKind| tally.last(kind).map_or(0.0, value);
    [
        each(
            Family::counter(
                "slurmha_failovers_total",
                "Failovers that have ended since the exporter started.",
            ),
            &|kind| tally.times(kind).number(),
        ),
        each(
            Family::gauge(
                "slurmha_failover_last_timestamp_seconds",
                "When the last one began; 0 for never.",
            ),
            &last(|it| it.began.number()),
        ),
        each(
            Family::gauge(
                "slurmha_failover_last_duration_seconds",
                "From its first sign until everything worked again.",
            ),
            &last(|it| it.duration().map(|it| it.as_secs_f64()).number()),
        ),
        each(
            Family::gauge(
                "slurmha_failover_last_without_scheduler_seconds",
                "For how long there was no scheduler in it.",
            ),
            &last(|it| it.without_scheduler().map(|it| it.as_secs_f64()).number()),
        ),
    ]
}
