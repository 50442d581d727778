// SPDX-License-Identifier: Apache-2.0
//! Puts the saved state right before slurmctld reads it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use slurmha_core::observe::Space;
use slurmha_core::state_save::{
    HeaderError, JobDirectory, JobStateHeader, LastStop, PLACEHOLDER_ENVIRONMENT,
    PLACEHOLDER_SCRIPT, RepairedJob, Takeover, job_id_of,
};
use slurmha_host::program::copy;
use slurmha_host::system::write_atomically;
use slurmha_host::{FileError, Ids, Metadata, System};
use thiserror::Error;

/// Takeovers whose copies are kept; older ones go.
const KEPT: usize = 10;

/// So many directories are kept by one program: their names stay far below the
/// limit of a command line (2 MB, execve(2)), and the time below that of a start.
const AT_ONCE: usize = 500;

/// [`Places::reserve`] of slurmctld's volume: a job that is kept takes a directory
/// (4 KiB), its files take nothing.
pub const RESERVE: u64 = 20;

/// slurmctld takes the older table when the newer is shorter than this
/// (job_mgr.c, `_open_job_state_file`).
const LEAST_TABLE: u64 = 10;

/// Where things are.
pub struct Places {
    /// Slurm's `StateSaveLocation`.
    pub state: PathBuf,
    /// Where copies go, on the same volume.
    pub takeovers: PathBuf,
    /// This machine's name.
    pub machine: String,
    /// One in so many blocks of the volume stays free: slurmctld has to save there.
    pub reserve: u64,
}

/// State that slurmctld could only go on from by throwing jobs away.
#[derive(Debug, Error)]
#[error(
    "{} is damaged: {source}. slurmctld is not started on it, and never with -i: that drops every \
     job that cannot be read. Copy {} aside, then put back a table that can be read, such as \
     job_state.old beside it", table.display(), table.parent().unwrap_or(table).display()
)]
pub struct Unusable {
    table: PathBuf,
    source: HeaderError,
}

/// Raises the ids, keeps aside what slurmctld is going to remove, and puts
/// placeholders where it would end. `None` where no job was ever saved.
///
/// After a start that failed it goes on with that one's report: what the
/// failure has cost is found once, and is not to be forgotten for it.
///
/// What cannot be done is told and does not keep the scheduler away. What is
/// not kept by `until` is not kept.
pub fn repair(
    system: &dyn System,
    places: &Places,
    last: &LastStop,
    until: Duration,
) -> Result<Option<Takeover>, Unusable> {
    let Some(table) = table_to_be_read(system, &places.state) else { return Ok(None) };
    let begun =
        Takeover { machine: places.machine.clone(), at: system.now(), ..Takeover::default() };
    let bytes = match system.read(&table) {
        Ok(bytes) => bytes.unwrap_or_default(),
        Err(error) => {
            return Ok(Some(Takeover { troubles: vec![error.to_string()], ..begun }));
        }
    };
    let header = JobStateHeader::parse(&bytes)
        .map_err(|source| Unusable { table: table.clone(), source })?;
    let mut takeover = match last.goes_on(&header) {
        Some(earlier) => Takeover { machine: begun.machine, held_s: None, ..earlier.clone() },
        None => Takeover {
            saved: Some(header.saved),
            saved_state_age_s: Some(age(begun.at, header.saved)),
            next_id: Some(header.next_id),
            ..begun
        },
    };
    let highest = repair_jobs(system, places, &header, &mut takeover, until);
    match raise_ids(system, &table, &bytes, header.raised_id(highest, last.margin(&header))) {
        Ok(raised) => takeover.raised_id = Some(raised),
        Err(why) => takeover.troubles.push(format!("ids can be given out again: {why}")),
    }
    Ok(Some(takeover))
}

