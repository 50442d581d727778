// SPDX-License-Identifier: Apache-2.0
//! apt-get(8): installs packages without asking anything.

use std::time::Duration;

use crate::command::{Command, CommandError, CommandOutput};
use crate::system::System;

/// Downloads over a slow mirror and unpacking on a slow machine included.
const INSTALL_TIMEOUT: Duration = Duration::from_secs(1800);
const UPDATE_TIMEOUT: Duration = Duration::from_secs(300);

/// Waits for another apt or dpkg (unattended-upgrades) this long before it
/// gives up; apt.conf(5).
const LOCK_TIMEOUT: &str = "DPkg::Lock::Timeout=120";

/// `apt-get install`, keeping configuration files that are there already.
pub fn install_command(packages: &[String]) -> Command {
    quiet(INSTALL_TIMEOUT)
        .args(["-o", "Dpkg::Options::=--force-confdef", "-o", "Dpkg::Options::=--force-confold"])
        .args(["install", "--yes", "--no-install-recommends", "--"])
        .args(packages)
}

/// `apt-get update`.
pub fn update_command() -> Command {
    quiet(UPDATE_TIMEOUT).arg("update")
}

fn quiet(timeout: Duration) -> Command {
    Command::new("apt-get")
        .args(["-q", "-o", LOCK_TIMEOUT])
        .env("DEBIAN_FRONTEND", "noninteractive")
        .env("APT_LISTCHANGES_FRONTEND", "none")
        // needrestart(1) would restart the daemons of a running cluster.
        .env("NEEDRESTART_SUSPEND", "1")
        .env("UCF_FORCE_CONFFOLD", "1")
        .timeout(timeout)
}

/// Installs packages. The package lists are fetched only when apt does not
/// know a package or cannot download it, because that takes long and is
/// rarely needed. An interrupted dpkg is completed first.
pub fn install(system: &dyn System, packages: &[String]) -> Result<(), CommandError> {
    let mut output = system.run(&install_command(packages))?;
    if was_interrupted(&output) {
        super::dpkg::configure_pending(system)?;
        output = system.run(&install_command(packages))?;
    }
    if wants_update(&output) {
        system.run(&update_command())?.success()?;
        output = system.run(&install_command(packages))?;
    }
    output.success().map(|_| ())
}

/// apt's words when its lists are too old, or absent.
fn wants_update(output: &CommandOutput) -> bool {
    let noise = output.stderr_text();
    let words = [
        "Unable to locate package",
        "has no installation candidate",
        "Unable to fetch some archives",
        "E: Failed to fetch",
    ];
    !output.ok() && words.iter().any(|text| noise.contains(text))
}

/// dpkg was killed while it worked.
fn was_interrupted(output: &CommandOutput) -> bool {
    !output.ok() && output.stderr_text().contains("dpkg was interrupted")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn install_asks_nothing_and_keeps_configuration() {
        let command = install_command(&["drbd-utils".to_owned()]).pasteable();
        insta::assert_snapshot!(command, @"apt-get -q -o DPkg::Lock::Timeout=120 -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold install --yes --no-install-recommends -- drbd-utils");
    }
}
