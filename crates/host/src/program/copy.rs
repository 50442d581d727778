// SPDX-License-Identifier: Apache-2.0
//! cp(1), df(1), du(1) of coreutils.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::command::{Command, CommandError};
use crate::system::System;

const LIMIT: Duration = Duration::from_secs(240);

/// Copies files and whole directories into one, with owner, mode and times.
/// Files that are removed meanwhile are left out.
pub fn into_directory(
    system: &dyn System,
    from: &[PathBuf],
    directory: &Path,
) -> Result<(), CommandError> {
    if from.is_empty() {
        return Ok(());
    }
    let command = Command::new("cp").args(["--archive", "--target-directory"]).arg(directory);
    let output = system.run(&command.arg("--").args(from).timeout(LIMIT))?;
    if output.status() == Some(1) && only_vanished(&output.stderr_text()) {
        return Ok(());
    }
    output.success().map(|_| ())
}

/// Gives whole directories a second name inside another one of the same file
/// system: their files are linked and take no space and no time. Whoever
/// removes or replaces a file afterwards leaves the other name alone.
pub fn link_into_directory(
    system: &dyn System,
    from: &[PathBuf],
    directory: &Path,
    timeout: Duration,
) -> Result<(), CommandError> {
    let command = Command::new("cp").args(["--recursive", "--link", "--target-directory"]);
    let command = command.arg(directory).arg("--").args(from).timeout(timeout);
    system.run(&command)?.success().map(|_| ())
}

/// Whether cp complains only of files that were gone when it came to them.
fn only_vanished(stderr: &str) -> bool {
    let mut lines = stderr.lines().peekable();
    lines.peek().is_some() && lines.all(|line| line.ends_with(": No such file or directory"))
}

/// Bytes that a file system has left for anybody but root.
pub fn free_bytes(system: &dyn System, path: &Path) -> Result<Option<u64>, CommandError> {
    let command = Command::new("df").args(["--output=avail", "--block-size=1", "--"]).arg(path);
    let text = system.run(&command)?.success()?.text();
    Ok(text.lines().nth(1).and_then(|line| line.trim().parse().ok()))
}

/// Bytes that a directory takes up.
pub fn used_bytes(system: &dyn System, path: &Path) -> Result<Option<u64>, CommandError> {
    let command = Command::new("du").args(["--summarize", "--block-size=1", "--"]).arg(path);
    // 1 for a file that vanished meanwhile.
    let text = system.run(&command.timeout(LIMIT))?.one_of(&[0, 1])?.text();
    Ok(text.split_whitespace().next().and_then(|word| word.parse().ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_file_that_vanished_is_forgiven() {
        let gone = "cp: cannot stat '/a/hash.1/job.1': No such file or directory\n";
        assert!(only_vanished(gone));
        assert!(!only_vanished(""));
        let full = "cp: error writing '/b/job_state': No space left on device\n";
        assert!(!only_vanished(&format!("{gone}{full}")));
    }
}
