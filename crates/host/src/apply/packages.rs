// SPDX-License-Identifier: Apache-2.0
//! Packages, without letting any daemon start.

use slurmha_core::plan::Outcome;

use super::StepError;
use super::context::Context;
use crate::program::{apt, dpkg, policy_rc_d};

pub(super) fn install(context: &Context<'_>, packages: &[String]) -> Result<Outcome, StepError> {
    let system = context.system;
    let installed = dpkg::installed(system, packages)?;
    let missing: Vec<String> =
        packages.iter().filter(|name| !installed.contains_key(*name)).cloned().collect();
    if missing.is_empty() {
        let was_left = policy_rc_d::remove_stale(system)?;
        return Ok(if was_left { Outcome::Changed } else { Outcome::Unchanged });
    }
    context.progress(format!("installing {}", missing.join(" ")))?;
    let guard = policy_rc_d::Guard::place(system)?;
    apt::install(system, &missing)?;
    guard.remove()?;
    Ok(Outcome::Changed)
}
