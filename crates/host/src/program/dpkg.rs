// SPDX-License-Identifier: Apache-2.0
//! dpkg(1): which packages are installed, read from its database directly,
//! because starting dpkg-query takes longer than all the rest of a look.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use crate::command::{Command, CommandError};
use crate::system::{FileError, System};

/// dpkg's database: stanzas in the form of deb-control(5).
const STATUS_FILE: &str = "/var/lib/dpkg/status";

/// Version of each of these packages that is fully installed.
pub fn installed(
    system: &dyn System,
    packages: &[String],
) -> Result<BTreeMap<String, String>, FileError> {
    let bytes = system.read(Path::new(STATUS_FILE))?.unwrap_or_default();
    Ok(parse_status(&String::from_utf8_lossy(&bytes), packages))
}

/// `dpkg --configure --pending`: completes what a killed dpkg left.
pub fn configure_pending(system: &dyn System) -> Result<(), CommandError> {
    let command = Command::new("dpkg")
        .args(["--force-confdef", "--force-confold", "--configure", "--pending"])
        .env("DEBIAN_FRONTEND", "noninteractive")
        .env("NEEDRESTART_SUSPEND", "1")
        .timeout(Duration::from_secs(900));
    system.run(&command)?.success().map(|_| ())
}

/// Picks the wanted packages with status `install ok installed` (or `hold ok
/// installed`) out of dpkg's database.
fn parse_status(text: &str, packages: &[String]) -> BTreeMap<String, String> {
    text.split("\n\n")
        .filter_map(|stanza| {
            let name = stanza.trim_start().strip_prefix("Package: ")?.lines().next()?;
            if !packages.iter().any(|package| package == name) {
                return None;
            }
            let field = |key: &str| stanza.lines().find_map(|line| line.strip_prefix(key));
            let installed = field("Status: ")?.ends_with(" ok installed");
            installed.then_some((name.to_owned(), field("Version: ")?.to_owned()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_installations_count() {
        let text = "Package: munge\nStatus: install ok installed\nVersion: 0.5.15-2\n\n\
            Package: slurmctld\nStatus: install ok half-configured\nVersion: 22.05.8-4\n\n\
            Package: corosync\nStatus: deinstall ok config-files\nVersion: 3.1.7-1\n\n\
            Package: other\nStatus: install ok installed\nVersion: 1\n";
        let wanted = ["munge", "slurmctld", "corosync"].map(str::to_owned);
        let found = parse_status(text, &wanted);
        assert_eq!(found, BTreeMap::from([("munge".to_owned(), "0.5.15-2".to_owned())]));
    }
}
