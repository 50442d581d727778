// SPDX-License-Identifier: Apache-2.0
//! One change at a time, an `apply`, a revocation or a move of the active
//! role: of two administrators, the second is told who the first is.
//!
//! The lock is flock(2) on a file of the first controller, held by a process
//! there that ends when the connection does. A killed run therefore leaves
//! no lock behind.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::sync::mpsc;
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

/// The lock; dropping it lets go.
pub struct Lock {
    conversation: std::sync::Arc<Conversation>,
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
    let machine = site.controllers[0].name.as_str();
    let conversation = fleet.remote().converse(machine, &["hold-lock"]);
    let conversation = std::sync::Arc::new(conversation.map_err(|e| crate::fleet::failure(&e))?);
    conversation
        .say(&format!("{what} by {}", who()))
        .map_err(|error| crate::fleet::failure(&error))?;
    let (tell, answer) = mpsc::channel();
    let listener = conversation.clone();
    thread::spawn(move || {
        let mut on_line = |line: &str| drop(tell.send(Ok(line.to_owned())));
        if let Err(error) = listener.listen(&mut on_line) {
            let _ = tell.send(Err(error));
        }
    });
    match answer.recv_timeout(ANSWER_LIMIT) {
        Ok(Ok(line)) if line == HELD => Ok(Lock { conversation }),
        Ok(Ok(line)) => Err(taken(line.strip_prefix(TAKEN).unwrap_or(&line))),
        Ok(Err(error)) => Err(crate::fleet::failure(&error)),
        Err(_) => Err(Failure::remote(format!("{machine} did not answer about {FILE}"))),
    }
}

/// Who asks, for the other administrator's eyes.
fn who() -> String {
    let user = std::env::var("USER").or_else(|_| std::env::var("LOGNAME"));
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    format!("{}@{host}, process {}", user.unwrap_or_else(|_| "root".to_owned()), std::process::id())
}

/// The machine's end: takes the lock, says so, and keeps it until stdin is
/// closed.
pub fn hold() -> io::Result<()> {
    let mut who = String::new();
    io::stdin().read_line(&mut who)?;
    fs::create_dir_all("/run/slurmha")?;
    let _file = match lock(who.trim())? {
        Ok(file) => file,
        Err(holder) => {
            stdout::write(&format!("{TAKEN}{holder}\n"))?;
            return Ok(());
        }
    };
    stdout::write(&format!("{HELD}\n"))?;
    // Lines may come; only the end counts.
    io::copy(&mut io::stdin(), &mut io::sink())?;
    Ok(())
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
    Failure::refused(format!("something else is at work: {holder}"))
        .hint("wait for it to end; a run that was killed holds no lock")
}

fn holder(file: &mut File) -> String {
    let mut holder = String::new();
    let read = file.rewind().and_then(|()| file.read_to_string(&mut holder));
    if read.is_ok() && !holder.is_empty() { holder } else { "somebody".to_owned() }
}
