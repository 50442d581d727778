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
//! When slurmctld ends meanwhile, the settling is called off, and its next
//! start begins anew or goes on.

mod duplicate;
mod repair;
mod settle;

use std::path::Path;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use slurmha_core::layout::{BINARY, LAST_STOP, STATE_SAVE_LOCATION, TAKEOVER_REPORT, TAKEOVERS};
use slurmha_core::state_save::{FailedStart, JobStateHeader, LastStop, Takeover, needs_newer};
use slurmha_host::program::systemctl;
use slurmha_host::system::write_atomically;
use slurmha_host::{Command, FileError, Ids, System, hold, unit_process};

pub use repair::Unusable;
pub use settle::settle;

/// Time for a command that only hands something over.
const LIMIT: Duration = Duration::from_secs(10);

/// What [`settle()`] runs in.
const UNIT: &str = "slurmha-settle.service";
const DESCRIPTION: &str = "Waits until the nodes have told what they run";

/// How long after a takeover what [`settle()`] does for every job is over; what
/// it goes on with is a watch for something rare.
const SETTLED: SignedDuration = SignedDuration::from_secs(90);

/// Before slurmctld starts. Answers with a report when the last one did not
/// end cleanly, or was stopped before everything was settled; there is none
/// for a volume that slurmctld never ran on. What takes long ends at `until`.
///
/// # Errors
/// When the saved job table is no job table: a person has to decide.
pub fn prepare(system: &dyn System, until: Duration) -> Result<Option<Takeover>, Unusable> {
    let last = last_stop(system);
    let takeover = if last.is_clean() {
        last.unfinished().cloned()
    } else {
        let places = repair::Places {
            state: STATE_SAVE_LOCATION.into(),
            takeovers: TAKEOVERS.into(),
            machine: machine(system),
            reserve: repair::RESERVE,
        };
        repair::repair(system, &places, &last, until)?
    };
    match &takeover {
        Some(takeover) => {
            keep(system, takeover);
            note(system, &LastStop::starting(&machine(system), system.now(), takeover));
        }
        None => note_running(system),
    }
    Ok(takeover)
}

/// slurmctld has ended and has not answered since it was asked to start, this
/// long ago at most. Where that is not noted the next start takes it for a
/// crash after a day of work.
pub fn note_failed(system: &dyn System, unfinished: Option<&Takeover>, lived: Duration) {
    if let Some(header) = saved_header(system) {
        let failed = FailedStart::new(&header, lived);
        note(system, &LastStop::failed(&machine(system), system.now(), failed, unfinished));
    }
}

/// Bytes of a table in which its header is.
const HEADER: usize = 64;

/// Of the table that slurmctld is going to read.
fn saved_header(system: &dyn System) -> Option<JobStateHeader> {
    let table = repair::table_to_be_read(system, STATE_SAVE_LOCATION.as_ref())?;
    JobStateHeader::parse(&system.read_start(&table, HEADER).ok()??).ok()
}

/// slurmctld runs, and the start that asks did not start it: an administrator
/// did, or a start that was killed. Answers with what the latter left undone.
pub fn found_running(system: &dyn System) -> Option<Takeover> {
    let last = last_stop(system);
    // Else its crash would be taken for that clean stop.
    if !last.may_run() {
        note_running(system);
    }
    last.unfinished().cloned()
}

/// Ends a settling that is under way, and says whether there was one: it is
/// about a slurmctld that is going to end, or has ended. Left alone, it would
/// end the hold that the next one begins, wherever that runs.
pub fn call_off(system: &dyn System) -> bool {
    // Where none runs this costs no program. "Cannot tell" costs one.
    if matches!(unit_process::of_unit(system, UNIT), Ok(None)) {
        return false;
    }
    if let Err(error) = systemctl::end_quickly(system, UNIT) {
        eprintln!("an older takeover may still be settling: {error}");
    }
    true
}

