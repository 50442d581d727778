// SPDX-License-Identifier: Apache-2.0
//! Progress as lines on standard error, each with the time since the start.

use std::time::Instant;

use slurmha_lab::{Progress, interrupt};

/// Prints every step; stops at Ctrl-C.
pub struct Lines {
    start: Instant,
}

impl Lines {
    /// Begins to count, and to listen for Ctrl-C.
    pub fn start() -> Self {
        interrupt::watch();
        Self { start: Instant::now() }
    }
}

impl Progress for Lines {
    fn step(&self, machine: Option<&str>, text: &str) {
        let seconds = self.start.elapsed().as_secs_f64();
        match machine {
            Some(machine) => eprintln!("{seconds:7.1} s  {machine}: {text}"),
            None => eprintln!("{seconds:7.1} s  {text}"),
        }
    }

    fn cancelled(&self) -> bool {
        interrupt::interrupted()
    }
}
