// SPDX-License-Identifier: Apache-2.0
//! The file that keeps events and failovers while the console does not run.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::{self, JoinHandle};

use slurmha_core::console::{Line, Memory};

/// A file of that many lines is written anew, with those that are shown.
const MOST_LINES: usize = 2000;

/// What waits for a disk that stands still; what comes after it is in the next file that
/// is written anew.
const MOST_WAITING: usize = 64;

/// Hands on what has happened to the thread that writes it down: browsers are told of it by
/// the same thread that hears of it, which may not wait for a disk.
pub struct History {
    /// Nothing while this goes.
    waiting: Option<SyncSender<News>>,
    writer: Option<JoinHandle<()>>,
    /// In the file, or on the way to it.
    lines: usize,
}

/// What is to be written.
enum News {
    /// Behind what is there.
    More(Vec<Line>),
    /// In its place.
    All(Vec<Line>),
}

impl History {
    /// Opens the file in that directory; returns what was remembered, too.
    ///
    /// # Errors
    /// When it can be neither read nor made.
    pub fn open(directory: &Path) -> io::Result<(Self, Memory)> {
        let path = directory.join("history.jsonl");
        let text = match fs::read(&path) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(error),
        };
        let memory = Memory::restore(&text);
        let known = memory.lines();
        let file = write_anew(&path, &known)?;
        let (waiting, news) = sync_channel(MOST_WAITING);
        let writer = thread::Builder::new()
            .name("history".to_owned())
            .spawn(move || write_all(&path, file, &news))?;
        let history = Self { waiting: Some(waiting), writer: Some(writer), lines: known.len() };
        Ok((history, memory))
    }

    /// Has these lines written down. What a full disk keeps it from is shown all
    /// the same, and said in the journal.
    pub fn append(&mut self, lines: &[Line], memory: &Memory) {
        if lines.is_empty() {
            return;
        }
        self.lines = self.lines.saturating_add(lines.len());
        let news = if self.lines > MOST_LINES {
            let all = memory.lines();
            self.lines = all.len();
            News::All(all)
        } else {
            News::More(lines.to_vec())
        };
        let Some(waiting) = &self.waiting else { return };
        if let Err(TrySendError::Full(_)) = waiting.try_send(news) {
            eprintln!("the history waits for the disk: what happens now is written down later");
            self.lines = usize::MAX;
        }
    }
}

/// Waits until all is written: what was told last is not lost by an end in good order.
impl Drop for History {
    fn drop(&mut self) {
        self.waiting = None;
        if let Some(writer) = self.writer.take() {
            drop(writer.join());
        }
    }
}

fn write_all(path: &Path, mut file: File, news: &Receiver<News>) {
    for news in news {
        let written = match news {
            News::More(lines) => file.write_all(text(&lines).as_bytes()),
            News::All(lines) => write_anew(path, &lines).map(|new| file = new),
        };
        if let Err(error) = written {
            eprintln!("{} cannot be written: {error}", path.display());
        }
    }
}

/// Beside its place, and then renamed.
fn write_anew(path: &Path, lines: &[Line]) -> io::Result<File> {
    let new = path.with_extension("new");
    fs::write(&new, text(lines))?;
    fs::rename(&new, path)?;
    OpenOptions::new().append(true).open(path)
}

fn text(lines: &[Line]) -> String {
    let lines = lines.iter().filter_map(|line| serde_json::to_string(line).ok());
    lines.map(|line| line + "\n").collect()
}
