// SPDX-License-Identifier: Apache-2.0
//! wg(8).

use std::time::Duration;

use slurmha_core::observe::{VpnState, parse_wg_dump};

use super::AskError;
use crate::command::Command;
use crate::system::System;

/// `wg show INTERFACE dump`. What it prints holds the private key: only what
/// the parser takes is kept.
///
/// # Errors
/// Also when there is no such interface.
pub fn show(system: &dyn System, interface: &str, timeout: Duration) -> Result<VpnState, AskError> {
    let command = Command::new("wg").args(["show", interface, "dump"]).timeout(timeout);
    Ok(parse_wg_dump(&system.run(&command)?.success()?.text())?)
}
