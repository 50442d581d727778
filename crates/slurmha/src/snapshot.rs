// SPDX-License-Identifier: Apache-2.0
//! `slurmha snapshot-state`: a copy of slurmctld's state on the local disk.
//!
//! Replication copies damage as faithfully as everything else. A copy that is
//! some minutes old, on another disk, is what remains then.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use slurmha_core::layout::{SNAPSHOTS, STATE_MOUNT, STATE_SAVE_LOCATION};
use slurmha_core::plan::VOLUME_MARKER;
use slurmha_core::state_save::{
    JobStateHeader, expendable_snapshots, snapshot_name, superseded_snapshots,
};
use slurmha_host::program::{copy, sync};
use slurmha_host::{Ids, Local, System};

use crate::stdout;

/// What stays free on the local disk, where the logs are, too.
const RESERVE_BYTES: u64 = 512 << 20;
const HEADER_BYTES: usize = 64;

/// Takes one where the volume is mounted, and removes those that it replaces.
pub fn run() -> ExitCode {
    // In the journal; the copy is what counts.
    let _ = match take(&Local::new()) {
        Ok(Taken::Copy(path)) => stdout::line(format_args!("copied to {}", path.display())),
        Ok(Taken::NotMounted) => stdout::line("the state volume is not mounted here"),
        Ok(Taken::NothingSaved) => stdout::line("slurmctld has saved nothing yet"),
        Err(why) => {
            eprintln!("slurmctld's state was not copied: {why}");
            return ExitCode::FAILURE;
        }
    };
    ExitCode::SUCCESS
}

/// What came of it.
#[derive(Debug, PartialEq, Eq)]
enum Taken {
    Copy(PathBuf),
    /// The other controller is the active one.
    NotMounted,
    /// A new cluster's slurmctld writes its first table when it has run for a while.
    NothingSaved,
}

fn take(system: &dyn System) -> Result<Taken, String> {
    if !is_mounted(system)? {
        return Ok(Taken::NotMounted);
    }
    if !has_saved(system)? {
        return Ok(Taken::NothingSaved);
    }
    let all = Path::new(SNAPSHOTS);
    let (unfinished, path) = (all.join(".new"), all.join(snapshot_name(system.now())));
    system.remove_tree(&unfinished).map_err(text)?;
    make_room(system, all)?;
    system.make_directory(&unfinished, Ids::root(0o700)).map_err(text)?;
    let taken = fill(system, &unfinished).and_then(|()| {
        sync::file_system(system, all).map_err(text)?;
        system.rename(&unfinished, &path).map_err(text)
    });
    if let Err(why) = taken {
        // The reason for the failure is the news.
        let _ = system.remove_tree(&unfinished);
        return Err(why);
    }
    for name in superseded_snapshots(&system.read_directory(all).map_err(text)?) {
        system.remove_tree(&all.join(name)).map_err(text)?;
    }
    Ok(Taken::Copy(path))
}

/// Whether there has ever been a table of jobs: while slurmctld replaces it, the old one is
/// there (`job_state.old`).
fn has_saved(system: &dyn System) -> Result<bool, String> {
    for name in ["job_state", "job_state.old"] {
        let table = Path::new(STATE_SAVE_LOCATION).join(name);
        if system.metadata(&table).map_err(text)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The tables first, then the jobs' directories: a job that ends in between
/// has no directory in the copy and does not run a second time from it.
///
/// A copy that cannot be used is not kept: it would push out one that can.
fn fill(system: &dyn System, directory: &Path) -> Result<(), String> {
    let state = Path::new(STATE_SAVE_LOCATION);
    let entries = system.read_directory(state).map_err(text)?;
    let (jobs, tables): (Vec<String>, Vec<String>) =
        entries.into_iter().partition(|name| name.starts_with("hash."));
    for names in [tables, jobs] {
        let paths: Vec<PathBuf> = names.iter().map(|name| state.join(name)).collect();
        copy::into_directory(system, &paths, directory).map_err(text)?;
    }
    let table = directory.join("job_state");
    let header = system.read_start(&table, HEADER_BYTES).map_err(text)?;
    let header =
        header.ok_or("job_state was replaced at that moment: a later copy will have it")?;
    JobStateHeader::parse(&header).map_err(|error| format!("job_state is damaged: {error}"))?;
    // Had the volume gone in the middle, the rest came from below the mount.
    if is_mounted(system)? { Ok(()) } else { Err("the volume was unmounted".to_owned()) }
}

fn is_mounted(system: &dyn System) -> Result<bool, String> {
    let marker = Path::new(STATE_MOUNT).join(VOLUME_MARKER);
    Ok(system.metadata(&marker).map_err(text)?.is_some())
}

/// Old copies go for a new one: on a small disk they would fill their place and grow old.
fn make_room(system: &dyn System, all: &Path) -> Result<(), String> {
    let used = copy::used_bytes(system, Path::new(STATE_SAVE_LOCATION)).map_err(text)?;
    let wanted = used.unwrap_or(0) + RESERVE_BYTES;
    let names = system.read_directory(all).unwrap_or_default();
    let mut expendable = expendable_snapshots(&names).into_iter();
    while let Err(why) = has_room(system, all, wanted) {
        let Some(name) = expendable.next() else { return Err(why) };
        system.remove_tree(&all.join(name)).map_err(text)?;
    }
    Ok(())
}

/// What cannot be measured is no reason against a copy.
fn has_room(system: &dyn System, all: &Path, wanted: u64) -> Result<(), String> {
    match copy::free_bytes(system, all).map_err(text)? {
        Some(free) if free < wanted => Err(format!(
            "{} has {} MiB free, and {} MiB are wanted (512 stay free); free some there, or make \
             that file system larger",
            all.display(),
            free >> 20,
            wanted >> 20
        )),
        _ => Ok(()),
    }
}

fn text(error: impl ToString) -> String {
    error.to_string()
}

#[cfg(test)]
#[path = "snapshot_tests.rs"]
mod tests;
