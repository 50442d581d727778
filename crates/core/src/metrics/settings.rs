// SPDX-License-Identifier: Apache-2.0
//! Settings that make no difference until something fails, and what somebody
//! has left behind.

use super::family::Family;
use super::{Answer, Snapshot};
use crate::observe::{Preference, Reading, Safeguards};
use crate::site::Site;
use crate::status::is_left_behind;

/// Settings that only a failure needs, each whether it is strong enough, and
/// what somebody has left behind.
#[derive(Clone, Debug, Default)]
pub struct SettingsAnswer {
    /// How the state volume is mounted; nothing where it is not.
    pub state_mount: Reading<Option<bool>>,
    /// DRBD's policy; nothing where it has none.
    pub drbd_fencing: Reading<Option<bool>>,
    /// How long the arbiter keeps a dead controller; nothing without one.
    pub arbiter_timeout: Reading<Option<bool>>,
    /// The same as they are, for a console.
    pub in_force: Safeguards,
    /// What somebody has moved by hand.
    pub preferences: Reading<Vec<Preference>>,
}

impl SettingsAnswer {
    /// Preferences that nothing ends.
    fn leftover_preferences(&self) -> Option<usize> {
        let known = self.preferences.known()?;
        Some(known.iter().filter(|preference| is_left_behind(preference)).count())
    }

    /// The settings with the names that they have in the metric.
    fn named(&self) -> [(&'static str, &Reading<Option<bool>>); 3] {
        [
            ("state_mount", &self.state_mount),
            ("drbd_fencing", &self.drbd_fencing),
            (ARBITER_TIMEOUT, &self.arbiter_timeout),
        ]
    }
}

const ARBITER_TIMEOUT: &str = "arbiter_timeout";

impl Answer for SettingsAnswer {
    fn trouble(&self) -> Option<&str> {
        self.named().into_iter().find_map(|(_, reading)| reading.why()).or(self.preferences.why())
    }

    /// Nothing is weak, and nothing was left behind. A policy that DRBD does not
    /// show, of a disk that it has let go, is there as soon as the disk is back.
    fn is_calm(&self) -> bool {
        let is_strong = |reading: &Reading<Option<bool>>| {
            reading.known().is_some_and(|is_strong| is_strong.unwrap_or(true))
        };
        self.named().into_iter().all(|(_, reading)| is_strong(reading))
            && self.drbd_fencing != Reading::Known(None)
            && self.leftover_preferences() == Some(0)
    }
}

pub(super) fn families(site: &Site, snapshot: &Snapshot) -> [Family; 2] {
    let answer = &snapshot.settings.answer;
    let is_there = |name: &str, reading: &Reading<Option<bool>>| {
        (name != ARBITER_TIMEOUT || site.arbiter.is_some()) && *reading != Reading::Known(None)
    };
    let in_force = answer.named().into_iter().filter(|(name, reading)| is_there(name, reading));
    let safeguards = Family::gauge(
        "slurmha_safeguard_in_force",
        "Whether a setting that only a failure needs is strong enough.",
    );
    [
        in_force.fold(safeguards, |family, (name, reading)| {
            family.with(&[("safeguard", name)], reading.known().copied().flatten())
        }),
        Family::gauge(
            "slurmha_pacemaker_leftover_preferences",
            "Constraints that a move by hand left behind and that draw a resource to a machine.",
        )
        .of(answer.leftover_preferences()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer() -> SettingsAnswer {
        SettingsAnswer {
            state_mount: Reading::Known(None),
            drbd_fencing: Reading::Known(Some(true)),
            arbiter_timeout: Reading::Known(Some(true)),
            in_force: Safeguards::default(),
            preferences: Reading::Known(Vec::new()),
        }
    }

    #[test]
    fn what_is_weak_or_left_behind_or_not_known_is_a_reason_to_look_more_often() {
        assert!(answer().is_calm());
        let weak = SettingsAnswer { drbd_fencing: Reading::Known(Some(false)), ..answer() };
        assert!(!weak.is_calm() && weak.trouble().is_none());
        let moved = |ends| Reading::Known(vec![Preference { ends, ..Preference::default() }]);
        assert!(SettingsAnswer { preferences: moved(true), ..answer() }.is_calm());
        let gone = SettingsAnswer { drbd_fencing: Reading::Known(None), ..answer() };
        assert!(!gone.is_calm() && gone.trouble().is_none());
        let left = SettingsAnswer { preferences: moved(false), ..answer() };
        assert!(!left.is_calm() && left.trouble().is_none());
        let why = "cibadmin did not end".to_owned();
        let silent = SettingsAnswer { preferences: Reading::Unknown(why.clone()), ..answer() };
        assert!(!silent.is_calm());
        assert_eq!(silent.trouble(), Some(why.as_str()));
        assert!(!SettingsAnswer::default().is_calm());
    }
}
