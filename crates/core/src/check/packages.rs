// SPDX-License-Identifier: Apache-2.0
//! One version of Slurm everywhere.

use super::{Finding, Seen, most_frequent};
use crate::observe::Reading;
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
    let untold = seen.iter().filter(|seen| version(seen).is_none()).filter_map(untold);
    versions.iter().map(finding).chain(untold).collect()
}

/// Why a machine that is to have Slurm tells no version.
fn untold(seen: &Seen<'_>) -> Option<Finding> {
    let why = match &seen.observed.preflight.as_ref()?.candidates {
        Reading::Known(_) => "apt has no package of it, or its lists were never fetched",
        Reading::Unknown(why) => why,
    };
    let takes_part = seen.machine.takes_part_in_slurm();
    takes_part.then(|| Finding::unknown("slurm", seen.name(), why))
}

/// The installed version, or the one that apt would install.
fn version<'a>(seen: &Seen<'a>) -> Option<&'a str> {
    let installed = SLURM.iter().find_map(|name| seen.observed.packages.get(*name));
    let preflight = seen.observed.preflight.as_ref();
    let candidates = preflight.and_then(|preflight| preflight.candidates.known());
    let candidate = || SLURM.iter().find_map(|name| candidates?.get(*name));
    installed.or_else(candidate).map(String::as_str)
}
