// SPDX-License-Identifier: Apache-2.0
//! The place where the last answer to a question lies.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use slurmha_core::metrics::{Answer, Collected};
use slurmha_host::System;

/// The place where the last answer to a question lies.
pub struct Slot<T> {
    /// What is asked, for the journal.
    name: &'static str,
    kept: Mutex<Kept<T>>,
}

#[derive(Default)]
struct Kept<T> {
    collected: Collected<T>,
    /// When the answer came, by [`System::elapsed`].
    at: Duration,
    /// Whether the journal has last been told of trouble.
    is_troubled: bool,
}

impl<T: Answer> Slot<T> {
    pub fn new(name: &'static str) -> Self {
        Self { name, kept: Mutex::default() }
    }

    /// Asks, however long that takes, and keeps the answer. Trouble is told
    /// once, and its end.
    pub fn fill(&self, system: &dyn System, question: impl FnOnce() -> T) {
        let began = system.elapsed();
        let answer = question();
        let now = system.elapsed();
        let mut kept = self.lock();
        match (answer.trouble(), kept.is_troubled) {
            (Some(why), false) => eprintln!("{} cannot be read: {why}", self.name),
            (None, true) => eprintln!("{} is read again", self.name),
            _ => {}
        }
        kept.is_troubled = answer.trouble().is_some();
        if !kept.is_troubled {
            kept.collected.last_success = Some(system.now());
        }
        kept.collected.duration = Some(now.saturating_sub(began));
        kept.collected.answer = answer;
        kept.at = now;
    }

    /// What is asked here no longer is.
    pub fn clear(&self) {
        *self.lock() = Kept::default();
    }

    /// The last answer, which is nothing when it is older than `limit`.
    pub fn look(&self, now: Duration, limit: Duration) -> Collected<T> {
        let kept = self.lock();
        if now.saturating_sub(kept.at) > limit {
            kept.collected.outdated()
        } else {
            kept.collected.clone()
        }
    }

    /// Nobody asks or fails while he holds it, so that what lies in it is
    /// whole.
    fn lock(&self) -> MutexGuard<'_, Kept<T>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
