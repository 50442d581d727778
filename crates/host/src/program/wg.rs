// SPDX-License-Identifier: Apache-2.0
//! wg(8).

use std::time::Duration;

use slurmha_core::observe::{ParseError, VpnState, parse_wg_dump};
use thiserror::Error;

use crate::command::{Command, CommandError};
use crate::system::System;

/// Why WireGuard could not be asked.
#[derive(Debug, Error)]
pub enum WgError {
    /// The tool failed.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// The tool printed something else.
    #[error(transparent)]
    Parse(#[from] ParseError),
}

/// `wg show INTERFACE dump`. What it prints holds the private key: only what
/// the parser takes is kept.
///
/// # Errors
/// Also when there is no such interface.
pub fn show(system: &dyn System, interface: &str, timeout: Duration) -> Result<VpnState, WgError> {
    let command = Command::new("wg").args(["show", interface, "dump"]).timeout(timeout);
    Ok(parse_wg_dump(&system.run(&command)?.success()?.text())?)
}
