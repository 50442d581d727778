// SPDX-License-Identifier: Apache-2.0
//! sync(1).

use std::path::Path;
use std::time::Duration;

use crate::command::{Command, CommandError};
use crate::system::System;

/// Puts everything of one file system on its disk (syncfs(2)).
pub fn file_system(system: &dyn System, path: &Path) -> Result<(), CommandError> {
    let command =
        Command::new("sync").arg("--file-system").arg(path).timeout(Duration::from_secs(300));
    system.run(&command)?.success().map(|_| ())
}
