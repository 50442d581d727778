// SPDX-License-Identifier: Apache-2.0
//! Distribution, host name and the DRBD module of every installed kernel.

use super::{Finding, Seen};
use crate::site::{Role, Site};

/// Distributions on which the laboratory proves every release.
const SUPPORTED: [(&str, &str); 1] = [("debian", "12")];

pub(super) fn check(_site: &Site, seen: &[Seen<'_>]) -> Vec<Finding> {
    seen.iter()
        .flat_map(|seen| [distribution(seen), hostname(seen), module(seen)])
        .flatten()
        .collect()
}

fn distribution(seen: &Seen<'_>) -> Option<Finding> {
    let (id, version) = (&seen.observed.os_id, &seen.observed.os_version);
    Some(if SUPPORTED.contains(&(id.as_str(), version.as_str())) {
        Finding::pass("system", seen.name(), format!("{id} {version}"))
    } else {
        Finding::fail(
            "system",
            seen.name(),
            format!("runs {id} {version}, on which slurmha has not been proven"),
            "use Debian 12",
        )
    })
}

/// Pacemaker, DRBD (`on NAME`) and Slurm all go by `uname -n`.
fn hostname(seen: &Seen<'_>) -> Option<Finding> {
    let name = seen.name();
    Some(if seen.observed.hostname == name.as_str() {
        Finding::pass("hostname", name, "is its name in the site file")
    } else {
        Finding::fail(
            "hostname",
            name,
            format!("calls itself {}", seen.observed.hostname),
            format!("`hostnamectl set-hostname {name}` there, or correct the site file"),
        )
    })
}

/// The next kernel counts as much as the running one: a module that is
/// missing after an update is found at the reboot, and then by an outage.
fn module(seen: &Seen<'_>) -> Option<Finding> {
    if !seen.is(Role::Controller) {
        return None;
    }
    let modules = &seen.observed.preflight.as_ref()?.drbd_module;
    if modules.is_empty() {
        return Some(Finding::unknown("drbd-module", seen.name(), "no installed kernel was found"));
    }
    let without: Vec<&str> =
        modules.iter().filter(|(_, has)| !**has).map(|(kernel, _)| kernel.as_str()).collect();
    Some(if without.is_empty() {
        Finding::pass("drbd-module", seen.name(), "in every installed kernel")
    } else {
        Finding::fail(
            "drbd-module",
            seen.name(),
            format!("kernel {} has no drbd module", without.join(", ")),
            "install the distribution's standard kernel (linux-image-amd64), or remove that one",
        )
    })
}
