// SPDX-License-Identifier: Apache-2.0
//! One change at a time, an `apply`, a revocation or a move of the active
//! role: of two administrators, the second is told who the first is.
//!
//! The lock is flock(2) on a file of the first controller, held by a process
//! there that ends when the connection does. A killed run therefore leaves
//! no lock behind. A laptop that loses its power or its network closes no
//! connection, and the controller's sshd would believe in it for hours: the
//! process wants to hear from it, and ends after a silence.
//!
//! Who has lost it takes it again, and goes on if nobody else had it in
//! between: a plan is made of what was there before.

mod machine;
mod name;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use slurmha_core::observe::ObserveRequest;
use slurmha_core::site::Site;
use slurmha_host::remote::{Conversation, Printed};
use slurmha_host::{Local, RemoteError, System};

use crate::failure::Failure;
use crate::fleet::Fleet;
use machine::Asked;
pub use machine::{hold, take_here};
use name::Name;

#[cfg(test)]
mod tests;

const FILE: &str = "/run/slurmha/apply.lock";
/// Bound on the wait for either answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(60);
/// How often the process hears that whoever asked is still there.
const BEAT: Duration = Duration::from_secs(15);
/// After how long a silence it lets go. A controller that starts everything at
/// once, or a network that is mended, may keep it waiting for a minute or two.
const SILENCE: Duration = Duration::from_secs(180);

/// The lock; dropping it lets go.
pub struct Lock {
    name: Name,
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
    /// When somebody else has it by now, or had it meanwhile, or it cannot be
    /// had.
    pub fn renew(&mut self, fleet: &Fleet, site: &Site) -> Result<(), Failure> {
        if self.is_lost.load(Ordering::SeqCst) {
            let asked = Asked { name: self.name.clone(), again: true };
            *self = ask(fleet, site, asked, BEAT)?;
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
    let name = name(&Local::new(), &format!("{what} by {}", who()))?;
    ask(fleet, site, Asked { name, again: false }, beat)
}

fn ask(fleet: &Fleet, site: &Site, asked: Asked, beat: Duration) -> Result<Lock, Failure> {
    let first = site.controllers[0].name.as_str();
    let conversation = fleet.remote().converse(first, &["hold-lock"]);
    let conversation = Arc::new(conversation.map_err(|e| crate::fleet::failure(&e))?);
    let line = serde_json::to_string(&asked).map_err(Failure::internal)?;
    conversation.say(&line).map_err(|error| crate::fleet::failure(&error))?;
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
    // An answer that comes after all would be a lock that nobody lets go.
    hear(first, &answer).inspect_err(|_| conversation.hang_up())?;
    let beats = beats(conversation.clone(), beat);
    Ok(Lock { name: asked.name, conversation, is_lost, _beats: beats })
}

/// Waits for the machine's answer. What its login shell prints before is passed
/// over; no answer at all is no lock.
fn hear(first: &str, answer: &Receiver<Result<String, RemoteError>>) -> Result<(), Failure> {
    let begin = Instant::now();
    let mut printed = Printed::default();
    while let Some(left) = ANSWER_LIMIT.checked_sub(begin.elapsed()) {
        match answer.recv_timeout(left) {
            Ok(Ok(line)) => match machine::answer(&line) {
                Some(answer) => return answer.map_err(Failure::from),
                None => printed.pass(&line),
            },
            Ok(Err(error)) => return Err(crate::fleet::failure(&error)),
            Err(_) => break,
        }
    }
    Err(Failure::remote(format!("{first} did not answer about {FILE}{printed}")).hint(
        "what the login shell runs there (~/.bashrc, /etc/bash.bashrc) may print anything, and \
         has to end",
    ))
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

/// Random bytes that tell one run from any other.
const ID_BYTES: usize = 16;

fn name(system: &dyn System, who: &str) -> Result<Name, Failure> {
    Ok(Name::new(who, &system.random(ID_BYTES).map_err(Failure::internal)?))
}

/// Who asks, for the other administrator's eyes.
fn who() -> String {
    let user = std::env::var("USER").or_else(|_| std::env::var("LOGNAME"));
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    format!("{}@{host}, process {}", user.unwrap_or_else(|_| "root".to_owned()), std::process::id())
}
