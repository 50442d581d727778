// SPDX-License-Identifier: Apache-2.0
//! Hours of a console in front of which nobody sits.

use std::time::Duration;

use super::story::{Story, healthy, moved, moving};
use crate::console::{Attention, Line, Moment};

/// Plays so many seconds: what has happened, and whether a failover is under
/// way, at each of them. Returns for how many it was asked fast.
fn play(attention: &mut Attention, seconds: std::ops::Range<u64>, at: impl Fn(u64) -> Told) -> u64 {
    let mut fast = 0;
    for second in seconds {
        let Told { lines, is_under_way, is_watched } = at(second);
        let now = Duration::from_secs(second);
        let moment = Moment { now, lines: &lines, is_under_way, is_watched };
        fast += u64::from(attention.is_fast(&moment));
    }
    fast
}

#[derive(Default)]
struct Told {
    lines: Vec<Line>,
    is_under_way: bool,
    is_watched: bool,
}

fn calm(_: u64) -> Told {
    Told::default()
}

fn begun() -> Attention {
    Attention::from(Duration::ZERO)
}

/// What the console of this story writes down.
fn written(tell: impl FnOnce(&mut Story)) -> Vec<Line> {
    let mut story = Story::new();
    story.at(0, healthy());
    tell(&mut story);
    story.lines
}

fn a_move() -> Vec<Line> {
    written(|story| {
        story.at(1_000, moving());
        story.at(3_500, moved());
        story.at(7_000, moved());
    })
}

#[test]
fn a_console_that_begins_watches_for_three_minutes() {
    assert_eq!(play(&mut begun(), 0..3_600, calm), 180);
}

#[test]
fn a_change_is_watched_for_three_minutes_after_it() {
    let mut attention = begun();
    play(&mut attention, 0..3_600, calm);
    let lines = a_move();
    let told = |second| Told {
        lines: if second == 3_700 { lines.clone() } else { Vec::new() },
        ..Told::default()
    };
    assert_eq!(play(&mut attention, 3_600..3_700, told), 0);
    assert_eq!(play(&mut attention, 3_700..7_200, told), 180);
}

/// A host that has too much to do: both controllers fall silent and are heard
/// again, every ten seconds.
#[test]
fn that_words_come_late_is_no_reason_to_ask_more_often() {
    let late = written(|story| {
        for round in 1..=3 {
            story.at(round * 20_000, [None, None]);
            story.at(round * 20_000 + 10_000, healthy());
        }
    });
    assert_eq!(late.len(), 12, "they are events all the same: {late:#?}");
    let mut attention = begun();
    let told = |second| Told {
        lines: if second % 10 == 0 { late.clone() } else { Vec::new() },
        ..Told::default()
    };
    assert_eq!(play(&mut attention, 0..3_600, told), 180);
}

#[test]
fn a_failover_that_does_not_end_is_watched_until_the_budget_is_used_up() {
    let told = |_| Told { is_under_way: true, ..Told::default() };
    let mut attention = begun();
    assert_eq!(play(&mut attention, 0..600, told), 600);
    // 180 seconds come back in 1,080 calm ones.
    assert_eq!(play(&mut attention, 600..1_680, told), 0);
    assert_eq!(play(&mut attention, 1_680..1_860, told), 180);
    assert_eq!(play(&mut attention, 1_860..2_900, told), 0);
}

#[test]
fn a_cluster_that_never_rests_is_asked_fast_for_a_seventh_of_the_time() {
    let lines = a_move();
    let told = |second| Told {
        lines: if second % 60 == 0 { lines.clone() } else { Vec::new() },
        ..Told::default()
    };
    let day = 24 * 3_600;
    let fast = play(&mut begun(), 0..day, told);
    assert!(fast <= 600 + day / 7, "{fast}");
    assert!(fast >= day / 8, "{fast}");
}

#[test]
fn who_looks_on_sees_it_fast_and_does_not_use_the_budget() {
    let told = |_| Told { is_under_way: true, is_watched: true, ..Told::default() };
    let mut attention = begun();
    assert_eq!(play(&mut attention, 0..7_200, told), 7_200);
    let alone = |_| Told { is_under_way: true, ..Told::default() };
    assert_eq!(play(&mut attention, 7_200..7_700, alone), 500);
    // Used up: it is no reason to show somebody old things.
    play(&mut attention, 7_700..8_000, alone);
    assert_eq!(play(&mut attention, 8_000..8_100, alone), 0);
    assert_eq!(play(&mut attention, 8_100..8_200, told), 100);
}
