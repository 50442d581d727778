// SPDX-License-Identifier: Apache-2.0
//! corosync-quorumtool(8) and corosync-cfgtool(8).

use std::time::Duration;

use slurmha_core::observe::{ParseError, QuorumStatus, parse_quorum};
use thiserror::Error;

use crate::command::{Command, CommandError};
use crate::system::System;

/// Why quorum could not be told.
#[derive(Debug, Error)]
pub enum QuorumError {
    /// The tool failed.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// The tool printed something else.
    #[error(transparent)]
    Parse(#[from] ParseError),
}

/// `corosync-quorumtool -s`, which ends with 2 in a partition without quorum
/// and still says everything.
pub fn quorum(system: &dyn System, timeout: Duration) -> Result<QuorumStatus, QuorumError> {
    let command = Command::new("corosync-quorumtool").arg("-s").timeout(timeout);
    let output = system.run(&command)?.one_of(&[0, 1, 2])?;
    if output.stdout.trim_ascii().is_empty() {
        // "Cannot initialize QUORUM service"
        return Err(output.failure().into());
    }
    Ok(parse_quorum(&output.text())?)
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
