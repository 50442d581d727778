// SPDX-License-Identifier: Apache-2.0
//! One change at a time, an `apply`, a revocation or a move of the active
//! role: of two administrators, the second is told who the first is.
//!
//! The lock is flock(2) on a file of the first controller, held by a process
//! there that ends when the connection does. A killed run therefore leaves
//! no lock behind. A laptop that loses its power or its network closes no
//! connection, and the controller's sshd would believe in it for hours: the
//! process wants to hear from it, and ends after a silence.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Read, Seek as _, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use slurmha_core::observe::ObserveRequest;
use slurmha_core::site::Site;
use slurmha_host::remote::Conversation;

use crate::failure::Failure;
use crate::fleet::Fleet;
use crate::stdout;

#[cfg(test)]
mod tests;

const FILE: &str = "/run/slurmha/apply.lock";
/// Answers of the holding process.
const HELD: &str = "held";
const TAKEN: &str = "taken by ";
/// Bound on the wait for either answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(60);
/// How often the process hears that whoever asked is still there.
const BEAT: Duration = Duration::from_secs(15);
/// After how long a silence it lets go. A controller that starts everything at
/// once, or a network that is mended, may keep it waiting for a minute or two.
const SILENCE: Duration = Duration::from_secs(180);

/// The lock; dropping it lets go.
pub struct Lock {
    conversation: Arc<Conversation>,
    /// Whether the process that held it is gone.
    is_lost: Arc<AtomicBool>,
    /// Dropped, it ends the beats.
    _beats: Sender<()>,
}

impl Lock {
    /// Takes it again if it was lost, as by a controller that was busy for too
    /// long or a laptop that slept.
    ///
    /// # Errors
    /// When somebody else has it by now, or it cannot be had.
    pub fn renew(&mut self, fleet: &Fleet, site: &Site, what: &str) -> Result<(), Failure> {
        if self.is_lost.load(Ordering::SeqCst) {
            *self = take(fleet, site, what)?;
        }
        Ok(())
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        self.conversation.hang_up();
    }
}

/// As [`take`], for a command that has not spoken with the first controller
/// before: this version of slurmha may not be there yet.
pub fn reach_and_take(fleet: &Fleet, site: &Site, what: &str) -> Result<Lock, Failure> {
    let machine = &site.controllers[0].name;
    let nothing = ObserveRequest::default();
    fleet.observe_one(machine, &nothing).map_err(|error| crate::fleet::failure(&error))?;
    take(fleet, site, what)
}

/// Takes the lock on the first controller for `what` (as in `an apply`), or
/// says who has it.
pub fn take(fleet: &Fleet, site: &Site, what: &str) -> Result<Lock, Failure> {
    take_beating(fleet, site, what, BEAT)
}

fn take_beating(fleet: &Fleet, site: &Site, what: &str, beat: Duration) -> Result<Lock, Failure> {
    let machine = site.controllers[0].name.as_str();
    let conversation = fleet.remote().converse(machine, &["hold-lock"]);
    let conversation = Arc::new(conversation.map_err(|e| crate::fleet::failure(&e))?);
    conversation
        .say(&format!("{what} by {}", who()))
        .map_err(|error| crate::fleet::failure(&error))?;
    let (tell, answer) = mpsc::channel();
    let is_lost = Arc::new(AtomicBool::new(false));
    let (listener, lost) = (conversation.clone(), is_lost.clone());
    thread::spawn(move || {
        let mut on_line = |line: &str| drop(tell.send(Ok(line.to_owned())));
        if let Err(error) = listener.listen(&mut on_line) {
            let _ = tell.send(Err(error));
        }
        lost.store(true, Ordering::SeqCst);
    });
    match answer.recv_timeout(ANSWER_LIMIT) {
        Ok(Ok(line)) if line == HELD => {
            let beats = beats(conversation.clone(), beat);
            Ok(Lock { conversation, is_lost, _beats: beats })
        }
        Ok(Ok(line)) => Err(taken(line.strip_prefix(TAKEN).unwrap_or(&line))),
        Ok(Err(error)) => Err(crate::fleet::failure(&error)),
        Err(_) => Err(Failure::remote(format!("{machine} did not answer about {FILE}"))),
    }
}

/// Says again and again that we are here, until the sender is dropped.
fn beats(conversation: Arc<Conversation>, beat: Duration) -> Sender<()> {
    let (sender, ended) = mpsc::channel::<()>();
    thread::spawn(move || {
        while ended.recv_timeout(beat) == Err(RecvTimeoutError::Timeout)
            && conversation.say("").is_ok()
        {}
    });
    sender
}

/// Who asks, for the other administrator's eyes.
fn who() -> String {
    let user = std::env::var("USER").or_else(|_| std::env::var("LOGNAME"));
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    format!("{}@{host}, process {}", user.unwrap_or_else(|_| "root".to_owned()), std::process::id())
}

/// The machine's end: takes the lock, says so, and keeps it until stdin is
/// closed or silent.
pub fn hold() -> io::Result<()> {
    let mut who = String::new();
    let mut stdin = BufReader::new(io::stdin());
    stdin.read_line(&mut who)?;
    fs::create_dir_all("/run/slurmha")?;
    let _file = match lock(who.trim())? {
        Ok(file) => file,
        Err(holder) => {
            stdout::write(&format!("{TAKEN}{holder}\n"))?;
            return Ok(());
        }
    };
    stdout::write(&format!("{HELD}\n"))?;
    await_end(&heard(stdin), SILENCE);
    Ok(())
}

/// A word for each line that comes.
fn heard(reader: impl Read + Send + 'static) -> Receiver<()> {
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        let lines = BufReader::new(reader).lines().map_while(Result::ok);
        lines.map_while(|_| tell.send(()).ok()).for_each(drop);
    });
    told
}

/// Until nobody can say anything any more, or nobody has for too long.
fn await_end(told: &Receiver<()>, silence: Duration) {
    while told.recv_timeout(silence).is_ok() {}
}

/// The same lock for somebody who is on the first controller already; `who`
/// is for the eyes of those who come second.
///
/// # Errors
/// When somebody has it, or the file cannot be used.
pub fn take_here(who: &str) -> Result<File, Failure> {
    match lock(who) {
        Ok(Ok(file)) => Ok(file),
        Ok(Err(holder)) => Err(taken(&holder)),
        Err(error) => Err(Failure::remote(format!("cannot use {FILE}: {error}"))),
    }
}

fn lock(who: &str) -> io::Result<Result<File, String>> {
    let mut file =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).open(FILE)?;
    if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
        return Ok(Err(holder(&mut file)));
    }
    file.set_len(0)?;
    file.write_all(who.as_bytes())?;
    Ok(Ok(file))
}

fn taken(holder: &str) -> Failure {
    Failure::refused(format!("something else is at work: {holder}")).hint(format!(
        "wait for it to end; a run that was killed holds no lock, one whose machine is gone lets \
             go after {} minutes",
        SILENCE.as_secs() / 60
    ))
}

fn holder(file: &mut File) -> String {
    let mut holder = String::new();
    let read = file.rewind().and_then(|()| file.read_to_string(&mut holder));
    if read.is_ok() && !holder.is_empty() { holder } else { "somebody".to_owned() }
}
