// SPDX-License-Identifier: Apache-2.0
//! What the questions of a group take.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What the last answer to each question of a group took, in milliseconds.
pub struct Effort(Box<[AtomicU64]>);

impl Effort {
    /// Of so many questions, none of which was asked yet.
    pub fn of(questions: usize) -> Self {
        Self((0..questions).map(|_| AtomicU64::new(0)).collect())
    }

    /// The question in that place took so long; nothing when it is not asked.
    pub fn note(&self, place: usize, spent: Duration) {
        let ms = u64::try_from(spent.as_millis()).unwrap_or(u64::MAX);
        self.0[place].store(ms, Ordering::Relaxed);
    }

    /// All of them.
    pub fn together(&self) -> Duration {
        let ms = |spent: &AtomicU64| Duration::from_millis(spent.load(Ordering::Relaxed));
        self.0.iter().map(ms).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_answers_count_and_what_is_not_asked_does_not() {
        let effort = Effort::of(3);
        assert_eq!(effort.together(), Duration::ZERO);
        effort.note(0, Duration::from_secs(9));
        effort.note(0, Duration::from_millis(1_500));
        effort.note(2, Duration::from_millis(250));
        assert_eq!(effort.together(), Duration::from_millis(1_750));
        effort.note(0, Duration::ZERO);
        assert_eq!(effort.together(), Duration::from_millis(250));
    }
}
