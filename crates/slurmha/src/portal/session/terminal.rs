// SPDX-License-Identifier: Apache-2.0
//! A session's terminals: the ends that a person types into and reads from.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::termios::{Winsize, tcsetwinsize};
use slurmha_core::portal::protocol::{Refusal, Reply, TERMINALS, TerminalId};
use slurmha_core::portal::typed::{Bytes, Window};

use crate::portal::terminal::knock;

/// How long a reader waits for something to read: a session that ends waits for it.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a terminal may take nothing of what is typed: the kernel keeps 4096 bytes for
/// a program that does not read.
const TYPING: Duration = Duration::from_secs(2);
/// Read at once, in bytes.
const PIECE: usize = 32 * 1024;

/// A session's terminals.
pub struct Terminals {
    door: PathBuf,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    last: TerminalId,
    terminals: BTreeMap<TerminalId, Arc<OwnedFd>>,
    /// Asked for at the door.
    coming: usize,
}

impl Terminals {
    /// None yet; they are had at that socket.
    pub fn at(door: &Path) -> Self {
        Self { door: door.to_owned(), open: Mutex::default() }
    }

    /// Opens one.
    pub fn open(&self, window: Window) -> Result<Reply, Refusal> {
        let Some(_coming) = Coming::begin(self) else {
            let why =
                format!("{TERMINALS} terminals are open in this session, which is all; close one");
            return Err(Refusal::No(why));
        };
        let terminal = match knock(&self.door) {
            Ok(Ok(terminal)) => terminal,
            Ok(Err(why)) => return Err(Refusal::No(why)),
            Err(error) => return Err(Refusal::No(format!("no terminal can be opened: {error}"))),
        };
        rustix::io::ioctl_fionbio(&terminal, true).map_err(refusal)?;
        resize(&terminal, window).map_err(refusal)?;
        let mut open = lock(&self.open);
        open.last += 1;
        let id = open.last;
        open.terminals.insert(id, Arc::new(terminal));
        Ok(Reply::Terminal(id))
    }

    /// What was written, once that is something.
    pub fn read(&self, id: TerminalId) -> Result<Reply, Refusal> {
        let terminal = self.find(id)?;
        let written = wait(&terminal, PollFlags::IN, PATIENCE).and_then(|()| {
            let mut bytes = vec![0; PIECE];
            let count = rustix::io::read(&*terminal, &mut bytes)?;
            bytes.truncate(count);
            Ok(bytes)
        });
        match written {
            Ok(bytes) => Ok(Reply::Written { is_over: bytes.is_empty(), bytes: Bytes(bytes) }),
            Err(Errno::AGAIN | Errno::INTR) => {
                Ok(Reply::Written { bytes: Bytes::default(), is_over: false })
            }
            // Nobody has its other end open any more (pty(7)).
            Err(Errno::IO) => Ok(Reply::Written { bytes: Bytes::default(), is_over: true }),
            Err(error) => Err(refusal(error)),
        }
    }

    /// Types.
    pub fn write(&self, id: TerminalId, typed: &Bytes) -> Result<Reply, Refusal> {
        let terminal = self.find(id)?;
        let begin = Instant::now();
        let mut left = typed.0.as_slice();
        while !left.is_empty() {
            match rustix::io::write(&*terminal, left) {
                Ok(count) => left = left.get(count..).unwrap_or_default(),
                Err(Errno::AGAIN) if begin.elapsed() < TYPING => {
                    // Whether it can be written to is seen by trying.
                    let _ = wait(&terminal, PollFlags::OUT, TYPING);
                }
                Err(Errno::INTR) => {}
                // What is typed while nobody reads is lost, as at every terminal.
                Err(Errno::AGAIN) => break,
                Err(error) => return Err(refusal(error)),
            }
        }
        Ok(Reply::Done)
    }

    /// Tells its programs how large the window is now.
    pub fn resize(&self, id: TerminalId, window: Window) -> Result<Reply, Refusal> {
        resize(&*self.find(id)?, window).map_err(refusal)?;
        Ok(Reply::Done)
    }

    /// Hangs up: its programs get SIGHUP when nobody reads from it any more.
    pub fn close(&self, id: TerminalId) -> Reply {
        lock(&self.open).terminals.remove(&id);
        Reply::Done
    }

    fn find(&self, id: TerminalId) -> Result<Arc<OwnedFd>, Refusal> {
        let found = lock(&self.open).terminals.get(&id).cloned();
        found.ok_or_else(|| Refusal::No("that terminal was closed".to_owned()))
    }
}

/// One that is asked for at the door counts as open.
struct Coming<'a>(&'a Terminals);

impl<'a> Coming<'a> {
    fn begin(terminals: &'a Terminals) -> Option<Self> {
        let mut open = lock(&terminals.open);
        let is_room = open.terminals.len() + open.coming < TERMINALS;
        open.coming += usize::from(is_room);
        is_room.then(|| Self(terminals))
    }
}

impl Drop for Coming<'_> {
    fn drop(&mut self) {
        lock(&self.0.open).coming -= 1;
    }
}

fn wait(terminal: &OwnedFd, what: PollFlags, limit: Duration) -> Result<(), Errno> {
    let limit = Timespec::try_from(limit).map_err(|_| Errno::INVAL)?;
    poll(&mut [PollFd::new(terminal, what)], Some(&limit)).map(drop)
}

fn resize(terminal: &OwnedFd, window: Window) -> Result<(), Errno> {
    let Window { columns, rows } = window.within_reason();
    tcsetwinsize(terminal, Winsize { ws_col: columns, ws_row: rows, ws_xpixel: 0, ws_ypixel: 0 })
}

fn refusal(error: Errno) -> Refusal {
    Refusal::No(format!("the terminal is broken: {}", io::Error::from(error)))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
