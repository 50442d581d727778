// SPDX-License-Identifier: Apache-2.0
//! Whether two controllers can write at the same time, told as it is heard.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::clock::ClockOffset;
use super::evidence::Sample;
use super::judge::signs;
use super::time::seconds;
use crate::site::NodeName;

/// Watches who can write, for as long as it is told. A report looks at one
/// drill from its first submission to its last; this looks at the time between
/// drills as well, in which machines come back and catch up.
#[derive(Clone, Debug, Default)]
pub struct WriterGuard {
    /// The last time for which each controller could write.
    stretches: BTreeMap<NodeName, Stretch>,
    heard: BTreeSet<NodeName>,
    found: Option<String>,
}

#[derive(Clone, Copy, Debug)]
struct Stretch {
    from: Timestamp,
    until: Timestamp,
    /// By how many seconds both may be wrong.
    error_s: f64,
    /// Whether it still could when it was last heard of.
    goes_on: bool,
}

impl WriterGuard {
    /// Notes what a controller was doing at a moment of its own clock. Each
    /// controller is told in order of time. What is shorter than the clocks are
    /// known exactly is not held against anybody.
    pub fn note(&mut self, machine: &NodeName, sample: &Sample, clock: ClockOffset) {
        let (at, state) = (clock.apply(sample.at), &sample.state);
        // Of a machine that cannot tell nothing is known from then on.
        let Some(signs) = signs(state) else { return self.lose(machine) };
        self.heard.insert(machine.clone());
        let writes = !signs.is_empty();
        match self.stretches.get_mut(machine) {
            Some(stretch) if stretch.goes_on && writes => stretch.until = at,
            Some(stretch) if !writes => stretch.goes_on = false,
            _ if writes => {
                let stretch =
                    Stretch { from: at, until: at, error_s: clock.error_s, goes_on: true };
                self.stretches.insert(machine.clone(), stretch);
            }
            _ => {}
        }
        if writes && self.found.is_none() {
            self.found = self.conflict(machine);
        }
    }

    /// Notes that a controller is not heard any more: what it did since then is
    /// not known, and nothing is held against it.
    pub fn lose(&mut self, machine: &NodeName) {
        if let Some(stretch) = self.stretches.get_mut(machine) {
            stretch.goes_on = false;
        }
    }

    /// Whether it was ever told what a controller does. Of one that was not,
    /// nothing is proven.
    pub fn has_heard(&self, machine: &NodeName) -> bool {
        self.heard.contains(machine)
    }

    /// Who could write together and when, the first time that it happened.
    pub fn found(&self) -> Option<&str> {
        self.found.as_deref()
    }

    fn conflict(&self, machine: &NodeName) -> Option<String> {
        let own = self.stretches.get(machine)?;
        let overlaps = |other: &Stretch| {
            let together_s = seconds(own.from.max(other.from), own.until.min(other.until));
            together_s >= own.error_s + other.error_s
        };
        let mut others = self.stretches.iter().filter(|(name, _)| *name != machine);
        let (other, with) = others.find(|(_, stretch)| overlaps(stretch))?;
        let at = own.from.max(with.from).strftime("%H:%M:%S UTC");
        Some(format!("{machine} and {other} could write at the same time at {at}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drill::tests::sample;

    const EXACT: ClockOffset = ClockOffset { add_s: 0.0, error_s: 0.0 };

    /// What is noted of `(machine, second, whether it writes)`.
    fn guard(told: &[(&str, f64, bool)]) -> WriterGuard {
        let mut guard = WriterGuard::default();
        for &(machine, second, writes) in told {
            guard.note(&machine.into(), &sample(second, writes), EXACT);
        }
        guard
    }

    #[test]
    fn one_after_the_other_is_no_conflict() {
        let guard = guard(&[
            ("ctl1", 0.0, true),
            ("ctl2", 0.0, false),
            ("ctl1", 5.0, true),
            ("ctl1", 5.2, false),
            ("ctl2", 5.3, true),
            ("ctl2", 9.0, true),
            ("ctl1", 9.0, false),
        ]);
        assert_eq!(guard.found(), None);
        assert!(guard.has_heard(&"ctl2".into()) && !guard.has_heard(&"ctl3".into()));
    }

    /// One of them is heard late.
    #[test]
    fn two_at_once_are_found_in_whatever_order_they_are_told() {
        let late = guard(&[
            ("ctl1", 0.0, true),
            ("ctl1", 8.0, true),
            ("ctl1", 8.2, false),
            ("ctl2", 7.5, true),
        ]);
        let found = late.found().unwrap();
        assert!(found.starts_with("ctl2 and ctl1 could write at the same time at "), "{found}");
        let live = guard(&[("ctl1", 0.0, true), ("ctl2", 3.0, true), ("ctl1", 3.2, true)]);
        assert!(live.found().is_some());
    }

    /// A sample that does not tell is none.
    #[test]
    fn one_that_cannot_tell_was_not_heard() {
        let mut guard = WriterGuard::default();
        let mut untold = sample(0.0, false);
        untold.state.drbd_role = None;
        guard.note(&"ctl1".into(), &untold, EXACT);
        assert!(!guard.has_heard(&"ctl1".into()));
    }

    /// A machine that lost its power said nothing of its end.
    #[test]
    fn a_machine_that_fell_silent_does_not_write_for_ever() {
        let mut guard = guard(&[("ctl1", 0.0, true), ("ctl1", 4.0, true)]);
        guard.lose(&"ctl1".into());
        guard.note(&"ctl2".into(), &sample(20.0, true), EXACT);
        guard.note(&"ctl2".into(), &sample(90.0, true), EXACT);
        assert_eq!(guard.found(), None);
        guard.note(&"ctl1".into(), &sample(80.0, true), EXACT);
        assert!(guard.found().is_some());
    }

    #[test]
    fn clocks_that_are_not_known_better_prove_nothing() {
        let vague = ClockOffset { add_s: 0.0, error_s: 0.3 };
        let mut guard = WriterGuard::default();
        for (machine, second) in [("ctl1", 0.0), ("ctl1", 4.0), ("ctl2", 3.5), ("ctl2", 3.9)] {
            guard.note(&machine.into(), &sample(second, true), vague);
        }
        assert_eq!(guard.found(), None);
        guard.note(&"ctl1".into(), &sample(4.9, true), vague);
        guard.note(&"ctl2".into(), &sample(4.9, true), vague);
        assert!(guard.found().is_some());
    }
}
