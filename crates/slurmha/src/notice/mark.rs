// SPDX-License-Identifier: Apache-2.0
//! A file that is there while the scheduler does not answer.

use std::fs;
use std::path::PathBuf;

/// Rounds between two questions while it answers. One `scontrol ping` in five seconds is
/// nothing to slurmctld, and a page that is asked for in between is five seconds behind.
const ROUNDS: u32 = 5;

const TEXT: &str = "the scheduler does not answer\n";

/// Whether the scheduler answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scheduler {
    /// It does.
    There,
    /// It does not.
    Away,
    /// That could not be asked.
    Unknown,
}

/// The file, and when it is looked at next.
pub(super) struct Mark {
    path: PathBuf,
    rounds_left: u32,
}

impl Mark {
    /// It is looked at in the first round.
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, rounds_left: 0 }
    }

    /// Asks if it is time to, and makes the file, makes it anew, or takes it away. Readers
    /// look at its age: what is not known leaves it to grow old.
    pub(super) fn look(&mut self, ask: impl FnOnce() -> Scheduler) {
        if self.rounds_left > 0 {
            self.rounds_left -= 1;
            return;
        }
        let seen = ask();
        // Who waits wants to know at once when it is over.
        self.rounds_left = if seen == Scheduler::Away { 0 } else { ROUNDS - 1 };
        let done = match seen {
            Scheduler::Away => fs::write(&self.path, TEXT),
            Scheduler::There if self.path.exists() => fs::remove_file(&self.path),
            Scheduler::There | Scheduler::Unknown => Ok(()),
        };
        if let Err(error) = done {
            eprintln!("slurmha: cannot change {}: {error}", self.path.display());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_comes_and_goes_with_the_scheduler() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("away");
        let mut mark = Mark::new(path.clone());
        mark.look(|| Scheduler::There);
        assert!(!path.exists());
        for _ in 1..ROUNDS {
            mark.look(|| unreachable!("it is asked seldom while it answers"));
        }
        mark.look(|| Scheduler::Away);
        assert!(path.exists());
        mark.look(|| Scheduler::Unknown);
        assert!(path.exists(), "nobody knows");
        for _ in 1..ROUNDS {
            mark.look(|| unreachable!("not known: no hurry either"));
        }
        mark.look(|| Scheduler::Away);
        mark.look(|| Scheduler::There);
        assert!(!path.exists(), "at once");
    }
}
