// SPDX-License-Identifier: Apache-2.0
//! drbdadm(8), drbdsetup(8) of drbd-utils 9.22 with kernel module 8.4.

use std::path::{Path, PathBuf};
use std::time::Duration;

use slurmha_core::observe::{DrbdStatus, parse_drbd_fencing, parse_drbd_status};

use super::AskError;
use crate::command::{Command, CommandError, CommandOutput};
use crate::system::System;

/// Time limit of whatever has no other.
pub const TIMEOUT: Duration = Duration::from_secs(60);

/// An option and a line of the configuration, with the key of the replication behind it.
const KEY: &str = "shared-secret";

/// drbdsetup's exit status for "No such resource".
const NO_SUCH_RESOURCE: i32 = 10;

/// `drbdsetup status RESOURCE --verbose --statistics`.
pub fn status(
    system: &dyn System,
    resource: &str,
    timeout: Duration,
) -> Result<DrbdStatus, AskError> {
    let command = program("drbdsetup")
        .args(["status", resource, "--verbose", "--statistics"])
        .timeout(timeout);
    let output = system.run(&command)?;
    if is_down(&output) {
        return Ok(DrbdStatus::default());
    }
    Ok(parse_drbd_status(resource, &output.success()?.text())?)
}

/// The policy `fencing` that the kernel has: `drbdsetup show RESOURCE`.
pub fn fencing(
    system: &dyn System,
    resource: &str,
    timeout: Duration,
) -> Result<String, CommandError> {
    let command = program("drbdsetup").args(["show", resource]).timeout(timeout);
    Ok(parse_drbd_fencing(&system.run(&command)?.success()?.text()))
}

/// Not configured, or the kernel module is not loaded: down, and certain.
fn is_down(output: &CommandOutput) -> bool {
    let noise = output.stderr_text();
    output.status() == Some(NO_SUCH_RESOURCE)
        || (!output.ok()
            && (noise.contains("No such resource")
                || noise.contains("generic netlink family")
                || noise.contains("modprobe drbd")))
}

/// `drbdadm create-md RESOURCE/VOLUME`. `--force` only answers the questions
/// ("do you want to proceed"); drbdmeta still refuses to write over a file
/// system that it recognises, and the caller has looked before.
pub fn create_metadata(
    system: &dyn System,
    resource: &str,
    volume: usize,
) -> Result<(), CommandError> {
    drbdadm(system, &["--", "--force", "create-md", &format!("{resource}/{volume}")])
}

/// What `drbdadm adjust` would do: lines of drbdsetup calls, none when the
/// kernel has what the configuration file says.
pub fn pending_adjustments(system: &dyn System, resource: &str) -> Result<String, CommandError> {
    let command = program("drbdadm").args(["--dry-run", "adjust", resource]).timeout(TIMEOUT);
    Ok(system.run(&command)?.success()?.censored_text().trim().to_owned())
}

/// `drbdadm adjust RESOURCE`: attach, connect, and apply changed options.
pub fn adjust(system: &dyn System, resource: &str, timeout: Duration) -> Result<(), CommandError> {
    drbdadm_within(system, &["adjust", resource], timeout)
}

/// `drbdadm new-current-uuid --clear-bitmap RESOURCE/VOLUME`: declares two
/// blank, connected sides to be equal instead of copying one to the other
/// (drbdsetup(8), "skip the initial sync"). Only for just created metadata.
pub fn skip_first_sync(
    system: &dyn System,
    resource: &str,
    volume: usize,
) -> Result<(), CommandError> {
    let volume = format!("{resource}/{volume}");
    drbdadm(system, &["--", "--clear-bitmap", "new-current-uuid", &volume])
}

/// `drbdadm primary RESOURCE`. Waits for the fence-peer handler when the peer
/// is not connected, but no longer than `timeout`.
pub fn promote(system: &dyn System, resource: &str, timeout: Duration) -> Result<(), CommandError> {
    drbdadm_within(system, &["primary", resource], timeout)
}

/// `drbdadm secondary RESOURCE`.
pub fn demote(system: &dyn System, resource: &str, timeout: Duration) -> Result<(), CommandError> {
    drbdadm_within(system, &["secondary", resource], timeout)
}

/// `drbdadm resume-io RESOURCE`: writes go on that DRBD holds back until its peer is proven dead
/// (drbdadm(8)). Without such a proof both sides may come to write.
pub fn resume_io(
    system: &dyn System,
    resource: &str,
    timeout: Duration,
) -> Result<(), CommandError> {
    drbdadm_within(system, &["resume-io", resource], timeout)
}

