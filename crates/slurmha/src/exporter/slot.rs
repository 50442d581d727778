// SPDX-License-Identifier: Apache-2.0
//! The place where the last answer to a question lies.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use slurmha_core::metrics::{Answer, Collected, widened};
use slurmha_host::System;

/// An answer is told for so many intervals after the next one was due.
const PATIENCE: u32 = 2;

/// As long as nothing is wrong, what matters less may be so old, however long
/// the interval is.
const SLOWEST: Duration = Duration::from_secs(60);
/// The same for what only a person's hand changes.
const RAREST: Duration = Duration::from_secs(120);

/// The place where the last answer to a question lies.
pub struct Slot<T> {
    /// What is asked, for the journal.
    name: &'static str,
    /// It is asked in one of so many rounds, as long as the answer is calm.
    rounds: u32,
    /// However long the interval is, it is asked as often as that.
    slowest: Duration,
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
    /// A question of every round.
    pub fn new(name: &'static str) -> Self {
        Self::slow(name, 1)
    }

    /// One of every so many rounds, as long as the answer is calm.
    pub fn slow(name: &'static str, rounds: u32) -> Self {
        Self { name, rounds, slowest: SLOWEST, kept: Mutex::default() }
    }

    /// The same for what only a person's hand changes.
    pub fn rare(name: &'static str, rounds: u32) -> Self {
        Self { slowest: RAREST, ..Self::slow(name, rounds) }
    }

    /// Whether it is time to ask. What is not as it should be is asked again
    /// in the next round, and so is what nobody knows.
    pub fn is_due(&self, now: Duration, interval: Duration) -> bool {
        let kept = self.lock();
        let is_known = kept.collected.duration.is_some();
        // A round may come a little earlier after the last answer than after
        // the last question.
        let age = now.saturating_sub(kept.at) + interval / 2;
        !is_known || !kept.collected.answer.is_calm() || age >= self.pace(interval)
    }

    /// From one answer to the next while all is calm.
    fn pace(&self, interval: Duration) -> Duration {
        (interval * self.rounds).min(self.slowest).max(interval)
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

    /// The last answer, however old.
    pub fn last(&self) -> T {
        self.lock().collected.answer.clone()
    }

    /// What is asked here no longer is.
    pub fn clear(&self) {
        *self.lock() = Kept::default();
    }

    /// The last answer, which is nothing when it is too old to be told.
    pub fn look(&self, now: Duration, interval: Duration) -> Collected<T> {
        let kept = self.lock();
        // What is slow is asked more seldom (`Rhythm`).
        let due = widened(self.pace(interval), kept.collected.duration.unwrap_or_default());
        let limit = due + interval * PATIENCE;
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
