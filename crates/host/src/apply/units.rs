// SPDX-License-Identifier: Apache-2.0
//! systemd units.

use std::time::Duration;

use slurmha_core::plan::{Enablement, Outcome};

use super::StepError;
use super::context::{Context, Look};
use crate::program::systemctl::{self, Shown};
use crate::system::System;

/// A daemon of Type=simple counts as started the moment it is forked; one
/// that refuses its configuration dies within this time.
const SETTLE: Duration = Duration::from_millis(500);

/// A unit may be stopping or activating when it is looked at.
const TRANSITION_LIMIT: Duration = Duration::from_secs(90);

pub(super) fn reload(context: &Context<'_>) -> Result<Outcome, StepError> {
    if !systemctl::any_stale(context.system)? {
        return Ok(Outcome::Unchanged);
    }
    systemctl::daemon_reload(context.system)?;
    Ok(Outcome::Changed)
}

pub(super) fn set_enablement(
    context: &Context<'_>,
    unit: &str,
    wanted: Enablement,
) -> Result<Outcome, StepError> {
    set_from(context, unit, wanted, &look(context.system, unit)?)
}

/// As [`set_enablement`], for a unit that has been looked at a moment ago.
pub(super) fn set_from(
    context: &Context<'_>,
    unit: &str,
    wanted: Enablement,
    shown: &Shown,
) -> Result<Outcome, StepError> {
    let system = context.system;
    let masked = shown.state.load == "masked";
    let enabled = shown.state.enabled.starts_with("enabled");
    match wanted {
        Enablement::Masked if masked => Ok(Outcome::Unchanged),
        Enablement::Masked => act(system, &["mask"], unit),
        Enablement::Unmasked if masked => act(system, &["unmask"], unit),
        Enablement::Unmasked => Ok(Outcome::Unchanged),
        Enablement::Disabled if masked => act(system, &["unmask", "disable"], unit),
        Enablement::Disabled if enabled => act(system, &["disable"], unit),
        Enablement::Disabled => Ok(Outcome::Unchanged),
        Enablement::Enabled if masked => act(system, &["unmask", "enable"], unit),
        Enablement::Enabled if enabled => Ok(Outcome::Unchanged),
        Enablement::Enabled if shown.state.load == "not-found" => {
            Err(StepError::NoUnit(unit.to_owned()))
        }
        Enablement::Enabled if shown.state.enabled == "static" => {
            Err(StepError::StaticUnit(unit.to_owned()))
        }
        Enablement::Enabled => act(system, &["enable"], unit),
    }
}

fn act(system: &dyn System, verbs: &[&str], unit: &str) -> Result<Outcome, StepError> {
    for verb in verbs {
        systemctl::act(system, verb, unit)?;
    }
    Ok(Outcome::Changed)
}

pub(super) fn start(context: &Context<'_>, unit: &str) -> Result<Outcome, StepError> {
    let shown = look(context.system, unit)?;
    if shown.state.active == "active" {
        return Ok(Outcome::Unchanged);
    }
    run(context, "start", unit, &shown)
}

pub(super) fn restart(context: &Context<'_>, unit: &str) -> Result<Outcome, StepError> {
    let shown = look(context.system, unit)?;
    run(context, "restart", unit, &shown)
}

pub(super) fn stop(context: &Context<'_>, unit: &str) -> Result<Outcome, StepError> {
    let shown = look(context.system, unit)?;
    if matches!(shown.state.active.as_str(), "inactive" | "failed") {
        return Ok(Outcome::Unchanged);
    }
    systemctl::act(context.system, "stop", unit)?;
    Ok(Outcome::Changed)
}

fn run(context: &Context<'_>, verb: &str, unit: &str, shown: &Shown) -> Result<Outcome, StepError> {
    if shown.state.load == "not-found" {
        return Err(StepError::NoUnit(unit.to_owned()));
    }
    if let Err(error) = systemctl::act(context.system, verb, unit)
        && !is_started_again(context.system, unit, shown)
    {
        // systemctl only says "see journalctl": say what is there instead.
        return Err(match systemctl::last_words(context.system, unit) {
            Some(text) => not_running(unit, "failed", Some(text)),
            None => error.into(),
        });
    }
    confirm(context, unit)
}

/// Whether systemd starts the unit anew, or has done so, after its first start
/// failed (`Restart=`). Only the job has failed then: corosync-qdevice gives up
/// where Corosync takes ten seconds for its first answer, and runs a moment later.
fn is_started_again(system: &dyn System, unit: &str, before: &Shown) -> bool {
    systemctl::show_one(system, unit).is_ok_and(|now| match now.state.active.as_str() {
        "activating" => true,
        "active" => now.state.since != before.state.since,
        _ => false,
    })
}

/// Looks whether the unit still runs a moment later.
fn confirm(context: &Context<'_>, unit: &str) -> Result<Outcome, StepError> {
    let system = context.system;
    system.sleep(SETTLE);
    let look = || match systemctl::show_one(system, unit) {
        Err(error) => Look::Hopeless(error.into()),
        Ok(shown) => match shown.state.active.as_str() {
            "active" => Look::Ready(()),
            "activating" | "reloading" => Look::Missing(format!("{unit} is still activating")),
            active => {
                Look::Hopeless(not_running(unit, active, systemctl::last_words(system, unit)))
            }
        },
    };
    context.wait(TRANSITION_LIMIT, SETTLE, look, |missing, after| StepError::TooSlow {
        missing,
        after,
        hint: format!("systemctl status {unit}"),
    })?;
    Ok(Outcome::Changed)
}

fn not_running(unit: &str, active: &str, last_words: Option<String>) -> StepError {
    StepError::NotRunning { unit: unit.to_owned(), active: active.to_owned(), last_words }
}

fn look(system: &dyn System, unit: &str) -> Result<Shown, StepError> {
    let mut shown = look_at(system, &[unit.to_owned()])?;
    shown.pop().ok_or_else(|| StepError::NoUnit(unit.to_owned()))
}

/// The units as they are on the disk, one for each name: a killed run may have
/// left systemd with older versions of them.
pub(super) fn look_at(system: &dyn System, units: &[String]) -> Result<Vec<Shown>, StepError> {
    let shown = systemctl::show(system, units)?;
    if !shown.iter().any(|unit| unit.stale) {
        return Ok(shown);
    }
    systemctl::daemon_reload(system)?;
    Ok(systemctl::show(system, units)?)
}
