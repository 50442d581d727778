// SPDX-License-Identifier: Apache-2.0
//! Faults that nobody chose, one drill after the other and some at once, and
//! the shortest sequence that still fails.

mod shrink;

use std::time::Duration;

use super::combination::{Combination, Planned};
use super::fault::Fault;

pub use shrink::{can_shrink, shrink};

/// Drills drawn from a seed: the same seed and catalogue, the same drills.
///
/// Nothing else goes into a draw: not the cluster's machines, not what came
/// of the drills before, and no generator whose next release draws otherwise.
/// A fault that is added to the catalogue changes only the draws in which it
/// comes up itself.
#[derive(Clone, Debug)]
pub struct Draw {
    seed: u64,
    turn: u64,
    catalogue: Vec<Fault>,
}

/// Of a hundred drills so many break one thing, and so many break two. The
/// rest breaks three.
const ONE: u64 = 40;
const TWO: u64 = 50;

/// Seconds between the first fault and each other one: within the time in
/// which the first is noticed, fenced and taken over.
const AFTER_S: [u64; 2] = [1, 25];

/// Seconds for which a fault lasts that the drill takes back. It is still there
/// when the last of the others comes.
const LASTS_S: [u64; 2] = [30, 60];

impl Draw {
    /// Draws from this catalogue, for ever. An empty one gives nothing.
    pub fn new(seed: u64, catalogue: Vec<Fault>) -> Self {
        Self { seed, turn: 0, catalogue }
    }

    /// A number that only seed, turn and purpose decide.
    fn number(&self, purpose: &str) -> u64 {
        let words = [&self.seed.to_le_bytes()[..], &self.turn.to_le_bytes(), purpose.as_bytes()];
        mixed(hash(words.into_iter().flatten().copied()))
    }

    fn between(&self, [least, most]: [u64; 2], purpose: &str) -> Duration {
        Duration::from_secs(least + self.number(purpose) % (most - least + 1))
    }

    /// The fault of the catalogue that comes up, of those that are allowed.
    fn choose(&self, place: usize, allowed: impl Fn(Fault) -> bool) -> Option<Fault> {
        let candidates = self.catalogue.iter().copied().filter(|fault| allowed(*fault));
        candidates.max_by_key(|fault| self.number(&format!("fault {place} {}", fault.name())))
    }

    fn planned(&self, fault: Fault, after: Duration) -> Planned {
        let planned = Planned::new(fault, after);
        let lasts = self.between(LASTS_S, &format!("lasts {}", fault.name()));
        Planned { lasts: if planned.lasts.is_zero() { planned.lasts } else { lasts }, ..planned }
    }

    /// With one fault more that the cluster has to survive as well, if there is
    /// one.
    fn joined(&self, drawn: Combination, place: usize) -> Combination {
        let after = self.between(AFTER_S, &format!("after {place}"));
        let with = |fault| {
            let joined = drawn.with(self.planned(fault, after)).ok()?;
            joined.is_too_much().is_none().then_some(joined)
        };
        self.choose(place, |fault| with(fault).is_some()).and_then(with).unwrap_or(drawn)
    }
}

impl Iterator for Draw {
    type Item = Combination;

    fn next(&mut self) -> Option<Combination> {
        self.turn += 1;
        let others = match self.number("how many") % 100 {
            less if less < ONE => 0,
            less if less < ONE + TWO => 1,
            _ => 2,
        };
        let first = self.choose(0, |fault| others == 0 || fault.can_overlap());
        // Of a catalogue in which nothing can overlap each is played alone.
        let first = first.or_else(|| self.choose(0, |_| true))?;
        let alone = Combination::from(first);
        if others == 0 {
            return Some(alone);
        }
        // A list of one is always playable.
        let first = Combination::new(vec![self.planned(first, Duration::ZERO)]).unwrap_or(alone);
        Some((1..=others).fold(first, |drawn, place| self.joined(drawn, place)))
    }
}

/// FNV-1a, 64 bits.
fn hash(bytes: impl Iterator<Item = u8>) -> u64 {
    let add = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    bytes.fold(0xcbf2_9ce4_8422_2325, add)
}

/// Lets each bit depend on all: inputs that differ in their last byte alone
/// differ in few bits of their hash.
fn mixed(hash: u64) -> u64 {
    let folded = (hash ^ (hash >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let folded = (folded ^ (folded >> 29)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    folded ^ (folded >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(seed: u64, catalogue: Vec<Fault>, count: usize) -> Vec<String> {
        Draw::new(seed, catalogue).take(count).map(|drawn| drawn.to_string()).collect()
    }

    #[test]
    fn a_seed_gives_the_same_drills_again_and_another_seed_others() {
        let draw = |seed| written(seed, Fault::all(), 20);
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
        assert_eq!(Draw::new(7, Vec::new()).next(), None);
    }

    /// With the same catalogue, a release that draws otherwise would play other
    /// drills for the seeds in old reports.
    #[test]
    fn what_a_seed_means_does_not_change() {
        let names = ["crash", "fill-state", "kill-mariadb", "kill-qnetd", "kill-slurmctld"];
        let more = ["node-power-loss", "passive-crash", "cut-replication-link", "switchover"];
        let names = names.into_iter().chain(more);
        let catalogue = names.map(|name| name.parse().unwrap()).collect();
        insta::assert_debug_snapshot!(written(1, catalogue, 8));
    }

    #[test]
    fn a_fault_more_changes_only_the_draws_in_which_it_comes_up() {
        let all = Fault::all();
        let added = all[30];
        let fewer: Vec<Fault> = all.iter().copied().filter(|fault| *fault != added).collect();
        let (with, without) = (written(5, all, 200), written(5, fewer, 200));
        let changed: Vec<_> =
            with.iter().zip(&without).filter(|(with, without)| with != without).collect();
        assert!(!changed.is_empty(), "{} was not drawn", added.name());
        for (with, _) in changed {
            assert!(with.contains(&added.name()), "{with}");
        }
    }

    /// The rule that counts: what is drawn is something that has to be survived.
    #[test]
    fn thousands_of_drills_are_playable_overlap_and_leave_something_that_goes_on() {
        let mut count = [0_usize; 4];
        for seed in 0..50 {
            for drawn in Draw::new(seed, Fault::all()).take(100) {
                assert_eq!(drawn.is_too_much(), None, "{drawn}");
                assert_eq!(drawn.to_string().parse(), Ok(drawn.clone()), "{drawn}");
                let faults = drawn.faults();
                count[faults.len()] += 1;
                let last = faults.last().unwrap().after;
                for planned in faults.iter().filter(|it| faults.len() > 1 && !it.lasts.is_zero()) {
                    assert!(planned.after + planned.lasts > last, "{drawn}");
                }
            }
        }
        let [_, one, two, three] = count;
        assert!(one > 1000 && two > one && three > 100 && three < one, "{count:?}");
    }

    #[test]
    fn what_cannot_overlap_is_drawn_alone() {
        let drawn = written(3, vec![Fault::Switchover, Fault::Blackout], 30);
        assert!(drawn.iter().all(|it| !it.contains('+')), "{drawn:?}");
        assert!(drawn.contains(&"switchover".to_owned()), "{drawn:?}");
    }
}
