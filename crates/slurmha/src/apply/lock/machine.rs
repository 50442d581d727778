// SPDX-License-Identifier: Apache-2.0
//! The machine's end of the lock: the file, who is named in it, and the
//! process that holds it for somebody elsewhere.
//!
//! The name stays in the file when the lock is let go. By it, whoever has lost
//! the lock and takes it again sees that somebody else had it in between. A
//! restart of the machine takes it away (/run is in memory); then nobody is
//! known to have come since.

use std::fmt;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, BufRead as _, BufReader, Read, Seek as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use jiff::Timestamp;
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};
use slurmha_host::System;

use super::name::{LONGEST_FILE, Left, Name};
use super::{FILE, SILENCE};
use crate::failure::Failure;
use crate::stdout;

/// What is asked of a machine, in one line.
#[derive(Debug, Serialize, Deserialize)]
pub struct Asked {
    /// Who asks.
    pub name: Name,
    /// Whether it had the lock before.
    pub again: bool,
}

/// Why somebody does not get the lock; who it is about, in words.
#[derive(Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Somebody has it.
    Taken(String),
    /// Somebody else had it since it was lost, and has let go.
    Meanwhile(String),
}

/// What a machine says, in one line.
const HELD: &str = "held";
const TAKEN: &str = "taken by ";
const MEANWHILE: &str = "meanwhile had by ";

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Taken(who) => write!(f, "{TAKEN}{who}"),
            Self::Meanwhile(who) => write!(f, "{MEANWHILE}{who}"),
        }
    }
}

/// Reads what a machine says; `None` when it is no answer, as a login shell's
/// greeting.
pub(super) fn answer(line: &str) -> Option<Result<(), Refusal>> {
    if line == HELD {
        return Some(Ok(()));
    }
    let who = |begin: &str| line.strip_prefix(begin).map(str::to_owned);
    let refusal = who(TAKEN).map(Refusal::Taken);
    refusal.or_else(|| who(MEANWHILE).map(Refusal::Meanwhile)).map(Err)
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Taken(who) => taken(&who),
            Refusal::Meanwhile(who) => meanwhile(&who),
        }
    }
}

fn taken(who: &str) -> Failure {
    Failure::refused(format!("something else is at work: {who}")).hint(format!(
        "wait for it to end; a run that was killed holds no lock, one whose machine is gone lets \
             go after {} minutes",
        SILENCE.as_secs() / 60
    ))
}

fn meanwhile(who: &str) -> Failure {
    Failure::refused(format!("somebody else has changed the machines meanwhile ({who})"))
        .hint("look at `slurmha plan`, and start again: their site file may be newer than yours")
}

/// Takes the lock, says so, and keeps it until stdin is closed or silent.
pub fn hold(system: &dyn System) -> io::Result<()> {
    let mut line = String::new();
    let mut stdin = BufReader::new(io::stdin());
    stdin.read_line(&mut line)?;
    let asked: Asked = serde_json::from_str(&line)?;
    let path = Path::new(FILE);
    path.parent().map_or(Ok(()), fs::create_dir_all)?;
    match lock(path, &asked, system.now())? {
        Err(refusal) => stdout::write(&format!("{refusal}\n")),
        Ok(_file) => {
            stdout::write(&format!("{HELD}\n"))?;
            await_end(&heard(stdin), SILENCE);
            Ok(())
        }
    }
}

/// A word for each line that comes.
pub(super) fn heard(reader: impl Read + Send + 'static) -> Receiver<()> {
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        let lines = BufReader::new(reader).lines().map_while(Result::ok);
        lines.map_while(|_| tell.send(()).ok()).for_each(drop);
    });
    told
}

/// Until nobody can say anything any more, or nobody has for too long.
pub(super) fn await_end(told: &Receiver<()>, silence: Duration) {
    while told.recv_timeout(silence).is_ok() {}
}

/// The same lock for somebody who is on the first controller already; `who`
/// is for the eyes of those who come second.
///
/// # Errors
/// When somebody has it, or the file cannot be used.
pub fn take_here(system: &dyn System, who: &str) -> Result<File, Failure> {
    let asked = Asked { name: super::name(system, who)?, again: false };
    match lock(Path::new(FILE), &asked, system.now()) {
        Ok(outcome) => outcome.map_err(Failure::from),
        Err(error) => Err(Failure::remote(format!("cannot use {FILE}: {error}"))),
    }
}

/// Dropping the file lets go.
fn lock(path: &Path, asked: &Asked, now: Timestamp) -> io::Result<Result<File, Refusal>> {
    let mut file = open(path)?;
    let is_free = flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok();
    let left = left(&mut file);
    if !is_free {
        let who = left.ok().flatten().map_or_else(|| "somebody".to_owned(), |left| left.words);
        return Ok(Err(Refusal::Taken(who)));
    }
    // Their name stays: whoever else has lost the lock shall see it, too.
    if let Some(other) = left?.filter(|left| asked.again && !left.is(&asked.name)) {
        return Ok(Err(Refusal::Meanwhile(other.words)));
    }
    let text = asked.name.text(now);
    file.rewind()?;
    // In this order there is no moment in which nobody is named.
    file.write_all(text.as_bytes())?;
    file.set_len(text.len() as u64)?;
    Ok(Ok(file))
}

/// Who may read a file may hold a lock on it (flock(2)), and keep everybody
/// out: nobody but root may.
const MODE: u32 = 0o600;

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(MODE);
    let file = options.open(path)?;
    // It may be that of another program, or of an earlier version.
    file.set_permissions(Permissions::from_mode(MODE))?;
    Ok(file)
}

fn left(file: &mut File) -> io::Result<Option<Left>> {
    let mut bytes = Vec::new();
    file.rewind()?;
    file.take(LONGEST_FILE).read_to_end(&mut bytes)?;
    Ok(Left::read(&bytes))
}

#[cfg(test)]
mod tests;
