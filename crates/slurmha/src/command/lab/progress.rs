// SPDX-License-Identifier: Apache-2.0
//! The lab's progress, printed like that of every command; stops at Ctrl-C.

use slurmha_lab::interrupt;

use crate::progress::Progress;

/// Prints every step.
pub struct Lines(Progress);

impl Lines {
    /// Begins to count, and to listen for Ctrl-C.
    pub fn start() -> Self {
        interrupt::watch();
        Self(Progress::new(false))
    }
}

impl slurmha_lab::Progress for Lines {
    fn step(&self, machine: Option<&str>, text: &str) {
        match machine {
            Some(machine) => self.0.machine(machine, text),
            None => self.0.stage(text),
        }
    }

    fn cancelled(&self) -> bool {
        interrupt::interrupted()
    }
}
