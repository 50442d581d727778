// SPDX-License-Identifier: Apache-2.0
//! The shortest sequence that still fails.

use crate::drill::combination::Combination;

/// The shortest sequence found that still fails, of one that did. First, what
/// comes before the last drill is left out, by halves and then one by one; then
/// of what is left each fault; then each time for which a fault lasts is made
/// half as long, for as long as that fails. `fails` plays a sequence, which
/// takes minutes, so that it is asked as rarely as that allows; the whole
/// sequence is not played again.
///
/// # Errors
/// That of `fails`, when a sequence could not be played.
pub fn shrink<E>(
    sequence: &[Combination],
    mut fails: impl FnMut(&[Combination]) -> Result<bool, E>,
) -> Result<Vec<Combination>, E> {
    let fewer = fewer_drills(sequence.to_vec(), &mut fails)?;
    let fewer = fewer_faults(fewer, &mut fails)?;
    shorter_faults(fewer, &mut fails)
}

/// Whether a sequence can be made shorter at all.
pub fn can_shrink(sequence: &[Combination]) -> bool {
    let can_be_less = |it: &Combination| it.faults().len() > 1 || it.halved(0).is_some();
    sequence.len() > 1 || sequence.iter().any(can_be_less)
}

fn fewer_drills<E>(
    mut shortest: Vec<Combination>,
    fails: &mut impl FnMut(&[Combination]) -> Result<bool, E>,
) -> Result<Vec<Combination>, E> {
    let mut piece = shortest.len().saturating_sub(1);
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

/// The last drill first: it is the one that failed, and most is in it.
fn fewer_faults<E>(
    mut shortest: Vec<Combination>,
    fails: &mut impl FnMut(&[Combination]) -> Result<bool, E>,
) -> Result<Vec<Combination>, E> {
    for drill in (0..shortest.len()).rev() {
        let mut fault = 0;
        while fault < shortest[drill].faults().len() {
            let Some(smaller) = shortest[drill].without(fault) else { break };
            if !try_instead(&mut shortest, drill, smaller, fails)? {
                fault += 1;
            }
        }
    }
    Ok(shortest)
}

fn shorter_faults<E>(
    mut shortest: Vec<Combination>,
    fails: &mut impl FnMut(&[Combination]) -> Result<bool, E>,
) -> Result<Vec<Combination>, E> {
    for drill in (0..shortest.len()).rev() {
        for fault in 0..shortest[drill].faults().len() {
            while let Some(shorter) = shortest[drill].halved(fault)
                && try_instead(&mut shortest, drill, shorter, fails)?
            {}
        }
    }
    Ok(shortest)
}

/// Puts a drill in the place of another one if the sequence still fails then.
fn try_instead<E>(
    shortest: &mut Vec<Combination>,
    drill: usize,
    instead: Combination,
    fails: &mut impl FnMut(&[Combination]) -> Result<bool, E>,
) -> Result<bool, E> {
    let mut candidate = shortest.clone();
    candidate[drill] = instead;
    let still_fails = fails(&candidate)?;
    if still_fails {
        *shortest = candidate;
    }
    Ok(still_fails)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    fn sequence(texts: &[&str]) -> Vec<Combination> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    fn written(sequence: &[Combination]) -> String {
        sequence.iter().map(Combination::to_string).collect::<Vec<_>>().join(",")
    }

    #[test]
    fn the_two_that_matter_are_found() {
        let mut long = sequence(&["kill-slurmdbd"; 9]);
        long[4] = "kill-munged".parse().unwrap();
        long.push("switchover".parse().unwrap());
        let mut plays = 0;
        let found = shrink(&long, |candidate| {
            plays += 1;
            let text = written(candidate);
            Ok::<_, Infallible>(text.contains("kill-munged") && text.ends_with("switchover"))
        });
        assert_eq!(written(&found.unwrap()), "kill-munged,switchover");
        assert!(plays <= 16, "{plays}");
    }

    #[test]
    fn of_faults_that_overlap_only_those_stay_that_matter_and_no_longer_than_they_have_to() {
        let long = sequence(&["crash", "kill-qnetd+cut-replication-link@5:60+kill-mariadb@9"]);
        let found = shrink(&long, |candidate| {
            let faults = candidate.iter().flat_map(|drill| drill.faults());
            let cut = "cut-replication-link".parse().unwrap();
            let mut cuts = faults.filter(|planned| planned.fault == cut);
            Ok::<_, Infallible>(cuts.any(|planned| planned.lasts.as_secs() >= 10))
        });
        assert_eq!(written(&found.unwrap()), "cut-replication-link:15");
    }

    #[test]
    fn a_fault_that_fails_alone_is_left_alone() {
        let long = sequence(&["crash", "kill-munged", "kill-qnetd+crash@4"]);
        let found = shrink(&long, |_| Ok::<_, Infallible>(true));
        assert_eq!(written(&found.unwrap()), "crash");
        assert_eq!(shrink(&long, |_| Err("no laboratory")), Err("no laboratory"));
        let one = sequence(&["crash"]);
        assert!(!can_shrink(&one));
        assert_eq!(shrink(&one, |_| Err("never asked")), Ok(one.clone()));
        assert!(can_shrink(&sequence(&["fill-state"])));
    }
}
