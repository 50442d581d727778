// SPDX-License-Identifier: Apache-2.0
//! One version of Slurm everywhere.

use std::collections::BTreeMap;

use super::{Finding, Seen};
use crate::site::Site;

/// Packages that carry Slurm's version.
const SLURM: [&str; 4] = ["slurmctld", "slurmdbd", "slurmd", "slurm-client"];

pub(super) fn check(_site: &Site, seen: &[Seen<'_>]) -> Vec<Finding> {
    let versions: Vec<(&Seen<'_>, &str)> =
        seen.iter().filter_map(|seen| Some((seen, version(seen)?))).collect();
    let Some(usual) = most_frequent(versions.iter().map(|(_, version)| *version)) else {
        return Vec::new();
    };
    let finding = |(seen, version): &(&Seen<'_>, &str)| {
        if *version == usual {
            Finding::pass("slurm", seen.name(), format!("version {version}"))
        } else {
            Finding::fail(
                "slurm",
                seen.name(),
                format!("has or would get Slurm {version}, most others {usual}"),
                "bring the package sources of the machines to the same state",
            )
        }
    };
    versions.iter().map(finding).collect()
}

/// The installed version, or the one that apt would install.
fn version<'a>(seen: &Seen<'a>) -> Option<&'a str> {
    let installed = SLURM.iter().find_map(|name| seen.observed.packages.get(*name));
    let candidates = seen.observed.preflight.as_ref().map(|preflight| &preflight.candidates);
    let candidate = || SLURM.iter().find_map(|name| candidates?.get(*name));
    installed.or_else(candidate).map(String::as_str)
}

fn most_frequent<'a>(values: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for value in values {
        *counts.entry(value).or_default() += 1;
    }
    counts.into_iter().max_by_key(|(_, count)| *count).map(|(value, _)| value)
}
