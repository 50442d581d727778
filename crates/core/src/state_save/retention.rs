// SPDX-License-Identifier: Apache-2.0
//! Which snapshots of the state are kept.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::DateTime;

/// The newest ones, whatever their age: two hours at one each ten minutes.
const NEWEST: usize = 12;
/// Of these that many stay whatever else wants their room.
const KEPT: usize = 2;
/// Days of which the last one is kept besides.
const DAYS: usize = 7;

/// Sorts by time, and has no characters that a shell would care about.
const FORMAT: &str = "%Y%m%dT%H%M%SZ";

/// The name of a snapshot's directory.
pub fn snapshot_name(at: Timestamp) -> String {
    at.strftime(FORMAT).to_string()
}

/// The snapshots to remove: all but the newest twelve and the last one of each
/// of the last seven days that have any (UTC). Other names are somebody else's.
///
/// It goes by the snapshots and not by the clock: while none are made, none
/// are removed.
pub fn superseded_snapshots(names: &[String]) -> Vec<String> {
    let mut snapshots = by_age(names);
    snapshots.reverse();
    let mut days = BTreeSet::new();
    let mut superseded = Vec::new();
    for (number, (at, name)) in snapshots.into_iter().enumerate() {
        let is_last_of_day = days.insert(at.date()) && days.len() <= DAYS;
        if number >= NEWEST && !is_last_of_day {
            superseded.push(name.clone());
        }
    }
    superseded
}

/// The snapshots that can be given up where there is no room for another one, the first
/// first: those of the last hours before those of the last days, the oldest before the
/// newer, and never the newest two.
pub fn expendable_snapshots(names: &[String]) -> Vec<String> {
    let mut snapshots = by_age(names);
    snapshots.reverse();
    let mut days = BTreeSet::new();
    let (mut of_hours, mut of_days) = (Vec::new(), Vec::new());
    for (number, (at, name)) in snapshots.into_iter().enumerate() {
        let is_last_of_day = days.insert(at.date());
        if number >= KEPT {
            if is_last_of_day { &mut of_days } else { &mut of_hours }.push(name.clone());
        }
    }
    of_hours.reverse();
    of_days.reverse();
    of_hours.into_iter().chain(of_days).collect()
}

/// The oldest first.
fn by_age(names: &[String]) -> Vec<(DateTime, &String)> {
    let time = |name: &String| DateTime::strptime(FORMAT, name).ok();
    let mut snapshots: Vec<(DateTime, &String)> =
        names.iter().filter_map(|name| Some((time(name)?, name))).collect();
    snapshots.sort();
    snapshots
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    /// One each ten minutes, so many, the last one at that time.
    fn series(count: i64, last: &str) -> Vec<String> {
        let last: Timestamp = last.parse().expect("a time");
        let at = |back: i64| last - SignedDuration::from_mins(10 * back);
        (0..count).rev().map(|back| snapshot_name(at(back))).collect()
    }

    #[test]
    fn room_is_made_by_the_last_hours_first_and_never_by_the_newest() {
        let mut names = series(4, "2026-01-02T12:00:00Z");
        names.extend(series(3, "2026-01-01T12:00:00Z"));
        names.push("lost+found".to_owned());
        let expected = [
            "20260101T114000Z",
            "20260101T115000Z",
            "20260102T113000Z",
            "20260102T114000Z",
            "20260101T120000Z",
        ];
        assert_eq!(expendable_snapshots(&names), expected);
        assert!(expendable_snapshots(&series(2, "2026-01-02T12:00:00Z")).is_empty());
    }

    fn kept(mut names: Vec<String>) -> Vec<String> {
        let superseded = superseded_snapshots(&names);
        names.retain(|name| !superseded.contains(name));
        names
    }

    #[test]
    fn two_hours_and_the_last_one_of_each_day_are_kept() {
        let kept = kept(series(6 * 24 * 20, "2026-03-20T00:30:00Z"));
        assert_eq!(kept.len(), 12 + 5);
        let days: Vec<&str> = kept[..5].iter().map(String::as_str).collect();
        let expected = [
            "20260314T235000Z",
            "20260315T235000Z",
            "20260316T235000Z",
            "20260317T235000Z",
            "20260318T235000Z",
        ];
        assert_eq!(days, expected);
        // The last of the 19th is one of the newest twelve.
        assert_eq!(kept[5], "20260319T224000Z");
        assert_eq!(kept[16], "20260320T003000Z");
    }

    #[test]
    fn what_is_kept_stays_kept_until_something_newer_comes() {
        let once = kept(series(6 * 24 * 20, "2026-03-20T12:00:00Z"));
        assert_eq!(kept(once.clone()), once);
        assert_eq!(superseded_snapshots(&series(12, "2026-03-20T12:00:00Z")), [""; 0]);
    }

    #[test]
    fn other_names_are_left_alone() {
        let mut names = series(40, "2026-03-20T12:00:00Z");
        names.extend(["before-upgrade", ".new", "20260320T1200Z", "2026"].map(str::to_owned));
        let superseded = superseded_snapshots(&names);
        assert!(superseded.iter().all(|name| name.starts_with("202603") && name.len() == 16));
        assert_eq!(superseded.len(), 40 - 12);
    }
}
