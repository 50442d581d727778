// SPDX-License-Identifier: Apache-2.0
//! What a controller was doing while nobody heard it.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::evidence::Sample;

/// What a controller told, with what it has kept of the times between, when the
/// conversation was lost, and of those after it, until the load was stopped (on the
/// controller's clock); all in order of time.
///
/// Nothing is added where one clock does not count for both: a machine that has booted since
/// has lost what it kept before, and one whose clock was set back tells times twice.
pub fn with_kept(mut told: Vec<Sample>, kept: Vec<Sample>, until: Timestamp) -> Vec<Sample> {
    let (Some(first), Some(last)) = (told.first(), told.last()) else { return told };
    let is_of_this_boot = kept.iter().any(|sample| sample.at == first.at);
    if !is_of_this_boot || !told.is_sorted_by_key(|sample| sample.at) {
        return told;
    }
    let known: BTreeSet<_> = told.iter().map(|sample| sample.at).collect();
    let missed = first.at..last.at.max(until);
    told.extend(kept.into_iter().filter(|it| missed.contains(&it.at) && !known.contains(&it.at)));
    told.sort_by_key(|sample| sample.at);
    told
}

#[cfg(test)]
mod tests {
    use super::super::evidence::ControllerState;
    use super::*;

    fn samples(seconds: &[i64]) -> Vec<Sample> {
        let sample = |second: &i64| Sample {
            at: Timestamp::from_second(*second).expect("a moment"),
            state: ControllerState::default(),
        };
        seconds.iter().map(sample).collect()
    }

    /// The load ends at the tenth second.
    fn whole(told: &[i64], kept: &[i64]) -> Vec<Sample> {
        with_kept(samples(told), samples(kept), Timestamp::from_second(10).expect("a moment"))
    }

    #[test]
    fn a_lost_conversation_takes_nothing_with_it() {
        let all = [1, 2, 3, 4, 5, 6, 9];
        assert_eq!(whole(&[1, 2, 9], &all), samples(&all));
        assert_eq!(whole(&[1, 2], &all), samples(&all), "it was never begun again");
    }

    #[test]
    fn what_is_of_another_boot_or_another_clock_is_left_out() {
        assert_eq!(whole(&[1, 2, 9], &[6, 7, 8]), samples(&[1, 2, 9]));
        assert_eq!(whole(&[1, 2, 9, 3], &[1, 2, 4]), samples(&[1, 2, 9, 3]));
    }

    #[test]
    fn what_came_before_or_after_the_load_is_no_part_of_it() {
        assert_eq!(whole(&[3, 5, 11], &[1, 3, 4, 8, 12]), samples(&[3, 4, 5, 8, 11]));
        assert_eq!(whole(&[], &[1]), Vec::new());
    }
}