/// Every job of which the table knows nothing, or whose files would end slurmctld. Answers
/// with the highest id that was seen.
fn repair_jobs(
    system: &dyn System,
    places: &Places,
    header: &JobStateHeader,
    takeover: &mut Takeover,
    until: Duration,
) -> Option<u32> {
    // An earlier start has raised the ids of this table over jobs that are
    // not in it.
    let saved = JobStateHeader { next_id: takeover.next_id.unwrap_or(header.next_id), ..*header };
    let all = job_directories(system, &places.state, &mut takeover.troubles);
    let highest = all.iter().map(|(_, directory)| directory.id).max();
    let (unknown, known): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|(_, directory)| directory.is_unknown_to(&saved));
    let damaged = known.into_iter().filter_map(|(path, it)| Some((path, it.id, it.damage()?)));
    let damaged: Vec<_> = damaged.collect();
    let aside = Aside::new(places, takeover.at);
    // Jobs that go on come before those that are lost.
    let paths = damaged.iter().map(|(path, ..)| path).chain(unknown.iter().map(|(path, _)| path));
    let paths: Vec<PathBuf> = paths.cloned().collect();
    if let Err(why) = aside.keep(system, &paths, until) {
        takeover.troubles.push(why);
    }
    for (path, id, damage) in damaged {
        match put_placeholders(system, &path) {
            Ok(()) => takeover.repaired.push(RepairedJob { id, file: damage.file().to_owned() }),
            Err(error) => takeover.troubles.push(error.to_string()),
        }
    }
    let lost = unknown.iter().map(|(_, directory)| directory.id);
    let lost: BTreeSet<u32> = lost.chain(takeover.known_by_directory.drain(..)).collect();
    takeover.known_by_directory = lost.into_iter().collect();
    if matches!(system.metadata(&aside.path), Ok(Some(_))) {
        takeover.kept_in = Some(aside.path.display().to_string());
        aside.forget_oldest(system, &mut takeover.troubles);
    }
    highest.max(takeover.known_by_directory.last().copied())
}

/// The table that slurmctld is going to read.
pub fn table_to_be_read(system: &dyn System, state: &Path) -> Option<PathBuf> {
    let size = |path: &Path| system.metadata(path).ok().flatten().map(|found| found.size);
    let (table, older) = (state.join("job_state"), state.join("job_state.old"));
    match (size(&table), size(&older)) {
        (Some(size), _) if size >= LEAST_TABLE => Some(table),
        (_, Some(size)) if size >= LEAST_TABLE => Some(older),
        (Some(_), _) => Some(table),
        (None, _) => None,
    }
}

/// Seconds between the save and now; a table from the future (clocks that do
/// not agree) is 0 seconds old.
fn age(now: Timestamp, saved: Timestamp) -> f64 {
    now.duration_since(saved).as_secs_f64().max(0.0)
}

fn raise_ids(system: &dyn System, table: &Path, bytes: &[u8], raised: u32) -> Result<u32, String> {
    let bytes = JobStateHeader::with_next_id(bytes, raised).map_err(|error| error.to_string())?;
    let owner = system.metadata(table).map_err(|error| error.to_string())?;
    let ids = owner.map_or(Ids::root(0o600), |owner| owner.ids);
    write_atomically(system, table, &bytes, ids).map_err(|error| error.to_string())?;
    Ok(raised)
}

/// Every job's directory with what is in it, in the order of the ids.
fn job_directories(
    system: &dyn System,
    state: &Path,
    troubles: &mut Vec<String>,
) -> Vec<(PathBuf, JobDirectory)> {
    let mut list = |path: &Path| {
        system.read_directory(path).unwrap_or_else(|error| {
            troubles.push(error.to_string());
            Vec::new()
        })
    };
    let hashes = list(state).into_iter().filter(|name| name.starts_with("hash."));
    let hashes: Vec<PathBuf> = hashes.map(|name| state.join(name)).collect();
    let mut found = Vec::new();
    for hash in hashes {
        for name in list(&hash) {
            let Some(id) = job_id_of(&name) else { continue };
            let path = hash.join(name);
            let size = |file: &str| file_size(system, &path.join(file));
            let (script, environment) = (size("script"), size("environment"));
            let filled = system.metadata(&path).ok().flatten().map(|found| found.modified);
            found.push((path, JobDirectory { id, script, environment, filled }));
        }
    }
    found.sort_by_key(|(_, directory)| directory.id);
    found
}

