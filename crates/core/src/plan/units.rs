// SPDX-License-Identifier: Apache-2.0
//! systemd units: running, and with which configuration.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::build::{PlannedStep, in_quotes};
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
        Enablement::Unmasked => !present.starts_with("masked"),
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

/// A step when the unit runs.
pub(super) fn not_running(observed: &Observation, unit: &str) -> Option<PlannedStep> {
    let runs = observed.units.get(unit).is_some_and(is_active);
    runs.then(|| Step::StopUnit { unit: unit.to_owned() }.into())
}

/// Steps that end a unit of the distribution's where slurmha has set it up.
/// Its file stays, so the reason says how to keep the unit for something else.
pub(super) fn retired(observed: &Observation, unit: &str, ours: &Path) -> Vec<PlannedStep> {
    if !observed.files.contains_key(ours) {
        return Vec::new();
    }
    let why = format!("set up by slurmha; left alone without {}", ours.display());
    let steps = not_enabled(observed, unit).into_iter().chain(not_running(observed, unit));
    steps.map(|planned| PlannedStep { why: why.clone(), ..planned }).collect()
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
    let stale = reads.iter().find(|path| is_newer(observed, path, state, written))?;
    Some(PlannedStep::because(
        Step::RestartUnit { unit: unit.to_owned() },
        format!("reads {}", stale.display()),
    ))
}

/// Whether the unit is active, and goes by what its file said before.
pub(super) fn is_outdated(
    observed: &Observation,
    unit: &str,
    file: &PathBuf,
    written: &BTreeSet<PathBuf>,
) -> bool {
    let active = observed.units.get(unit).filter(|state| is_active(state));
    active.is_some_and(|state| is_newer(observed, file, state, written))
}

/// A mount that goes by what its file said before. Whoever has a file open there keeps it from
/// being taken away, and nobody's work is ended for it: it is for people to choose the moment.
pub(super) fn outdated_mount(unit: &str) -> String {
    format!(
        "{unit} is still mounted as its file said before: there, when nobody works in it, \
         `systemctl restart {}`",
        in_quotes(unit)
    )
}

/// Whether a file has been written since the unit became active, or will be.
fn is_newer(
    observed: &Observation,
    path: &PathBuf,
    state: &UnitState,
    written: &BTreeSet<PathBuf>,
) -> bool {
    written.contains(path)
        || match (modified(observed, path), state.since) {
            (Some(modified), Some(since)) => modified > since,
            _ => false,
        }
}

/// When a file or secret was last written.
pub(super) fn modified(observed: &Observation, path: &PathBuf) -> Option<jiff::Timestamp> {
    observed.files.get(path).map(|file| file.modified).or_else(|| {
        let secret = observed.secrets.values().find(|secret| &secret.path == path);
        secret.map(|secret| secret.modified)
    })
}
