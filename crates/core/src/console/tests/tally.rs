// SPDX-License-Identifier: Apache-2.0
//! Failovers counted by a controller that hears nobody but itself.

use super::story::{self, Story, Views, healthy, moved, moving};
use crate::console::{FailoverKind, Tally};

/// What ctl2 makes of what only it has told.
fn seen_by_second(told: impl IntoIterator<Item = (i64, Views)>) -> Tally {
    let (mut story, mut tally) = (Story::new(), Tally::default());
    for (ms, [_, second]) in told {
        tally.see(&story.at(ms, [None, second]));
    }
    tally
}

fn counts(tally: &Tally) -> [u64; 3] {
    FailoverKind::ALL.map(|kind| tally.times(kind))
}

#[test]
fn the_survivor_counts_a_power_loss_with_its_duration() {
    let tally = seen_by_second(story::power_loss());
    assert_eq!(counts(&tally), [1, 0, 0]);
    let last = tally.last(FailoverKind::Lost).expect("it was counted");
    assert_eq!(last.title, "ctl1 was lost, ctl2 took over");
    let seconds = |time: Option<jiff::SignedDuration>| time.map(|it| it.as_secs_f64());
    // From Pacemaker's word on: it has not heard ctl1 itself.
    assert_eq!(seconds(last.duration()), Some(6.8));
    assert_eq!(seconds(last.without_scheduler()), Some(5.2));
}

#[test]
fn a_move_is_no_loss() {
    let story = [(0, healthy()), (1_000, moving()), (3_500, moved()), (7_000, moved())];
    let tally = seen_by_second(story);
    assert_eq!(counts(&tally), [0, 1, 0]);
    assert_eq!(tally.last(FailoverKind::Lost), None);
}

#[test]
fn nothing_is_counted_while_all_is_well() {
    let tally = seen_by_second((0..10).map(|second| (second * 15_000, healthy())));
    assert_eq!(counts(&tally), [0, 0, 0]);
}
