// SPDX-License-Identifier: Apache-2.0
//! nft(8).

use std::time::Duration;

use crate::command::{Command, CommandError};
use crate::system::System;

/// Whether the kernel has a table of that family and name: `nft list tables`,
/// because for a table that is not there `nft list table` ends as it does for one
/// that it may not see.
///
/// # Errors
/// When it cannot be asked.
pub fn has_table(
    system: &dyn System,
    family: &str,
    table: &str,
    timeout: Duration,
) -> Result<bool, CommandError> {
    let command = Command::new("nft").args(["list", "tables", family]).timeout(timeout);
    let text = system.run(&command)?.success()?.text();
    Ok(text.lines().any(|line| line.trim() == format!("table {family} {table}")))
}
