// SPDX-License-Identifier: Apache-2.0
//! Whether units start at boot, for several steps by one program.
//!
//! After each `systemctl enable` or `disable` systemd reads all of its unit
//! files again, once for however many units were named (verb_enable in
//! systemd's systemctl-enable.c). That is most of what a step costs.

use slurmha_core::plan::{Enablement, Outcome, Step};

use super::StepError;
use super::context::Context;
use super::units::{look_at, set_enablement, set_from};
use crate::command::CommandError;
use crate::program::systemctl::{self, Shown};

/// What was done for steps that are still to come.
#[derive(Default)]
pub(super) struct Ahead {
    done: Vec<(String, Enablement)>,
}

impl Ahead {
    /// Makes a unit what it shall be, and with it those of the later steps
    /// that want the same and need the same word for it. What needs more, or
    /// is no unit that it can be done to, is left to its own step, and so is
    /// everything when they could not be changed together: that step then
    /// fails alone, and names its unit.
    pub(super) fn set(
        &mut self,
        context: &Context<'_>,
        unit: &str,
        wanted: Enablement,
        later: &[Step],
    ) -> Result<Outcome, StepError> {
        let known = |done: &(String, Enablement)| done.0 == unit && done.1 == wanted;
        if let Some(index) = self.done.iter().position(known) {
            self.done.remove(index);
            return Ok(Outcome::Changed);
        }
        let Some(verb) = verb(wanted) else { return set_enablement(context, unit, wanted) };
        let mut units = vec![unit.to_owned()];
        units.extend(self.not_done(later, wanted));
        let shown = look_at(context.system, &units)?;
        let (own, together) = (&shown[0], changeable(&units, &shown, wanted));
        if together.len() < 2 {
            return set_from(context, unit, wanted, own);
        }
        match systemctl::act_on_all(context.system, verb, &together) {
            Ok(()) => {}
            Err(CommandError::Failed { .. }) => return set_enablement(context, unit, wanted),
            Err(error) => return Err(error.into()),
        }
        let others = together.iter().filter(|name| *name != unit);
        self.done.extend(others.map(|name| (name.clone(), wanted)));
        if together.iter().any(|name| name == unit) {
            return Ok(Outcome::Changed);
        }
        set_from(context, unit, wanted, own)
    }

    /// Units of the steps that follow, up to the first that does something
    /// else than to start and stop units: a package or file that is still to
    /// come may decide about a unit behind it.
    fn not_done(&self, later: &[Step], wanted: Enablement) -> Vec<String> {
        let about_units = |step: &&Step| {
            matches!(
                step,
                Step::SetUnitEnablement { .. }
                    | Step::StartUnit { .. }
                    | Step::RestartUnit { .. }
                    | Step::StopUnit { .. }
            )
        };
        let wants_the_same = |step: &Step| match step {
            Step::SetUnitEnablement { unit, enablement } if *enablement == wanted => {
                Some(unit.clone())
            }
            _ => None,
        };
        let is_new = |unit: &String| !self.done.iter().any(|(known, _)| known == unit);
        later.iter().take_while(about_units).filter_map(wants_the_same).filter(is_new).collect()
    }
}

/// The one word that may be enough.
fn verb(wanted: Enablement) -> Option<&'static str> {
    match wanted {
        Enablement::Enabled => Some("enable"),
        Enablement::Disabled => Some("disable"),
        Enablement::Masked | Enablement::Unmasked => None,
    }
}

/// Those of the units for which that word alone is needed, and is enough.
fn changeable(units: &[String], shown: &[Shown], wanted: Enablement) -> Vec<String> {
    let is_changeable = |shown: &Shown| {
        let state = &shown.state;
        let enabled = state.enabled.starts_with("enabled");
        state.load != "masked"
            && match wanted {
                Enablement::Enabled => {
                    !enabled && state.load != "not-found" && state.enabled != "static"
                }
                Enablement::Disabled => enabled,
                Enablement::Masked | Enablement::Unmasked => false,
            }
    };
    let pairs = units.iter().zip(shown);
    pairs.filter(|(_, shown)| is_changeable(shown)).map(|(unit, _)| unit.clone()).collect()
}
