// SPDX-License-Identifier: Apache-2.0
//! What has changed since somebody looks.

use std::collections::VecDeque;

use slurmha_core::status::{Change, Facts, Status};

/// Changes that are kept; an eventful night has a few hundred.
const KEPT: usize = 2000;

/// What has changed, newest first.
#[derive(Default)]
pub struct Journal {
    facts: Facts,
    entries: VecDeque<Entry>,
    since: Option<String>,
}

/// One change, and when it was seen.
pub struct Entry {
    pub at: String,
    pub change: Change,
}

impl Journal {
    /// Takes in what was seen at that time of day and returns the number of
    /// changes. Those of one look stay in their order.
    pub fn take_in(&mut self, status: &Status, at: &str) -> usize {
        let facts = Facts::of(status).or(&self.facts);
        let changes = facts.changes_since(&self.facts);
        self.facts = facts;
        self.since.get_or_insert_with(|| at.to_owned());
        let count = changes.len();
        for change in changes.into_iter().rev() {
            self.entries.push_front(Entry { at: at.to_owned(), change });
        }
        self.entries.truncate(KEPT);
        count
    }

    /// The changes, newest first.
    pub fn entries(&self) -> impl ExactSizeIterator<Item = &Entry> {
        self.entries.iter()
    }

    /// When the first look was.
    pub fn since(&self) -> Option<&str> {
        self.since.as_deref()
    }
}
