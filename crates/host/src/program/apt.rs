// SPDX-License-Identifier: Apache-2.0
//! apt-get(8): installs packages without asking anything.

use std::path::Path;
use std::time::Duration;

use slurmha_core::observe::Fetched;

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

/// A small file, from a server that may not answer.
pub const FETCH_TIMEOUT: Duration = Duration::from_secs(20);
/// Where the file lands for a moment; only root writes there.
const FETCHED: &str = "/run/slurmha-check-fetch";

/// Whether a file can be fetched in the way in which packages are: with apt's proxies
/// and certificates (`/usr/lib/apt/apt-helper`, apt 2.6.1). The file is thrown away.
pub fn try_to_fetch(system: &dyn System, url: &str) -> Fetched {
    let command = Command::new("/usr/lib/apt/apt-helper")
        .args(["-o", "Acquire::Retries=0", "-o", "Acquire::http::Timeout=10"])
        .args(["-o", "Acquire::https::Timeout=10", "download-file", url, FETCHED])
        .timeout(FETCH_TIMEOUT);
    let output = system.run(&command);
    // It is there only when all went well, and a leftover harms nobody.
    let _ = system.remove_file(Path::new(FETCHED));
    match output {
        Ok(output) if output.ok() => Fetched::Yes,
        Ok(output) => Fetched::No(why_not(&output.stderr_text())),
        Err(CommandError::TimedOut { after, .. }) => {
            Fetched::No(format!("no answer within {} s", after.as_secs()))
        }
        Err(error) => Fetched::Unknown(error.to_string()),
    }
}

/// `E: Failed to fetch URL  REASON`; `W:` lines before it may be about something else.
fn why_not(stderr: &str) -> String {
    let failed = stderr.lines().find_map(|line| line.strip_prefix("E: Failed to fetch "));
    let reason = failed.and_then(|rest| rest.split_once(' ')).map(|(_, reason)| reason.trim());
    reason.unwrap_or_else(|| stderr.trim()).to_owned()
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
        // A repository is new, and has what an installed or known one is too old for.
        "have unmet dependencies",
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

    /// What apt-helper 2.6.1 prints.
    #[test]
    fn the_reason_why_a_file_does_not_come() {
        let stderr = "W: Download is performed unsandboxed as root as file '/tmp/x' couldn't be \
            accessed by user '_apt'. - pkgAcquire::Run (13: Permission denied)\n\
            E: Failed to fetch http://127.0.0.1:9/none/dists/stable/InRelease  Could not connect \
            to 127.0.0.1:9 (127.0.0.1). - connect (111: Connection refused)\n\
            E: Download Failed\n";
        assert_eq!(
            why_not(stderr),
            "Could not connect to 127.0.0.1:9 (127.0.0.1). - connect (111: Connection refused)"
        );
        assert_eq!(why_not("killed\n"), "killed");
    }

    #[test]
    fn install_asks_nothing_and_keeps_configuration() {
        let command = install_command(&["drbd-utils".to_owned()]).pasteable();
        insta::assert_snapshot!(command, @"apt-get -q -o DPkg::Lock::Timeout=120 -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold install --yes --no-install-recommends -- drbd-utils");
    }
}