/// `drbdadm down RESOURCE`: disconnect and detach.
pub fn down(system: &dyn System, resource: &str, timeout: Duration) -> Result<(), CommandError> {
    drbdadm_within(system, &["down", resource], timeout)
}

/// `drbdadm detach RESOURCE/VOLUME`: goes on over the peer, if it has all data.
pub fn detach(system: &dyn System, resource: &str, volume: usize) -> Result<(), CommandError> {
    drbdadm(system, &["detach", &format!("{resource}/{volume}")])
}

/// `drbdadm attach RESOURCE/VOLUME`.
pub fn attach(system: &dyn System, resource: &str, volume: usize) -> Result<(), CommandError> {
    drbdadm(system, &["attach", &format!("{resource}/{volume}")])
}

/// `drbdadm disk-options RESOURCE`: so many KiB a second and no more for a resync
/// towards this side, until [`adjust`] (DRBD 8.4 user's guide, "temporary"
/// rates). A plan of 0 turns off the controller that would choose a rate.
pub fn slow_resync(system: &dyn System, resource: &str, rate_kib: u32) -> Result<(), CommandError> {
    let rate = format!("--resync-rate={rate_kib}K");
    drbdadm(system, &["disk-options", "--c-plan-ahead=0", &rate, resource])
}

/// `drbdadm invalidate RESOURCE`: what this side has is worth nothing, and the
/// peer's is copied over it.
pub fn invalidate(system: &dyn System, resource: &str) -> Result<(), CommandError> {
    drbdadm(system, &["invalidate", resource])
}

/// `drbdadm verify RESOURCE`: begins to compare both sides of every volume, from its
/// first block. One that was cut off would otherwise be gone on with (drbdsetup(8),
/// `--start`).
pub fn verify(system: &dyn System, resource: &str) -> Result<(), CommandError> {
    drbdadm(system, &["--", "--start=0", "verify", resource])
}

/// Attaches another device that holds the same data, by what drbdadm would do
/// with the configured one.
pub fn attach_instead(
    system: &dyn System,
    resource: &str,
    volume: usize,
    configured: &Path,
    instead: &Path,
) -> Result<(), CommandError> {
    let volume = format!("{resource}/{volume}");
    let command = program("drbdadm").args(["--dry-run", "attach", &volume]).timeout(TIMEOUT);
    let lines = system.run(&command)?.success()?.text();
    for line in lines.lines() {
        let mut words = line.split_whitespace();
        let Some(program) = words.next() else { continue };
        // drbdsetup hands over to drbdsetup-84 itself, which is in no PATH.
        let program = program.strip_suffix("-84").unwrap_or(program);
        let words = words.map(|word| match Path::new(word) == configured {
            true => instead.display().to_string(),
            false => word.to_owned(),
        });
        system.run(&self::program(program).args(words).timeout(TIMEOUT))?.success()?;
    }
    Ok(())
}

/// The devices under a resource's volumes, in their order: `drbdadm sh-ll-dev
/// RESOURCE`.
pub fn devices_beneath(system: &dyn System, resource: &str) -> Result<Vec<PathBuf>, CommandError> {
    let command = program("drbdadm").args(["sh-ll-dev", resource]).timeout(TIMEOUT);
    let text = system.run(&command)?.success()?.text();
    Ok(text.lines().map(|line| PathBuf::from(line.trim())).collect())
}

fn drbdadm(system: &dyn System, arguments: &[&str]) -> Result<(), CommandError> {
    drbdadm_within(system, arguments, TIMEOUT)
}

fn drbdadm_within(
    system: &dyn System,
    arguments: &[&str],
    timeout: Duration,
) -> Result<(), CommandError> {
    system.run(&program("drbdadm").args(arguments).timeout(timeout))?.success().map(|_| ())
}

/// One of DRBD's programs. drbdadm shows the whole command of drbdsetup that has
/// failed, and the kernel's configuration has the key, too. In the list of processes
/// it stands for a moment in any case: that is how drbdadm hands it on.
fn program(name: &str) -> Command {
    Command::new(name).hide_after(KEY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_command_shows_the_key_of_the_replication() {
        for name in ["drbdadm", "drbdsetup"] {
            let shown = program(name).args(["new-peer", "--shared-secret=c0ffee"]).pasteable();
            assert_eq!(shown, format!("{name} new-peer --shared-secret=[secret]"));
        }
    }
}
