// SPDX-License-Identifier: Apache-2.0
//! How long work reports where it is, and is told to stop.

/// Receives the steps of long work; shared between threads.
pub trait Progress: Sync {
    /// Something began or ended, on one machine or for the lab as a whole.
    fn step(&self, machine: Option<&str>, text: &str);

    /// Whether the work should end at the next safe point (Ctrl-C).
    fn cancelled(&self) -> bool {
        false
    }
}

/// A [`Progress`] that says nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn step(&self, _machine: Option<&str>, _text: &str) {}
}
