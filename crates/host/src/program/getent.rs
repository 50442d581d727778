// SPDX-License-Identifier: Apache-2.0
//! getent(1): accounts from wherever the system has them, SSSD included.

use std::time::Duration;

use slurmha_core::portal::account::Account;

use crate::command::{Command, CommandError};
use crate::system::System;

/// A directory service that has to be asked over the network takes its time.
const LIMIT: Duration = Duration::from_secs(15);
/// "One or more supplied key could not be found in the database", getent(1).
const NOT_FOUND: i32 = 2;

/// The user with that name, or with that id if it is a number; `None` when there is
/// none.
pub fn user(system: &dyn System, key: &str) -> Result<Option<Account>, CommandError> {
    let output = system.run(&Command::new("getent").args(["passwd", key]).timeout(LIMIT))?;
    if output.status() == Some(NOT_FOUND) {
        return Ok(None);
    }
    Ok(Account::parse(&output.success()?.text()))
}
