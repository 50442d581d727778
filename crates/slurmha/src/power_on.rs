// SPDX-License-Identifier: Apache-2.0
//! `slurmha power-on`: switches on what was fenced, when the takeover is over.
//!
//! The fence-peer handler hears of a fence first, and it has no time: it leaves
//! a note, and systemd (`slurmha-power-on.path`) starts this when there is one.
//! Of a fence of which DRBD asks nothing, the watcher leaves it.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use slurmha_core::layout::{FENCED_NOTES, POWER_ON_RECORD, RUNTIME_DIRECTORY};
use slurmha_core::observe::{FencingEvent, PeerRecord, Reading};
use slurmha_core::power_on::{Decision, POLL, Seen, decide, recent};
use slurmha_host::program::{pacemaker, stonith};
use slurmha_host::system::{read_trimmed, write_atomically};
use slurmha_host::{FileError, Ids, Local, System};

use crate::agent::{Daemon, ready};
use crate::stdout;

/// Time limit of one question.
const QUESTION: Duration = Duration::from_secs(10);
/// Time for the BMC to do it.
const POWER_LIMIT: Duration = Duration::from_secs(60);
/// Between two attempts.
const RETRY: Duration = Duration::from_secs(30);
/// A BMC that refuses five times has another reason than being busy.
const ATTEMPTS: usize = 5;

/// What the handler leaves behind.
#[derive(Debug, Serialize, Deserialize)]
pub struct Note {
    /// When the fence was proven.
    pub fenced: Timestamp,
    /// Whether the handler had asked for it.
    pub requested: bool,
}

impl Note {
    /// Leaves it. That costs two system calls on a file system in memory.
    pub fn leave(&self, system: &dyn System, machine: &str) -> Result<(), FileError> {
        for directory in [RUNTIME_DIRECTORY, FENCED_NOTES].map(Path::new) {
            if system.metadata(directory)?.is_none() {
                system.make_directory(directory, Ids::root(0o755))?;
            }
        }
        let text = serde_json::to_vec(self).unwrap_or_default();
        write_atomically(system, &path(machine), &text, Ids::root(0o644))
    }

    /// Whether there is one about this machine.
    pub fn is_there(system: &dyn System, machine: &str) -> bool {
        matches!(system.metadata(&path(machine)), Ok(Some(_)))
    }
}

fn path(machine: &str) -> PathBuf {
    Path::new(FENCED_NOTES).join(machine)
}

/// Sees to every machine of which there is a note; stdout is the journal.
pub fn run() -> ExitCode {
    let system = Local::new();
    match system.read_directory(Path::new(FENCED_NOTES)) {
        Ok(machines) => {
            for machine in machines.iter().filter(|name| !name.starts_with('.')) {
                let outcome = see_to(&system, machine);
                let _ = stdout::line(format_args!("{machine}: {outcome}"));
                // Last: systemd looks for it again when this has ended.
                if let Err(error) = system.remove_file(&path(machine)) {
                    eprintln!("{machine} will be seen to again: {error}");
                    return ExitCode::FAILURE;
                }
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// What came of it, for the journal.
fn see_to(system: &dyn System, machine: &str) -> String {
    let note = read_trimmed(system, path(machine))
        .and_then(|text| serde_json::from_str::<Note>(&text).ok())
        // Cut short by a full file system: then it was just written.
        .unwrap_or(Note { fenced: system.now(), requested: false });
    let begin = system.elapsed();
    // Measured on a clock that nobody sets.
    let already = Duration::try_from(system.now().duration_since(note.fenced)).unwrap_or_default();
    loop {
        let waited = already + system.elapsed().saturating_sub(begin);
        match decide(&look(system, machine, &note, waited)) {
            Decision::Wait => system.sleep(POLL),
            Decision::Leave(why) => return format!("nothing to do: {why}"),
            Decision::PowerOn => return switch_on(system, machine),
        }
    }
}

fn look(system: &dyn System, machine: &str, note: &Note, waited: Duration) -> Seen {
    let record = pacemaker::peer_record(system, machine, QUESTION);
    let of = |what: fn(&PeerRecord) -> bool| match &record {
        Ok(record) => Reading::Known(what(record)),
        Err(error) => Reading::Unknown(error.to_string()),
    };
    Seen {
        waited,
        is_member: of(|record| record.state.as_ref().is_some_and(|state| state.online)),
        quorate: of(|record| record.quorate),
        serves: ready::answers(system, Daemon::Slurmctld),
        by_hand: is_by_hand(system, machine, note),
        before: times(system),
        now: system.now(),
    }
}

/// Who "did" a fence that a person has confirmed (`stonith_admin --confirm`;
/// fenced_remote.c of 2.1, `fenced_handle_manual_confirmation`).
const A_PERSON: &str = "a human";

/// Whether the last fence was asked for by a command, which the handler does too,
/// or confirmed by a person, who may be at the machine. The cluster's own are asked
/// for by its controller daemon.
fn is_by_hand(system: &dyn System, machine: &str, note: &Note) -> Reading<bool> {
    let history = match stonith::history(system, machine, QUESTION) {
        Ok(history) => history,
        Err(error) => return Reading::Unknown(error.to_string()),
    };
    let by_command = |fence: &FencingEvent| fence.client.starts_with("stonith_admin");
    Reading::Known(
        last_fence(&history, machine).is_some_and(|fence| {
            fence.delegate == A_PERSON || (!note.requested && by_command(fence))
        }),
    )
}

/// The last time that it lost its power. The latest comes first
/// (fenced_history.c).
pub fn last_fence<'a>(history: &'a [FencingEvent], machine: &str) -> Option<&'a FencingEvent> {
    history.iter().find(|event| event.has_fenced(machine))
}

fn switch_on(system: &dyn System, machine: &str) -> String {
    // Written first: a machine that takes this one down when it comes must
    // not be switched on for ever.
    if let Err(error) = remember(system) {
        return format!("left off, because that could not be written down: {error}");
    }
    let mut failure = String::new();
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            system.sleep(RETRY);
        }
        match stonith::power_on(system, machine, POWER_LIMIT) {
            Ok(()) => return "switched on".to_owned(),
            Err(error) => failure = error.to_string(),
        }
    }
    format!("could not be switched on: {failure}; stonith_admin --unfence {machine}")
}

fn times(system: &dyn System) -> Vec<Timestamp> {
    let text = read_trimmed(system, POWER_ON_RECORD);
    text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
}

fn remember(system: &dyn System) -> Result<(), FileError> {
    let now = system.now();
    let mut times = recent(&times(system), now);
    times.push(now);
    let text = serde_json::to_vec(&times).unwrap_or_default();
    write_atomically(system, Path::new(POWER_ON_RECORD), &text, Ids::root(0o644))
}

#[cfg(test)]
mod tests;
