// SPDX-License-Identifier: Apache-2.0
//! Puts the saved state right before slurmctld reads it.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use slurmha_core::state_save::{
    HeaderError, JobDirectory, JobStateHeader, PLACEHOLDER_ENVIRONMENT, PLACEHOLDER_SCRIPT,
    RepairedJob, Takeover, job_id_of,
};
use slurmha_host::system::write_atomically;
use slurmha_host::{FileError, FileKind, Ids, Metadata, System};
use thiserror::Error;

/// Takeovers whose copies are kept; older ones go.
const KEPT: usize = 10;

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

/// Raises the ids, copies aside what slurmctld is going to remove, and puts
/// placeholders where it would end. `None` where no job was ever saved.
///
/// What cannot be done is told and does not keep the scheduler away.
pub fn repair(system: &dyn System, places: &Places) -> Result<Option<Takeover>, Unusable> {
    let Some(table) = table_to_be_read(system, &places.state) else { return Ok(None) };
    let mut takeover =
        Takeover { machine: places.machine.clone(), at: system.now(), ..Takeover::default() };
    let bytes = match system.read(&table) {
        Ok(bytes) => bytes.unwrap_or_default(),
        Err(error) => {
            takeover.troubles.push(error.to_string());
            return Ok(Some(takeover));
        }
    };
    let header = JobStateHeader::parse(&bytes)
        .map_err(|source| Unusable { table: table.clone(), source })?;
    takeover.saved = Some(header.saved);
    takeover.saved_state_age_s = Some(age(takeover.at, header.saved));
    takeover.next_id = Some(header.next_id);

    repair_jobs(system, places, &header, &mut takeover);
    let highest = takeover.known_by_directory.iter().max().copied();
    match raise_ids(system, &table, &bytes, &header, highest) {
        Ok(raised) => takeover.raised_id = Some(raised),
        Err(why) => takeover.troubles.push(format!("ids can be given out again: {why}")),
    }
    Ok(Some(takeover))
}

/// Every job of which the table knows nothing, or whose files would end slurmctld.
fn repair_jobs(
    system: &dyn System,
    places: &Places,
    header: &JobStateHeader,
    takeover: &mut Takeover,
) {
    let aside = Aside::new(places, takeover.at);
    for (path, directory) in job_directories(system, &places.state, &mut takeover.troubles) {
        let unknown = directory.is_unknown_to(header);
        if unknown {
            takeover.known_by_directory.push(directory.id);
        }
        let damage = directory.damage().filter(|_| !unknown);
        if (unknown || damage.is_some())
            && let Err(error) = aside.copy(system, &path)
        {
            takeover.troubles.push(format!("not copied aside: {error}"));
        }
        if let Some(damage) = damage {
            match put_placeholders(system, &path) {
                Ok(()) => takeover
                    .repaired
                    .push(RepairedJob { id: directory.id, file: damage.file().to_owned() }),
                Err(error) => takeover.troubles.push(error.to_string()),
            }
        }
    }
    if !takeover.known_by_directory.is_empty() || !takeover.repaired.is_empty() {
        takeover.kept_in = Some(aside.path.display().to_string());
        aside.forget_oldest(system, &mut takeover.troubles);
    }
}

/// The table that slurmctld is going to read.
fn table_to_be_read(system: &dyn System, state: &Path) -> Option<PathBuf> {
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

fn raise_ids(
    system: &dyn System,
    table: &Path,
    bytes: &[u8],
    header: &JobStateHeader,
    highest: Option<u32>,
) -> Result<u32, String> {
    let raised = header.raised_id(highest);
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
            found.push((path, JobDirectory { id, script, environment }));
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

/// The directory of this takeover's copies, readable by root only: scripts
/// and environments hold what users keep to themselves.
struct Aside {
    path: PathBuf,
}

impl Aside {
    fn new(places: &Places, at: Timestamp) -> Self {
        // Sorts by time, and has no characters that a shell would care about.
        Self { path: places.takeovers.join(at.strftime("%Y%m%dT%H%M%SZ").to_string()) }
    }

    fn copy(&self, system: &dyn System, directory: &Path) -> Result<(), FileError> {
        let target = self.path.join(directory.file_name().unwrap_or_default());
        for path in [self.path.parent().unwrap_or(&self.path), &self.path, &target] {
            if system.metadata(path)?.is_none() {
                system.make_directory(path, Ids::root(0o700))?;
            }
        }
        for name in system.read_directory(directory)? {
            let path = directory.join(&name);
            let is_file = system.metadata(&path)?.is_some_and(|it| it.kind == FileKind::File);
            if is_file && let Some(bytes) = system.read(&path)? {
                write_atomically(system, &target.join(&name), &bytes, Ids::root(0o600))?;
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
