// SPDX-License-Identifier: Apache-2.0
//! Puts together what both controllers tell, and hands it to the browsers.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, select};
use jiff::Timestamp;
use slurmha_core::console::{Attention, Event, Heard, Line, Memory, Moment, Picture, draw};
use slurmha_core::site::Site;
use slurmha_host::System;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

use super::feed::Seats;
use super::history::History;
use super::listen::{Pace, Word, listen};

/// Without a word: what is silent becomes so at most that late.
const TICK: Duration = Duration::from_secs(1);
/// Words that wait to be heard.
const WORDS: usize = 64;

/// What browsers are shown.
#[derive(Clone, Default)]
pub struct Shown {
    /// Grows whenever the picture changes in more than its time.
    pub version: u64,
    /// The picture, as JSON.
    pub picture: Arc<str>,
    /// Grows whenever the failovers change.
    pub failover_version: u64,
    /// The failovers, newest first, as JSON.
    pub failovers: Arc<str>,
    /// The last events, oldest first.
    pub events: Arc<[Event]>,
    /// The picture itself.
    pub seen: Option<Arc<Picture>>,
    /// What the last planned move has cost, in words.
    pub last_move: Option<String>,
}

/// Puts together what both controllers tell.
pub struct Hub {
    pub site: Arc<Site>,
    pub system: Arc<dyn System + Send + Sync>,
    pub memory: Memory,
    pub history: Option<History>,
    /// The browsers' seats.
    pub seats: Seats,
    /// Whether this console can ask for actions.
    pub acts: bool,
}

impl Hub {
    /// Works for as long as this process lives: listens at these addresses
    /// and shows what is told to whoever has a receiver.
    pub async fn run(mut self, exporters: [SocketAddr; 2], shown: watch::Sender<Shown>) {
        let (tell, mut words) = mpsc::channel(WORDS);
        let (pace, wanted) = watch::channel(Pace::Watching);
        for (controller, address) in exporters.into_iter().enumerate() {
            tokio::spawn(listen(controller, address, wanted.clone(), tell.clone()));
        }
        let mut heard = [Heard::default(), Heard::default()];
        let mut attention = Attention::from(self.system.elapsed());
        let mut last = None;
        loop {
            let tick = sleep_until(Instant::now() + TICK);
            if let Either::Left((Some((controller, word)), _)) =
                select(pin!(words.recv()), pin!(tick)).await
            {
                hear(&mut heard[controller], word, self.system.now());
            }
            while let Ok((controller, word)) = words.try_recv() {
                hear(&mut heard[controller], word, self.system.now());
            }
            let lines = self.show(&heard, &mut last, &shown);
            let is_fast = attention.is_fast(&Moment {
                now: self.system.elapsed(),
                lines: &lines,
                is_under_way: self.memory.current().is_some(),
                is_watched: self.seats.is_anyone_there(),
            });
            let needed = if is_fast { Pace::Watching } else { Pace::Calm };
            pace.send_if_modified(|pace| std::mem::replace(pace, needed) != needed);
        }
    }

    /// Returns what has happened since the last picture, which it replaces.
    fn show(
        &mut self,
        heard: &[Heard; 2],
        last: &mut Option<Arc<Picture>>,
        shown: &watch::Sender<Shown>,
    ) -> Vec<Line> {
        let mut picture = draw(&self.site, heard, self.system.now());
        if let Some(actions) = &mut picture.actions {
            actions.here = self.acts;
        }
        let picture = Arc::new(picture);
        let lines = self.memory.see(&picture);
        if let Some(history) = &mut self.history {
            history.append(&lines, &self.memory);
        }
        let is_news = last.as_ref().is_none_or(|last| !is_the_same(last, &picture));
        shown.send_modify(|shown| {
            shown.version += u64::from(is_news);
            shown.picture = json(&*picture);
            shown.seen = Some(Arc::clone(&picture));
            shown.last_move = self.memory.last_move().map(str::to_owned);
            if !lines.is_empty() || shown.version == 1 {
                shown.events = self.memory.events_after(0).cloned().collect();
            }
            if shown.failover_version != self.memory.failover_changes() + 1 {
                shown.failover_version = self.memory.failover_changes() + 1;
                shown.failovers = json(&self.memory.failovers());
            }
        });
        *last = Some(picture);
        lines
    }
}

fn hear(heard: &mut Heard, word: Word, now: Timestamp) {
    match word {
        Word::View(view, patience) => heard.hear(*view, now, patience),
        Word::Trouble(why) => heard.trouble = Some(why),
    }
}

/// At whatever time, and whenever it was heard last.
fn is_the_same(before: &Picture, after: &Picture) -> bool {
    let timeless = |picture: &Picture| {
        let mut picture = Picture { at: Timestamp::UNIX_EPOCH, ..picture.clone() };
        picture.controllers.iter_mut().for_each(|controller| controller.heard_at = None);
        (picture.deeds, picture.status) = (None, None);
        picture
    };
    timeless(before) == timeless(after)
}

fn json(value: &impl serde::Serialize) -> Arc<str> {
    serde_json::to_string(value).unwrap_or_default().into()
}
