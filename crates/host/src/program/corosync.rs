// SPDX-License-Identifier: Apache-2.0
//! corosync-quorumtool(8), corosync-cmapctl(8) and corosync-cfgtool(8).

use std::time::Duration;

use slurmha_core::observe::{
    CorosyncStats, QuorumStatus, parse_corosync_stats, parse_qdevice_timeout, parse_quorum,
};

use super::AskError;
use crate::command::{Command, CommandError};
use crate::system::System;

/// `corosync-quorumtool -s`, which ends with 2 in a partition without quorum
/// and still says everything.
pub fn quorum(system: &dyn System, timeout: Duration) -> Result<QuorumStatus, AskError> {
    let command = Command::new("corosync-quorumtool").arg("-s").timeout(timeout);
    let output = system.run(&command)?.one_of(&[0, 1, 2])?;
    if output.stdout.trim_ascii().is_empty() {
        // "Cannot initialize QUORUM service"
        return Err(output.failure().into());
    }
    Ok(parse_quorum(&output.text())?)
}

/// `corosync-cmapctl -m stats stats.knet. stats.srp.operational_token_lost`:
/// each link to each member, and how often the token was lost.
pub fn stats(system: &dyn System, timeout: Duration) -> Result<CorosyncStats, AskError> {
    let command = Command::new("corosync-cmapctl")
        .args(["-m", "stats", "stats.knet.", "stats.srp.operational_token_lost"])
        .timeout(timeout);
    Ok(parse_corosync_stats(&system.run(&command)?.success()?.text())?)
}

/// `corosync-cmapctl quorum.device.`: `quorum.device.timeout` in milliseconds,
/// as Corosync has read it.
pub fn qdevice_timeout_ms(system: &dyn System, timeout: Duration) -> Result<u64, AskError> {
    let command = Command::new("corosync-cmapctl").arg("quorum.device.").timeout(timeout);
    Ok(parse_qdevice_timeout(&system.run(&command)?.success()?.text())?)
}

/// `corosync-qnetd-tool -s`, on the arbiter: succeeds when the daemon answers.
pub fn ask_qnetd(system: &dyn System, timeout: Duration) -> Result<(), CommandError> {
    let command = Command::new("corosync-qnetd-tool").arg("-s").timeout(timeout);
    system.run(&command)?.success().map(|_| ())
}

/// `corosync-cfgtool -R`: every member reads corosync.conf again.
pub fn reload(system: &dyn System) -> Result<(), CommandError> {
    let command = Command::new("corosync-cfgtool").arg("-R").timeout(Duration::from_secs(30));
    system.run(&command)?.success().map(|_| ())
}
