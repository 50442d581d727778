// SPDX-License-Identifier: Apache-2.0
//! munge(1), unmunge(1) 0.5.15: who asks, proven by the cluster's key.

use std::time::Duration;

use slurmha_core::durable::{Credential, parse_unmunge};

use crate::command::{Command, CommandError};
use crate::system::System;

const LIMIT: Duration = Duration::from_secs(5);

/// A credential of this user that carries a text, on one line.
pub fn sign(system: &dyn System, payload: &str) -> Result<String, CommandError> {
    let command = Command::new("munge").args(["--string", payload]).timeout(LIMIT);
    Ok(system.run(&command)?.success()?.text().trim().to_owned())
}

/// What a credential carries, and whose it is; `None` when it is not genuine,
/// too old, or was used before.
pub fn open(system: &dyn System, credential: &str) -> Result<Option<Credential>, CommandError> {
    let command = Command::new("unmunge").arg("--keys=UID").stdin(credential).timeout(LIMIT);
    let output = system.run(&command)?;
    if !output.ok() {
        return Ok(None);
    }
    Ok(parse_unmunge(&output.text()))
}
