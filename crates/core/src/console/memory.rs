// SPDX-License-Identifier: Apache-2.0
//! What the console remembers: the last events and failovers.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::event::{Event, Known, facts, news};
use super::failover::{Failover, Tracker};
use super::picture::Picture;

const EVENTS: usize = 200;
const FAILOVERS: usize = 20;

/// What the console remembers: the last events and failovers.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    known: Known,
    tracker: Tracker,
    events: VecDeque<Event>,
    failovers: VecDeque<Failover>,
    /// How often a failover has begun, changed or ended.
    changes: u64,
}

/// A line of the file in which it is kept, as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Line {
    /// Something has changed.
    Event(Event),
    /// A failover has ended.
    Failover(Failover),
}

impl Memory {
    /// What an earlier console wrote down. A line that cannot be read, such as
    /// the last one of a console that lost its power, is left out.
    pub fn restore(text: &str) -> Self {
        let mut memory = Self::default();
        for line in text.lines().filter_map(|line| serde_json::from_str(line).ok()) {
            match line {
                Line::Event(event) => memory.keep_event(event),
                Line::Failover(failover) => memory.keep_failover(failover),
            }
        }
        memory
    }

    /// Takes a picture in; returns what is to be written down.
    pub fn see(&mut self, picture: &Picture) -> Vec<Line> {
        let mut lines = Vec::new();
        for (subject, fact) in news(&mut self.known, facts(picture)) {
            let id = self.last_event() + 1;
            let event = Event { id, at: picture.at, tone: fact.tone, subject, text: fact.text };
            self.keep_event(event.clone());
            lines.push(Line::Event(event));
        }
        let before = self.tracker.current.clone();
        if let Some(failover) = self.tracker.see(picture) {
            self.keep_failover(failover.clone());
            lines.push(Line::Failover(failover));
        }
        if before != self.tracker.current {
            self.changes += 1;
        }
        lines
    }

    /// The number of the latest event, 0 before the first.
    pub fn last_event(&self) -> u64 {
        self.events.back().map_or(0, |event| event.id)
    }

    /// The events after that one, oldest first.
    pub fn events_after(&self, id: u64) -> impl Iterator<Item = &Event> {
        self.events.iter().filter(move |event| event.id > id)
    }

    /// The failover that is under way.
    pub fn current(&self) -> Option<&Failover> {
        self.tracker.current.as_ref()
    }

    /// The failovers, newest first; the first may be under way.
    pub fn failovers(&self) -> Vec<&Failover> {
        self.tracker.current.iter().chain(self.failovers.iter().rev()).collect()
    }

    /// What the last planned move has cost, in words.
    pub fn last_move(&self) -> Option<&str> {
        let moves = self.failovers.iter().rev().filter(|it| it.lost.is_empty());
        let mut moves = moves.filter(|it| it.from.is_some() && it.to.is_some() && it.from != it.to);
        moves.next().map(|it| it.cost.as_str()).filter(|cost| !cost.is_empty())
    }

    /// Grows whenever [`Memory::failovers`] changes.
    pub fn failover_changes(&self) -> u64 {
        self.changes
    }

    /// All of it, as it is to be written down.
    pub fn lines(&self) -> Vec<Line> {
        let events = self.events.iter().cloned().map(Line::Event);
        events.chain(self.failovers.iter().cloned().map(Line::Failover)).collect()
    }

    fn keep_event(&mut self, event: Event) {
        self.events.push_back(event);
        if self.events.len() > EVENTS {
            self.events.pop_front();
        }
    }

    fn keep_failover(&mut self, failover: Failover) {
        self.failovers.push_back(failover);
        if self.failovers.len() > FAILOVERS {
            self.failovers.pop_front();
        }
    }
}
