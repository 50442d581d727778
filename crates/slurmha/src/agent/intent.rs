// SPDX-License-Identifier: Apache-2.0
//! Whether a daemon is meant to run here: what makes its end, or its silence,
//! news.
//!
//! A marker says so while Pacemaker has the daemon started. It is made by a
//! start that has succeeded, and taken away before a stop begins. There is
//! none where the daemon never ran, after a reboot, during a start or a stop,
//! for a daemon that an administrator has started by hand, and after its end
//! has been reported. A marker that is lost costs speed only: the recurring
//! monitor finds what the report would have told.

use std::path::{Path, PathBuf};

use slurmha_core::layout::{RUNTIME_DIRECTORY, expected_mark};
use slurmha_host::system::write_atomically;
use slurmha_host::{FileError, Ids, System};

use super::Daemon;

fn expected(daemon: Daemon) -> PathBuf {
    expected_mark(daemon.name()).into()
}

/// Made by the watcher for the stop that follows its report.
fn hung(daemon: Daemon) -> PathBuf {
    Path::new(RUNTIME_DIRECTORY).join(format!("{}.hung", daemon.name()))
}

/// From now on the daemon's end is news. A recurring monitor says it too: it
/// runs only where Pacemaker has the daemon started, also one that was
/// started by an older version or outside Pacemaker.
pub fn expect(system: &dyn System, daemon: Daemon) {
    if !is_expected(system, daemon) {
        note(system, &expected(daemon));
    }
}

/// From now on it is not.
pub fn forget(system: &dyn System, daemon: Daemon) {
    for path in [expected(daemon), hung(daemon)] {
        if let Err(error) = system.remove_file(&path) {
            eprintln!(
                "{} may be reported as failed although it is stopped: {error}",
                daemon.name()
            );
        }
    }
}

/// Whether the daemon's end would be news. "Cannot tell" is no.
pub fn is_expected(system: &dyn System, daemon: Daemon) -> bool {
    matches!(system.metadata(&expected(daemon)), Ok(Some(_)))
}

/// The daemon runs and does nothing: its stop need not wait for long.
pub fn note_hang(system: &dyn System, daemon: Daemon) {
    note(system, &hung(daemon));
}

/// It does not, or nobody does anything about it.
pub fn forget_hang(system: &dyn System, daemon: Daemon) {
    // It is about the length of one stop.
    let _ = system.remove_file(&hung(daemon));
}

/// Whether the daemon was found to hang.
pub fn hangs(system: &dyn System, daemon: Daemon) -> bool {
    matches!(system.metadata(&hung(daemon)), Ok(Some(_)))
}

fn note(system: &dyn System, path: &Path) {
    if let Err(error) = try_note(system, path) {
        eprintln!("failures are noticed later than they could be: {error}");
    }
}

fn try_note(system: &dyn System, path: &Path) -> Result<(), FileError> {
    let directory = Path::new(RUNTIME_DIRECTORY);
    if system.metadata(directory)?.is_none()
        && let Err(error) = system.make_directory(directory, Ids::root(0o755))
        // Another agent may have been quicker.
        && system.metadata(directory)?.is_none()
    {
        return Err(error);
    }
    write_atomically(system, path, b"", Ids::root(0o644))
}

#[cfg(test)]
#[path = "intent_tests.rs"]
mod tests;
