// SPDX-License-Identifier: Apache-2.0
//! What one browser is sent: server-sent events of three kinds.
//!
//! | event | when | data |
//! |---|---|---|
//! | `picture` | it has changed, and every 5 s | the cluster now |
//! | `failovers` | one began, went on or ended | the last ones |
//! | `happened` | something changed; those after `Last-Event-ID` | what, with its id |

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::response::sse::Event;
use futures_util::stream::{Stream, StreamExt as _, unfold};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{Instant, timeout_at};

use super::hub::Shown;
use super::login::{Login, Token};

/// Between two signs of life.
const BEAT: Duration = Duration::from_secs(5);

/// Browsers that look on at once; half of the connections stay for the rest.
const SEATS: usize = 32;

/// Who looks on.
#[derive(Clone)]
pub struct Seats(Arc<Semaphore>);

impl Seats {
    pub fn new() -> Self {
        Self(Arc::new(Semaphore::new(SEATS)))
    }

    /// One of them, if one is free.
    pub fn take(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.0).try_acquire_owned().ok()
    }

    /// Whether anybody looks on.
    pub fn is_anyone_there(&self) -> bool {
        self.0.available_permits() < SEATS
    }
}

/// One browser.
pub struct Feed {
    /// Held as long as it is connected.
    pub _seat: OwnedSemaphorePermit,
    pub login: Arc<Login>,
    pub token: Token,
    pub shown: watch::Receiver<Shown>,
    /// The last event that it has.
    pub last_event: u64,
}

impl Feed {
    /// What it is sent, until its session ends. It is sent the newest, however
    /// slowly it reads: only what has happened is kept for it, and that is
    /// bounded.
    pub fn stream(self) -> impl Stream<Item = Result<Event, Infallible>> {
        let state = State {
            feed: self,
            ready: VecDeque::new(),
            version: 0,
            failover_version: 0,
            beat: Instant::now(),
        };
        unfold(state, State::next).map(Ok)
    }
}

struct State {
    feed: Feed,
    ready: VecDeque<Event>,
    version: u64,
    failover_version: u64,
    beat: Instant,
}

impl State {
    async fn next(mut self) -> Option<(Event, Self)> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some((event, self));
            }
            if !self.feed.login.is_in(&self.feed.token) {
                return None;
            }
            self.prepare();
            if self.ready.is_empty()
                && let Ok(Err(_)) = timeout_at(self.beat, self.feed.shown.changed()).await
            {
                return None;
            }
        }
    }

    fn prepare(&mut self) {
        let shown = self.feed.shown.borrow_and_update().clone();
        if shown.version == 0 {
            self.beat = Instant::now() + BEAT;
            return;
        }
        if shown.version != self.version || self.beat <= Instant::now() {
            (self.version, self.beat) = (shown.version, Instant::now() + BEAT);
            self.ready.push_back(Event::default().event("picture").data(&shown.picture));
        }
        if shown.failover_version != self.failover_version {
            self.failover_version = shown.failover_version;
            self.ready.push_back(Event::default().event("failovers").data(&shown.failovers));
        }
        for event in shown.events.iter().filter(|event| event.id > self.feed.last_event) {
            if let Ok(data) = serde_json::to_string(event) {
                let id = event.id.to_string();
                self.ready.push_back(Event::default().event("happened").id(id).data(data));
            }
        }
        self.feed.last_event = shown.events.last().map_or(self.feed.last_event, |event| event.id);
    }
}