/// Whether there may be a slurmctld here. Only a certain "no" ends what is
/// done for it.
fn runs_here(system: &dyn System) -> bool {
    !matches!(unit_process::of_unit(system, "slurmctld.service"), Ok(None))
}

/// Why a slurmctld that has just ended as it started will do so again on this
/// machine: its state was written by a newer one. Asked only then, because it
/// is one more program.
pub fn too_new(system: &dyn System, limit: Duration) -> Option<String> {
    let table = Path::new(STATE_SAVE_LOCATION).join("job_state");
    let header = JobStateHeader::parse(&system.read(&table).ok()??).ok()?;
    let version = Command::new("slurmctld").arg("-V").timeout(limit.min(LIMIT));
    let version = system.run(&version).ok()?.text();
    let needed = needs_newer(&version, header.protocol)?;
    Some(format!(
        "the saved state is of Slurm {needed}, and this machine has {}: it would throw the jobs \
         away. Upgrade Slurm here, or leave slurmctld where it is (slurmha runbook damaged-state)",
        version.trim()
    ))
}

/// Once slurmctld answers: nothing starts until the nodes have reported.
/// What follows takes longer than a start may, and is left to a unit.
pub fn begin(system: &dyn System, takeover: &Takeover) {
    // One that was settled so far is only gone on with.
    if takeover.held_s.is_none()
        && let Err(why) = hold::TAKEOVER.begin(system)
    {
        eprintln!("jobs are started before the nodes have reported: {why}");
    }
    note_running(system);
    let program = [BINARY, "agent", "slurmctld", "settle"];
    if let Err(error) = systemctl::run_beside(system, UNIT, DESCRIPTION, &program) {
        eprintln!("the nodes are not waited for: {error}");
        let _ = hold::TAKEOVER.end(system);
    }
}

/// After slurmctld ended as it was `asked` to. What the last takeover had to do
/// and has not done, because it was called off or slurmctld never answered, is
/// left to the next start, also on the other controller.
///
/// It saves on its way out and ends well also when it could not (22.05, controller.c,
/// `save_all_state`; state_save.c ignores what became of it): on a full volume that would be
/// a crash that nobody repairs.
pub fn note_stopped(system: &dyn System, asked: Timestamp, called_off: bool) {
    if !is_saved_since(system, asked) {
        eprintln!("slurmctld has ended and has not saved its jobs: its next start repairs them");
        return;
    }
    let unfinished = if called_off {
        report(system).ok().filter(|report| is_unsettled(system, report))
    } else {
        last_stop(system).unfinished().cloned()
    };
    note(system, &LastStop::stopped(&machine(system), system.now(), unfinished.as_ref()));
}

/// Tables have whole seconds. One from the future, of a clock that was set back, proves
/// nothing.
fn is_saved_since(system: &dyn System, asked: Timestamp) -> bool {
    let saved = saved_header(system).map(|header| header.saved.as_second());
    saved.is_some_and(|saved| (asked.as_second()..=system.now().as_second()).contains(&saved))
}

fn is_unsettled(system: &dyn System, report: &Takeover) -> bool {
    system.now().duration_since(report.at) < SETTLED
}

fn last_stop(system: &dyn System) -> LastStop {
    let note = system.read(Path::new(LAST_STOP)).ok().flatten();
    LastStop::parse(note.as_deref())
}

/// The report that was begun before the start.
fn report(system: &dyn System) -> Result<Takeover, serde_json::Error> {
    let bytes = system.read(Path::new(TAKEOVER_REPORT)).ok().flatten().unwrap_or_default();
    serde_json::from_slice(&bytes)
}

fn note_running(system: &dyn System) {
    note(system, &LastStop::running(&machine(system), system.now()));
}

/// A note that cannot be written leaves the old one or none, and both that
/// of a running slurmctld and none mean "unclean", which costs some ids. The
/// one bad case, an old "stopped", would need a file system that is full for
/// root, too: it was written when slurmctld could still save.
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
