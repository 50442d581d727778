// SPDX-License-Identifier: Apache-2.0
//! What the last start after an unclean end found on this controller.

use super::family::{Family, Value as _};
use crate::observe::Reading;
use crate::state_save::Takeover;

/// Where there has been none, all of them are 0.
pub(super) fn families(answer: &Reading<Option<Takeover>>) -> [Family; 5] {
    let told = |value: fn(&Takeover) -> f64| {
        answer.known().map(|takeover| takeover.as_ref().map_or(0.0, value))
    };
    let jobs = [
        ("lost", told(|it| it.known_by_directory.len().number())),
        ("repaired", told(|it| it.repaired.len().number())),
        ("started_again", told(|it| it.started_again.len().number())),
        ("killed", told(|it| it.killed_as_orphans.len().number())),
        ("released", told(|it| it.released.len().number())),
    ];
    [
        Family::gauge(
            "slurmha_takeover_timestamp_seconds",
            "When slurmctld last began to start here after an unclean end; 0 for never.",
        )
        .of(told(|it| it.at.number())),
        Family::gauge(
            "slurmha_takeover_saved_state_age_seconds",
            "How old the job table was from which it started.",
        )
        .of(told(|it| it.saved_state_age_s.number())),
        Family::gauge(
            "slurmha_takeover_held_seconds",
            "How long no job was started, so that nodes could report first.",
        )
        .of(told(|it| it.held_s.number())),
        jobs.into_iter().fold(
            Family::gauge("slurmha_takeover_jobs", "Jobs to which something happened."),
            |family, (fate, count)| family.with(&[("fate", fate)], count),
        ),
        Family::gauge("slurmha_takeover_troubles", "What could not be done.")
            .of(told(|it| it.troubles.len().number())),
    ]
}
