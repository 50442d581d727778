// SPDX-License-Identifier: Apache-2.0
//! slurmctld after an unclean end: what is put right before it starts, and
//! what it must not do before it knows what the nodes run.
//!
//! ```text
//! before the start   repair   ids, orphaned directories, empty scripts
//! it answers         hold     no job starts on any node
//! beside it          settle   nodes report; what they still run is waited for;
//!                             the hold ends; nodes report once more; what
//!                             nodes take for duplicates is put right
//! ```
//!
//! Clients are served from the moment it answers: only starts of jobs wait.

mod duplicate;
mod repair;
mod settle;

use std::path::Path;
use std::time::Duration;

use slurmha_core::layout::{BINARY, LAST_STOP, STATE_SAVE_LOCATION, TAKEOVER_REPORT, TAKEOVERS};
use slurmha_core::state_save::{JobStateHeader, LastStop, Takeover, needs_newer};
use slurmha_host::program::systemctl;
use slurmha_host::system::write_atomically;
use slurmha_host::{Command, FileError, Ids, System, hold};

pub use repair::Unusable;
pub use settle::settle;

/// Time for a command that only hands something over.
const LIMIT: Duration = Duration::from_secs(10);

/// What [`settle()`] runs in.
const UNIT: &str = "slurmha-settle.service";
const DESCRIPTION: &str = "Waits until the nodes have told what they run";

/// Before slurmctld starts. Answers with a report when the last one did not
/// end cleanly; there is none for a volume that slurmctld never ran on.
///
/// # Errors
/// When the saved job table is no job table: a person has to decide.
pub fn prepare(system: &dyn System) -> Result<Option<Takeover>, Unusable> {
    let note = system.read(Path::new(LAST_STOP)).ok().flatten();
    let last = LastStop::parse(note.as_deref());
    note_running(system);
    if last == LastStop::Clean {
        return Ok(None);
    }
    let places = repair::Places {
        state: STATE_SAVE_LOCATION.into(),
        takeovers: TAKEOVERS.into(),
        machine: machine(system),
    };
    let takeover = repair::repair(system, &places)?;
    if let Some(takeover) = &takeover {
        keep(system, takeover);
    }
    Ok(takeover)
}

/// Why a slurmctld that has just ended as it started will do so again on this
/// machine: its state was written by a newer one. Asked only then, because it
/// is one more program.
pub fn too_new(system: &dyn System) -> Option<String> {
    let table = Path::new(STATE_SAVE_LOCATION).join("job_state");
    let header = JobStateHeader::parse(&system.read(&table).ok()??).ok()?;
    let version = Command::new("slurmctld").arg("-V").timeout(LIMIT);
    let version = system.run(&version).ok()?.text();
    let needed = needs_newer(&version, header.protocol)?;
    Some(format!(
        "the saved state is of Slurm {needed}, and this machine has {}: it would throw the jobs \
         away. Upgrade Slurm here, or leave slurmctld where it is (docs/runbooks/damaged-state.md)",
        version.trim()
    ))
}

/// Once slurmctld answers: nothing starts until the nodes have reported.
/// What follows takes longer than a start may, and is left to a unit.
pub fn begin(system: &dyn System) {
    if let Err(why) = hold::TAKEOVER.begin(system) {
        eprintln!("jobs are started before the nodes have reported: {why}");
    }
    let program = [BINARY, "agent", "slurmctld", "settle"];
    if let Err(error) = systemctl::run_beside(system, UNIT, DESCRIPTION, &program) {
        eprintln!("the nodes are not waited for: {error}");
        let _ = hold::TAKEOVER.end(system);
    }
}

/// After slurmctld ended as it was asked to.
pub fn note_stopped(system: &dyn System) {
    note(system, &LastStop::stopped(&machine(system), system.now()));
}

fn note_running(system: &dyn System) {
    note(system, &LastStop::running(&machine(system), system.now()));
}

/// A note that cannot be written leaves the old one or none, and both that
/// of a running slurmctld and none mean "unclean", which costs some ids. The
/// one bad case, an old "stopped", would need a file system on which
/// slurmctld cannot save either.
fn note(system: &dyn System, text: &str) {
    if let Err(error) =
        write_atomically(system, Path::new(LAST_STOP), text.as_bytes(), Ids::root(0o644))
    {
        eprintln!("how slurmctld ends could not be noted: {error}");
    }
}

/// Keeps the report, for status, drills and people.
fn keep(system: &dyn System, takeover: &Takeover) {
    let written = serde_json::to_vec_pretty(takeover)
        .map_err(|error| error.to_string())
        .and_then(|text| write_report(system, &text).map_err(|error| error.to_string()));
    if let Err(why) = written {
        eprintln!("the report of the takeover was not kept: {why}");
    }
}

fn write_report(system: &dyn System, text: &[u8]) -> Result<(), FileError> {
    write_atomically(system, Path::new(TAKEOVER_REPORT), text, Ids::root(0o644))
}

/// The machine's name, as its kernel knows it.
fn machine(system: &dyn System) -> String {
    slurmha_host::system::read_trimmed(system, "/proc/sys/kernel/hostname").unwrap_or_default()
}
