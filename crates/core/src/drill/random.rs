// SPDX-License-Identifier: Apache-2.0
//! Faults in an order that nobody chose, and the shortest order that still
//! fails.

use super::fault::Fault;

/// Faults drawn from a seed: the same seed and catalogue, the same faults.
#[derive(Clone, Debug)]
pub struct Draw {
    random: fastrand::Rng,
    catalogue: Vec<Fault>,
}

impl Draw {
    /// Draws from this catalogue, for ever. An empty one gives nothing.
    pub fn new(seed: u64, catalogue: Vec<Fault>) -> Self {
        Self { random: fastrand::Rng::with_seed(seed), catalogue }
    }
}

impl Iterator for Draw {
    type Item = Fault;

    fn next(&mut self) -> Option<Fault> {
        self.random.choice(self.catalogue.iter().copied())
    }
}

/// The shortest sequence found that still fails, of one that did: what comes
/// before the last fault is left out, by halves and then one by one. `fails`
/// plays a sequence, which takes minutes, so that it is asked as rarely as
/// that allows; the whole sequence is not played again.
///
/// # Errors
/// That of `fails`, when a sequence could not be played.
pub fn shrink<E>(
    sequence: &[Fault],
    mut fails: impl FnMut(&[Fault]) -> Result<bool, E>,
) -> Result<Vec<Fault>, E> {
    let mut shortest = sequence.to_vec();
    let mut piece = sequence.len().saturating_sub(1);
    while piece > 0 {
        let mut start = 0;
        while start + piece < shortest.len() {
            let mut candidate = shortest.clone();
            candidate.drain(start..start + piece);
            if fails(&candidate)? {
                shortest = candidate;
            } else {
                start += piece;
            }
        }
        piece /= 2;
    }
    Ok(shortest)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;
    use crate::drill::fault::{Daemon, FaultSignal, Side};

    fn kill(daemon: Daemon) -> Fault {
        Fault::Process(Side::Active, daemon, FaultSignal::Kill)
    }

    #[test]
    fn a_seed_gives_the_same_faults_again_and_another_seed_others() {
        let draw = |seed| Draw::new(seed, Fault::all()).take(20).collect::<Vec<_>>();
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
        assert_eq!(Draw::new(7, Vec::new()).next(), None);
    }

    /// With the same catalogue, a release that draws otherwise would play other
    /// drills for the seeds in old reports.
    #[test]
    fn what_a_seed_means_does_not_change() {
        let catalogue = Daemon::ALL.map(kill).to_vec();
        let names: Vec<String> = Draw::new(1, catalogue).take(5).map(Fault::name).collect();
        insta::assert_debug_snapshot!(names);
    }

    #[test]
    fn the_two_that_matter_are_found() {
        let [first, last] = [kill(Daemon::Munged), Fault::Switchover];
        let mut sequence: Vec<Fault> = Draw::new(3, vec![kill(Daemon::Slurmdbd)]).take(9).collect();
        sequence[4] = first;
        sequence.push(last);
        let mut plays = 0;
        let found = shrink(&sequence, |candidate| {
            plays += 1;
            Ok::<_, Infallible>(candidate.contains(&first) && candidate.last() == Some(&last))
        });
        assert_eq!(found, Ok(vec![first, last]));
        assert!(plays <= 16, "{plays}");
    }

    #[test]
    fn a_fault_that_fails_alone_is_left_alone() {
        let sequence: Vec<Fault> = Draw::new(3, Fault::all()).take(6).collect();
        let found = shrink(&sequence, |_| Ok::<_, Infallible>(true));
        assert_eq!(found, Ok(vec![sequence[5]]));
        let unplayed = shrink(&sequence, |_| Err("no laboratory"));
        assert_eq!(unplayed, Err("no laboratory"));
        let one = shrink(&sequence[..1], |_| Err("never asked"));
        assert_eq!(one, Ok(vec![sequence[0]]));
    }
}
