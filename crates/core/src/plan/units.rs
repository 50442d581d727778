// SPDX-License-Identifier: Apache-2.0
//! systemd units: running, and with which configuration.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::build::PlannedStep;
use super::step::{Enablement, Step};
use crate::observe::{Observation, UnitState};

/// Units that Pacemaker starts; their state tells which configuration runs.
pub const MANAGED_UNITS: [&str; 4] =
    ["slurmctld.service", "slurmdbd.service", "mariadb.service", "corosync.service"];

/// Whether the unit runs, or is on its way.
pub(super) fn is_active(unit: &UnitState) -> bool {
    matches!(unit.active.as_str(), "active" | "activating" | "reloading")
}

/// A step when the unit's enablement differs.
pub(super) fn enablement(
    observed: &Observation,
    unit: &str,
    wanted: Enablement,
) -> Option<PlannedStep> {
    let present = observed.units.get(unit).map_or("", |state| state.enabled.as_str());
    let as_wanted = match wanted {
        Enablement::Enabled => present == "enabled",
        // A unit without a file cannot start; after its package is
        // installed the step looks again.
        Enablement::Disabled => {
            matches!(present, "disabled" | "masked" | "static" | "indirect" | "alias")
        }
        Enablement::Masked => present.starts_with("masked"),
    };
    let step = Step::SetUnitEnablement { unit: unit.to_owned(), enablement: wanted };
    let was = if present.is_empty() { "not installed" } else { present };
    (!as_wanted).then(|| PlannedStep::because(step, format!("is {was}")))
}

/// A step when the unit starts at boot.
pub(super) fn not_enabled(observed: &Observation, unit: &str) -> Option<PlannedStep> {
    let present = observed.units.get(unit).map_or("", |state| state.enabled.as_str());
    (present == "enabled").then(|| {
        let unit = unit.to_owned();
        Step::SetUnitEnablement { unit, enablement: Enablement::Disabled }.into()
    })
}

/// A step when the unit does not run, or runs with an older file than the
/// ones in `reads`. `written` are the files that this plan writes.
///
/// Comparing the time of the start with the time of the file, instead of
/// only looking at what this plan writes, completes a run that died between
/// writing the file and restarting the daemon.
pub(super) fn running(
    observed: &Observation,
    unit: &str,
    reads: &[PathBuf],
    written: &BTreeSet<PathBuf>,
) -> Option<PlannedStep> {
    let Some(state) = observed.units.get(unit).filter(|state| is_active(state)) else {
        return Some(Step::StartUnit { unit: unit.to_owned() }.into());
    };
    let stale = reads.iter().find(|path| {
        written.contains(*path)
            || match (modified(observed, path), state.since) {
                (Some(modified), Some(since)) => modified > since,
                _ => false,
            }
    })?;
    Some(PlannedStep::because(
        Step::RestartUnit { unit: unit.to_owned() },
        format!("reads {}", stale.display()),
    ))
}

/// When a file or secret was last written.
pub(super) fn modified(observed: &Observation, path: &PathBuf) -> Option<jiff::Timestamp> {
    observed.files.get(path).map(|file| file.modified).or_else(|| {
        let secret = observed.secrets.values().find(|secret| &secret.path == path);
        secret.map(|secret| secret.modified)
    })
}
