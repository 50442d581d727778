// SPDX-License-Identifier: Apache-2.0
//! A controller's clock beside the console's.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

/// So many words are compared: a clock that is set has its new place after
/// half a minute, and of 16 words one is not late.
const WORDS: usize = 16;

/// How far the console's clock is ahead of a controller's.
///
/// A word carries the time at which it was said. It comes later, never
/// earlier, so the smallest difference is the nearest one; what is left of it
/// is a network's and a busy machine's milliseconds.
#[derive(Clone, Debug, Default)]
pub struct Clock(VecDeque<SignedDuration>);

impl Clock {
    /// A word was said at that time there, and heard at that time here.
    pub fn compare(&mut self, there: Timestamp, here: Timestamp) {
        if self.0.len() == WORDS {
            self.0.pop_front();
        }
        self.0.push_back(here.duration_since(there));
    }

    /// A time of that controller's as the console's clock showed it; `None`
    /// when the two were never compared, or it is no time.
    pub fn here(&self, there: Timestamp) -> Option<Timestamp> {
        there.checked_add(*self.0.iter().min()?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_millis(ms)
    }

    #[test]
    fn the_word_that_was_least_late_counts() {
        let mut clock = Clock::default();
        assert_eq!(clock.here(at(0)), None);
        for (there, here) in [(1_000, 3_900), (3_000, 5_020), (5_000, 9_000)] {
            clock.compare(at(there), at(here));
        }
        assert_eq!(clock.here(at(10_000)), Some(at(12_020)));
    }

    #[test]
    fn a_clock_that_was_set_is_believed_after_a_while() {
        let mut clock = Clock::default();
        clock.compare(at(0), at(0));
        for nth in 0..16 {
            clock.compare(at(nth * 1_000), at(60_000 + nth * 1_000));
        }
        assert_eq!(clock.here(at(0)), Some(at(60_000)));
    }
}
