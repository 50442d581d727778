// SPDX-License-Identifier: Apache-2.0
//! logger(1) of util-linux.

use std::time::Duration;

use crate::command::{Command, CommandError};
use crate::system::System;

/// Writes one line to the system's log under a tag.
pub fn log(system: &dyn System, tag: &str, line: &str) -> Result<(), CommandError> {
    let command =
        Command::new("logger").args(["-t", tag, "--", line]).timeout(Duration::from_secs(2));
    system.run(&command)?.success().map(|_| ())
}
