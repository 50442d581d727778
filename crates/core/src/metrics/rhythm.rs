// SPDX-License-Identifier: Apache-2.0
//! How often a controller's programs are asked, and how much of the time that
//! may take.
//!
//! On a machine that has too much to do every answer is late. Who asks as
//! often as before then asks without a break, and is a part of what the machine
//! has to do. Only the time that an answer took is known, not whether the
//! program worked or waited; so a program that hangs is asked more seldom, too.

use std::time::Duration;

/// While somebody watches, the questions of a group take one in so many parts
/// of the time, together. Where that is not enough, they are asked as seldom
/// as if nobody watched.
const WATCHED_SHARE: u32 = 4;

/// Watched or not, one question takes one in so many parts of the time.
const OWN_SHARE: u32 = 2;

/// How often a question is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rhythm {
    /// From one round to the next while nobody watches.
    pub interval: Duration,
    /// The same while somebody does.
    pub watched: Duration,
}

impl Rhythm {
    /// From the beginning of a round to that of the next, after one in which
    /// the answer took so long, and the last answers to all questions of its
    /// group `together`. However many watch, it is the same.
    pub fn period(&self, is_watched: bool, own: Duration, together: Duration) -> Duration {
        let wanted = if is_watched {
            self.watched.max(together * WATCHED_SHARE).min(self.interval)
        } else {
            self.interval
        };
        widened(wanted, own)
    }
}

/// From one round to the next, if that was to be so long and the answer took
/// that time: the question rests for at least as long as it has been asked.
pub fn widened(wanted: Duration, own: Duration) -> Duration {
    wanted.max(own * OWN_SHARE)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RHYTHM: Rhythm =
        Rhythm { interval: Duration::from_secs(15), watched: Duration::from_secs(1) };

    fn period(is_watched: bool, own_ms: u64, together_ms: u64) -> u64 {
        let [own, together] = [own_ms, together_ms].map(Duration::from_millis);
        RHYTHM.period(is_watched, own, together).as_millis().try_into().expect("a short time")
    }

    #[test]
    fn quick_answers_come_as_often_as_is_wanted() {
        assert_eq!(period(false, 100, 250), 15_000);
        assert_eq!(period(true, 100, 250), 1_000);
    }

    /// One that answers at once waits for the others of its group, too.
    #[test]
    fn who_watches_costs_a_quarter_of_the_time_whoever_it_is_that_is_slow() {
        assert_eq!(period(true, 1_000, 1_500), 6_000);
        assert_eq!(period(true, 0, 1_500), 6_000);
    }

    #[test]
    fn where_that_is_too_slow_watching_makes_no_difference() {
        for own in [0, 2_000, 10_000] {
            assert_eq!(period(true, own, 12_000), period(false, own, 12_000), "{own}");
        }
    }

    /// Of a group of ten, whatever each takes.
    #[test]
    fn a_question_never_takes_more_than_half_of_the_time_nor_a_watched_group_more_than_it_may() {
        for ms in [1, 40, 300, 1_000, 7_000, 20_000, 60_000] {
            for is_watched in [true, false] {
                let period = period(is_watched, ms, ms * 10);
                assert!(ms * 2 <= period, "{ms} of {period}");
                let is_as_if_nobody_watched = period >= 15_000;
                assert!(ms * 10 * 4 <= period || is_as_if_nobody_watched, "{ms} of {period}");
            }
        }
    }

    /// What is slow widens its own interval and nobody else's.
    #[test]
    fn one_that_hangs_does_not_make_the_values_of_others_old() {
        assert_eq!(period(true, 10_000, 10_200), 20_000);
        assert_eq!(period(true, 100, 10_200), 15_000);
        assert_eq!(period(false, 100, 10_200), 15_000);
    }

    #[test]
    fn an_interval_that_is_shorter_than_the_watched_one_stays() {
        let rhythm = Rhythm { interval: Duration::from_secs(1), watched: Duration::from_secs(5) };
        assert_eq!(rhythm.period(true, Duration::ZERO, Duration::ZERO), rhythm.interval);
    }
}
