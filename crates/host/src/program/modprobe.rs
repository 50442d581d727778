// SPDX-License-Identifier: Apache-2.0
//! modprobe(8).

use std::time::Duration;

use crate::command::{Command, CommandError};
use crate::system::System;

/// Loads a kernel module unless it is loaded.
pub fn load(system: &dyn System, module: &str) -> Result<(), CommandError> {
    let command = Command::new("modprobe").arg(module).timeout(Duration::from_secs(30));
    system.run(&command)?.success().map(|_| ())
}
