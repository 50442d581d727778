// SPDX-License-Identifier: Apache-2.0
//! The longest time between two signs of life.

use jiff::Timestamp;

/// A time without a sign of life.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gap {
    /// How long.
    pub seconds: f64,
    /// Whether a sign of life has ended it; otherwise the watch did.
    pub ended: bool,
}

/// The longest gap that ends after `event`; both ends are signs of life, or
/// the last end is that of the watch. Nothing is taken off for the distance at
/// which the client asks: it is the same for all.
pub fn longest_after(signs: &[Timestamp], event: Timestamp, end: Timestamp) -> Option<Gap> {
    gaps(signs, Some(end))
        .filter(|(until, _)| *until > event)
        .map(|(_, gap)| gap)
        .max_by(|a, b| a.seconds.total_cmp(&b.seconds))
}

/// The longest gap that ends before `event`: what the client sees when
/// nothing is wrong.
pub fn longest_before(signs: &[Timestamp], event: Timestamp) -> Option<f64> {
    gaps(signs, None)
        .filter(|(until, _)| *until <= event)
        .map(|(_, gap)| gap.seconds)
        .max_by(f64::total_cmp)
}

/// Every gap, with its end.
fn gaps(signs: &[Timestamp], end: Option<Timestamp>) -> impl Iterator<Item = (Timestamp, Gap)> {
    let mut signs = signs.to_vec();
    signs.sort_unstable();
    let last = signs.last().copied().zip(end).filter(|(last, end)| end > last);
    let between: Vec<_> = signs.windows(2).map(|pair| (pair[0], pair[1], true)).collect();
    between.into_iter().chain(last.map(|(from, until)| (from, until, false))).map(
        |(from, until, ended)| {
            (until, Gap { seconds: until.duration_since(from).as_secs_f64(), ended })
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(tenths: i64) -> Timestamp {
        Timestamp::from_millisecond(1_800_000_000_000 + tenths * 100).unwrap()
    }

    fn signs(tenths: &[i64]) -> Vec<Timestamp> {
        tenths.iter().map(|&tenth| at(tenth)).collect()
    }

    #[test]
    fn the_longest_gap_that_ends_after_the_event_counts() {
        // The gap of 9 s before the event does not count.
        let signs = signs(&[0, 90, 92, 130, 132]);
        let gap = longest_after(&signs, at(100), at(134)).unwrap();
        assert_eq!(gap, Gap { seconds: 3.8, ended: true });
        assert_eq!(longest_before(&signs, at(100)), Some(9.0));
    }

    #[test]
    fn a_gap_may_begin_before_the_event_and_answers_may_come_in_any_order() {
        let gap = longest_after(&signs(&[140, 98, 96]), at(100), at(141)).unwrap();
        assert_eq!(gap, Gap { seconds: 4.2, ended: true });
    }

    #[test]
    fn what_does_not_end_lasts_as_long_as_somebody_watched() {
        let gap = longest_after(&signs(&[96, 98, 103]), at(100), at(303)).unwrap();
        assert_eq!(gap, Gap { seconds: 20.0, ended: false });
    }

    #[test]
    fn without_any_sign_there_is_nothing_to_tell() {
        assert_eq!(longest_after(&[], at(100), at(200)), None);
        assert_eq!(longest_before(&signs(&[96]), at(100)), None);
    }
}
