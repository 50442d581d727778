// SPDX-License-Identifier: Apache-2.0
//! Progress on stderr: what is being done, where, since when.

use std::io::Write as _;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Prints one line for each thing that begins or ends, with the time since
/// the command began. Plain lines, so that a log of them reads the same.
pub struct Progress {
    begin: Instant,
    quiet: bool,
    lock: Mutex<()>,
}

impl Progress {
    /// Starts the clock.
    pub fn new(quiet: bool) -> Self {
        Self { begin: Instant::now(), quiet, lock: Mutex::new(()) }
    }

    /// A headline.
    pub fn stage(&self, text: &str) {
        self.print(text);
    }

    /// Something on one machine.
    pub fn machine(&self, machine: &str, text: &str) {
        self.print(&format!("  {machine:<10} {text}"));
    }

    /// Time since the command began.
    pub fn elapsed(&self) -> Duration {
        self.begin.elapsed()
    }

    fn print(&self, line: &str) {
        if self.quiet {
            return;
        }
        let _guard = self.lock.lock();
        // A closed stderr is no reason to stop half-way through a change.
        let _ = writeln!(std::io::stderr(), "{} {line}", stamp(self.elapsed()));
    }
}

/// What the laboratory does is told in the same way; it stops at Ctrl-C once
/// somebody watches for that ([`slurmha_lab::interrupt::watch`]).
impl slurmha_lab::Progress for Progress {
    fn step(&self, machine: Option<&str>, text: &str) {
        match machine {
            Some(machine) => self.machine(machine, text),
            None => self.stage(text),
        }
    }

    fn cancelled(&self) -> bool {
        slurmha_lab::interrupt::interrupted()
    }
}

/// Minutes and seconds, as in `[ 1:07]`.
fn stamp(elapsed: Duration) -> String {
    format!("[{:2}:{:02}]", elapsed.as_secs() / 60, elapsed.as_secs() % 60)
}
