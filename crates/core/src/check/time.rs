// SPDX-License-Identifier: Apache-2.0
//! Clocks that agree.

use super::{Finding, Seen};
use crate::site::Site;

/// munge refuses a credential that is older or younger than this many
/// seconds (munged's default TTL is 300).
const MUNGE_LIMIT_S: i64 = 300;
/// Above this, logs of two machines no longer tell what came first.
const READABLE_LIMIT_S: i64 = 5;

/// Compares how far each clock is from ours with the middle one of these. Thousands of
/// machines answer over minutes, so their clocks cannot be compared with each other; the way
/// of an answer bounds how exact this is.
pub(super) fn check(_site: &Site, seen: &[Seen<'_>]) -> Vec<Finding> {
    let mut offsets: Vec<i64> = seen.iter().filter_map(offset).collect();
    offsets.sort_unstable();
    let Some(middle) = offsets.get(offsets.len() / 2).copied() else { return Vec::new() };
    seen.iter().map(|seen| finding(seen, middle)).collect()
}

/// Seconds by which its clock is ahead of ours.
fn offset(seen: &Seen<'_>) -> Option<i64> {
    Some(seen.observed.clock?.as_second() - seen.observed.heard?.as_second())
}

fn finding(seen: &Seen<'_>, middle: i64) -> Finding {
    let Some(offset) = offset(seen) else {
        return Finding::unknown("clock", seen.name(), "did not tell its time");
    };
    let offset = offset - middle;
    let cure = "`apply` sets chrony up; set the clock by hand first when it is far off";
    let message = format!("is {} s {}", offset.abs(), if offset < 0 { "behind" } else { "ahead" });
    match offset.abs() {
        off if off >= MUNGE_LIMIT_S => Finding::fail("clock", seen.name(), message, cure),
        off if off >= READABLE_LIMIT_S => Finding::warn("clock", seen.name(), message, cure),
        _ => Finding::pass("clock", seen.name(), "agrees with the others"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::Timestamp;

    use super::super::{Verdict, check};
    use crate::observe::Observation;
    use crate::site::NodeName;
    use crate::status::made_up::site;

    /// Of machines with such clocks, which were asked one after the other.
    fn said(clocks: &[(&str, i64)]) -> Vec<(Verdict, String)> {
        let observed = |(minute, (name, ahead)): (i64, &(&str, i64))| {
            let at = |second| Timestamp::from_second(second).ok();
            let (heard, clock) = (at(60 * minute), at(60 * minute + ahead));
            (NodeName::from(*name), Ok(Observation { heard, clock, ..Observation::default() }))
        };
        let answers: BTreeMap<_, _> = (0..).zip(clocks).map(observed).collect();
        let all = check(&site(), &answers).into_iter().filter(|finding| finding.rule == "clock");
        let asked = all.filter(|finding| finding.verdict != Verdict::Unknown);
        asked.map(|finding| (finding.verdict, finding.message)).collect()
    }

    #[test]
    fn machines_that_answer_minutes_apart_have_one_time() {
        // Ours is wrong by an hour.
        let all = said(&[("ctl1", 3600), ("ctl2", 3601), ("login1", 3600), ("cn1", 3599)]);
        assert!(all.iter().all(|(verdict, _)| *verdict == Verdict::Pass), "{all:?}");
    }

    #[test]
    fn a_clock_that_is_far_off_fails() {
        let all = said(&[("ctl1", 0), ("ctl2", 1), ("login1", -40), ("cn1", 310)]);
        let wrong: Vec<_> = all.iter().filter(|(verdict, _)| *verdict != Verdict::Pass).collect();
        let expected = [
            &(Verdict::Warn, "is 41 s behind".to_owned()),
            &(Verdict::Fail, "is 309 s ahead".to_owned()),
        ];
        assert_eq!(wrong, expected);
    }
}