/// A file that cannot be looked at is not called damaged.
fn file_size(system: &dyn System, path: &Path) -> Option<u64> {
    match system.metadata(path) {
        Ok(found) => found.map(|found| found.size),
        Err(_) => Some(u64::MAX),
    }
}

/// Both, whichever is damaged: a job must not run with half of what it was
/// given.
fn put_placeholders(system: &dyn System, directory: &Path) -> Result<(), FileError> {
    let owner = system.metadata(directory)?;
    let ids = |mode| owner.map_or(Ids::root(mode), |owner: Metadata| Ids { mode, ..owner.ids });
    let environment = directory.join("environment");
    write_atomically(system, &environment, &PLACEHOLDER_ENVIRONMENT, ids(0o600))?;
    write_atomically(system, &directory.join("script"), PLACEHOLDER_SCRIPT.as_bytes(), ids(0o700))
}

/// The directory of what this takeover keeps, which root only can enter:
/// scripts and environments hold what users keep to themselves.
///
/// Jobs are linked into it and not copied. That takes no time to speak of for
/// ten thousand of them, and no space that slurmctld needs for its next save;
/// slurmctld removes its own names, and placeholders are new files. Nothing is
/// synced: the journal of the file system holds the new names before the
/// removal of the old ones.
struct Aside {
    path: PathBuf,
    /// Directory of the volume, to ask for its space.
    volume: PathBuf,
    /// [`Places::reserve`]
    reserve: u64,
}

impl Aside {
    fn new(places: &Places, at: Timestamp) -> Self {
        // Sorts by time, and has no characters that a shell would care about.
        let path = places.takeovers.join(at.strftime("%Y%m%dT%H%M%SZ").to_string());
        Self { path, volume: places.state.clone(), reserve: places.reserve }
    }

    /// Keeps these jobs, but for those that an earlier start has kept.
    fn keep(&self, system: &dyn System, jobs: &[PathBuf], until: Duration) -> Result<(), String> {
        let is_new = |job: &&PathBuf| {
            let name = job.file_name().unwrap_or_default();
            !matches!(system.metadata(&self.path.join(name)), Ok(Some(_)))
        };
        let jobs: Vec<PathBuf> = jobs.iter().filter(is_new).cloned().collect();
        if jobs.is_empty() {
            return Ok(());
        }
        self.make(system).map_err(|error| error.to_string())?;
        let (mut lost, mut last) = (0, String::new());
        for some in jobs.chunks(AT_ONCE) {
            if let Err(why) = self.keep_some(system, some, until) {
                (lost, last) = (lost + some.len(), why);
            }
        }
        if lost == 0 {
            return Ok(());
        }
        Err(format!("the files of up to {lost} jobs were not kept: {last}"))
    }

    fn keep_some(
        &self,
        system: &dyn System,
        jobs: &[PathBuf],
        until: Duration,
    ) -> Result<(), String> {
        let time = until.saturating_sub(system.elapsed());
        if time.is_zero() {
            return Err("slurmctld was not to wait any longer".to_owned());
        }
        // What cannot be told is tried: it takes little.
        let is_full = |space: Space| space.available < space.total / self.reserve;
        if system.space(&self.volume).is_some_and(is_full) {
            return Err("the volume is nearly full".to_owned());
        }
        copy::link_into_directory(system, jobs, &self.path, time).map_err(|it| it.to_string())
    }

    fn make(&self, system: &dyn System) -> Result<(), FileError> {
        for path in [self.path.parent().unwrap_or(&self.path), &self.path] {
            if system.metadata(path)?.is_none() {
                system.make_directory(path, Ids::root(0o700))?;
            }
        }
        Ok(())
    }

    fn forget_oldest(&self, system: &dyn System, troubles: &mut Vec<String>) {
        let Some(all) = self.path.parent() else { return };
        let names = system.read_directory(all).unwrap_or_default();
        for name in names.iter().take(names.len().saturating_sub(KEPT)) {
            if let Err(error) = system.remove_tree(&all.join(name)) {
                troubles.push(error.to_string());
            }
        }
    }
}

#[cfg(test)]
#[path = "repair_tests.rs"]
mod tests;
