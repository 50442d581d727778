// SPDX-License-Identifier: Apache-2.0
//! DRBD's handlers `fence-peer` and `after-resync-target` (drbd.conf(5)),
//! called by the kernel through drbdadm with the resource and the peer in the
//! environment. What they print goes nowhere; they write to the journal.
//!
//! What is decided, and why, is in [`slurmha_core::fence_peer`].

mod call;
pub mod look;
mod mark;

use std::process::ExitCode;
use std::time::Duration;

use slurmha_core::fence_peer::{Answer, Decision, LIMIT, LONG_POLL, POLL, Seen, decide, mark_id};
use slurmha_core::observe::Reading;
use slurmha_host::program::{drbd, logger, pacemaker, stonith};
use slurmha_host::{FileError, Local, System};

pub use call::answer_what_is_left;

use crate::power_on::Note;
use call::Call;

const TAG: &str = "slurmha-fence-peer";

/// Time limit of one question, which takes milliseconds when all is well.
const QUESTION: Duration = Duration::from_secs(5);
/// And of one that has had no answer for a while: on a machine that is short of CPU time
/// each would be cut off anew.
const LATE_QUESTION: Duration = Duration::from_secs(20);

/// `fence-peer`: the exit status is the answer to DRBD.
pub fn fence() -> ExitCode {
    ExitCode::from(noted(&Local::new(), &Call::from_environment()) as u8)
}

/// `fence-peer --left`: the answer to what a handler was asked that was killed. DRBD does not wait
/// for this one; with the proof its I/O goes on by command.
pub fn fence_left() -> ExitCode {
    let system = Local::new();
    let Some(call) = call::left(&system) else { return ExitCode::SUCCESS };
    match answer_late(&system, &call) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            let line = format!("the I/O of {} is left as it is: {why}", call.resource);
            let _ = logger::log(&system, TAG, &line);
            ExitCode::FAILURE
        }
    }
}

fn answer_late(system: &dyn System, call: &Call) -> Result<(), String> {
    match noted(system, call) {
        Answer::Stonithed | Answer::Outdated => {
            drbd::resume_io(system, &call.resource, QUESTION).map_err(|error| error.to_string())
        }
        Answer::NotFenced => Err("there was no proof".to_owned()),
    }
}

/// Answers a call that is written down meanwhile. An answer does not depend on that.
fn noted(system: &dyn System, call: &Call) -> Answer {
    let begun = call::begin(system, call);
    let answer = answer(system, call);
    if let Err(error) = begun.and_then(|()| call::end(system)) {
        let _ = logger::log(system, TAG, &format!("what was asked is not written down: {error}"));
    }
    answer
}

/// `after-resync-target`: DRBD does not look at the exit status.
pub fn unfence() -> ExitCode {
    let lifted = mark::lift(&Local::new());
    ExitCode::from(u8::from(!lifted))
}

/// Answers one call and writes the line about it.
fn answer(system: &dyn System, call: &Call) -> Answer {
    let start = system.elapsed();
    let (answer, reason, seen) = match call.objection() {
        Some(objection) => (Answer::NotFenced, objection, Seen::default()),
        None => prove(system, call, start),
    };
    let took = system.elapsed().saturating_sub(start).as_millis();
    let line = format!(
        "resource={} peer={} exit={} ({answer:?}) after {took} ms: {reason}; seen: {}",
        call.resource,
        call.peer,
        answer as u8,
        look::summary(&seen),
    );
    // The answer depends on neither. Where it is a refusal because this side's
    // data are old, the peer has the new ones and is wanted back all the more.
    if seen.is_peer_fenced()
        && let Err(error) = leave_note(system, call, &seen)
    {
        let line = format!("{} will not be switched on: {error}", call.peer);
        let _ = logger::log(system, TAG, &line);
    }
    let _ = logger::log(system, TAG, &line);
    answer
}

/// The peer is to be switched on when this is over.
fn leave_note(system: &dyn System, call: &Call, seen: &Seen) -> Result<(), FileError> {
    let note = Note { fenced: system.now(), requested: seen.request.is_some() };
    note.leave(system, &call.peer)
}

/// Looks, decides and acts until there is an answer.
fn prove(system: &dyn System, call: &Call, start: Duration) -> (Answer, String, Seen) {
    let mut seen = Seen { own: look::own_name(system), peer: call.peer.clone(), ..Seen::default() };
    look::own_disks(system, &mut seen);
    let mut since = look::Since::default();
    let mut marker = mark::Marker::default();
    let mut told = String::new();
    let (answer, reason) = loop {
        // A fence that succeeded is an answer: what the cluster has written
        // down of it need not be read while I/O is frozen.
        if seen.request != Some(Ok(())) {
            look::peer(system, &mut seen);
        }
        let now = system.elapsed();
        seen.waited = now.saturating_sub(start);
        since.measure(&mut seen, now);
        match decide(&seen) {
            Decision::Answer(answer, reason) => break (answer, reason),
            Decision::Wait(_) if seen.waited < LIMIT => {
                seen.marking = None;
                system.sleep(POLL);
            }
            // It is a person who is waited for, and wants to know why.
            Decision::Wait(reason) => {
                seen.marking = None;
                if told != reason {
                    tell_what_is_missing(system, call, &reason);
                    told = reason;
                }
                system.sleep(LONG_POLL);
            }
            Decision::Mark => seen.marking = Some(marker.mark(system, &seen)),
            Decision::Request => {
                let result = stonith::fence(system, &call.peer, seen.fence_limit());
                seen.request = Some(result.map_err(|error| error.to_string()));
                since.request(system.elapsed());
            }
        }
        // A mark that was confirmed while the connection came back is withdrawn.
        look::own_disks(system, &mut seen);
    };
    if marker.has_marked && answer != Answer::Outdated {
        withdraw(system, &call.peer);
    }
    (answer, reason, seen)
}

/// Writes are frozen meanwhile, and nothing else says why.
fn tell_what_is_missing(system: &dyn System, call: &Call, reason: &str) {
    let line = format!("resource={} peer={} waits: {reason}", call.resource, call.peer);
    let _ = logger::log(system, TAG, &line);
}

/// A mark that was tried in this call and did not become its answer: the
/// peer's data are not old on its account.
fn withdraw(system: &dyn System, peer: &str) {
    if let Err(error) = pacemaker::delete_constraint(system, &mark_id(peer), QUESTION) {
        let line = format!("cannot withdraw {}: {error}", mark_id(peer));
        let _ = logger::log(system, TAG, &line);
    }
}

/// A result as a reading.
fn reading<T, E: std::fmt::Display>(result: Result<T, E>) -> Reading<T> {
    match result {
        Ok(value) => Reading::Known(value),
        Err(error) => Reading::Unknown(error.to_string()),
    }
}

#[cfg(test)]
mod tests;
