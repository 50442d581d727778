// SPDX-License-Identifier: Apache-2.0
//! Listens to one controller's exporter.

use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};
use http_body_util::BodyExt as _;
use slurmha_core::console::View;
use tokio::sync::{mpsc, watch};
use tokio::time::{sleep, timeout};

use super::client::{self, Answer};
use crate::exporter::{BEAT_CALM, BEAT_WATCHING};

/// Between two attempts to reach a controller.
const AGAIN: Duration = Duration::from_secs(1);
/// No view is that long: 10,000 nodes are a few counts.
const LONGEST_LINE: usize = 1 << 20;

/// How often a controller is to ask its programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// As often as it does anyway.
    Calm,
    /// Every second: somebody looks on, or the cluster changes.
    Watching,
}

impl Pace {
    /// How long a controller may say nothing. Two signs of life may be late.
    pub fn patience(self) -> Duration {
        match self {
            Self::Calm => BEAT_CALM * 5 / 2,
            Self::Watching => BEAT_WATCHING * 5 / 2,
        }
    }

    fn path(self) -> &'static str {
        match self {
            Self::Calm => "/live?calm",
            Self::Watching => "/live",
        }
    }
}

/// What is heard of a controller.
pub enum Word {
    /// What it tells, and how long it may then say nothing.
    View(Box<View>, Duration),
    /// Why it cannot be heard.
    Trouble(String),
}

/// Listens for as long as anybody wants to know.
pub async fn listen(
    controller: usize,
    address: SocketAddr,
    mut pace: watch::Receiver<Pace>,
    words: mpsc::Sender<(usize, Word)>,
) {
    loop {
        let wanted = *pace.borrow_and_update();
        let trouble = {
            let hear = pin!(hear(controller, address, wanted, &words));
            match select(hear, pin!(pace.changed())).await {
                Either::Left((trouble, _)) => trouble,
                // At another pace.
                Either::Right((Ok(()), _)) => continue,
                Either::Right((Err(_), _)) => return,
            }
        };
        if words.send((controller, Word::Trouble(trouble))).await.is_err() {
            return;
        }
        sleep(AGAIN).await;
    }
}

/// What a controller's exporter knows now.
///
/// # Errors
/// Why it does not tell, beginning with its address.
pub async fn ask(address: SocketAddr) -> Result<View, String> {
    let pace = Pace::Watching;
    let answer = client::get(address, pace.path()).await?;
    let mut lines = Lines { answer, rest: Vec::new() };
    let first = async {
        loop {
            let line = lines.next().await?;
            if let Some(data) = line.strip_prefix(b"data: ") {
                let view = serde_json::from_slice(data);
                return view.map_err(|error| format!("is not understood: {error}"));
            }
        }
    };
    match timeout(pace.patience(), first).await {
        Ok(told) => told.map_err(|why| format!("{address} {why}")),
        Err(_) => Err(format!("{address} says nothing")),
    }
}

/// Until it cannot be heard any more; says why.
async fn hear(
    controller: usize,
    address: SocketAddr,
    pace: Pace,
    words: &mpsc::Sender<(usize, Word)>,
) -> String {
    let mut lines = match client::get(address, pace.path()).await {
        Ok(answer) => Lines { answer, rest: Vec::new() },
        Err(why) => return why,
    };
    loop {
        let line = match timeout(pace.patience(), lines.next()).await {
            Ok(Ok(line)) => line,
            Ok(Err(why)) => return format!("{address} {why}"),
            Err(_) => return format!("{address} says nothing any more"),
        };
        let Some(data) = line.strip_prefix(b"data: ") else { continue };
        let word = match serde_json::from_slice(data) {
            Ok(view) => Word::View(Box::new(view), pace.patience()),
            Err(error) => return format!("{address} is not understood: {error}"),
        };
        if words.send((controller, word)).await.is_err() {
            return "nobody wants to know any more".to_owned();
        }
    }
}

/// An answer, line by line.
struct Lines {
    answer: Answer,
    rest: Vec<u8>,
}

impl Lines {
    async fn next(&mut self) -> Result<Vec<u8>, String> {
        loop {
            if let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
                let line = self.rest.drain(..=end).take(end).collect();
                return Ok(line);
            }
            if self.rest.len() > LONGEST_LINE {
                return Err("sends a line that does not end".to_owned());
            }
            match self.answer.body.frame().await {
                Some(Ok(frame)) => {
                    self.rest.extend(frame.data_ref().into_iter().flatten());
                }
                Some(Err(error)) => return Err(format!("broke off: {error}")),
                None => return Err("has ended".to_owned()),
            }
        }
    }
}
