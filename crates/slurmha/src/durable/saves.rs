// SPDX-License-Identifier: Apache-2.0
//! What the saved table says, and whether it may be believed.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use slurmha_core::durable::{has_later_id, is_from_the_future, is_saved};
use slurmha_core::layout::STATE_SAVE_LOCATION;
use slurmha_core::observe::Health;
use slurmha_core::state_save::JobStateHeader;
use slurmha_host::command::CommandError;
use slurmha_host::program::{slurm, sync};
use slurmha_host::{System, unit_process};

const UNIT: &str = "slurmctld.service";
const HEADER_BYTES: usize = 64;
const LIMIT: Duration = Duration::from_secs(5);

/// A process: an id and the moment when it began.
type Identity = (u32, u64);

/// Reads the saved table while a slurmctld runs that has read it.
#[derive(Default)]
pub struct Saves {
    /// The slurmctld that has answered.
    ready: Option<Identity>,
    /// The time of a table that was saved while the clock was ahead.
    from_the_future: Option<Timestamp>,
}

/// Why a look told nothing.
#[derive(Debug, PartialEq, Eq)]
pub struct Blind(pub String);

impl Saves {
    /// Which of these jobs (with the arrival of the question) are in the table
    /// on the disk.
    ///
    /// The table counts only while one and the same slurmctld runs that has
    /// answered a request. Before that the id sequence may have been raised
    /// over lost jobs, whose directories it has not yet removed.
    ///
    /// Of a table from the future only the ids count, also when its time has
    /// come, until there is another one.
    pub fn look(
        &mut self,
        system: &dyn System,
        waiting: &[(u32, Timestamp)],
    ) -> Result<Vec<bool>, Blind> {
        let before = self.slurmctld(system)?;
        let table = Path::new(STATE_SAVE_LOCATION).join("job_state");
        let header = system.read_start(&table, HEADER_BYTES).map_err(|e| Blind(e.to_string()))?;
        // Between two generations there is no file for a moment.
        let Some(header) = header else { return Ok(vec![false; waiting.len()]) };
        let header = JobStateHeader::parse(&header)
            .map_err(|error| Blind(format!("{} is no job table: {error}", table.display())))?;
        if identity(system)? != Some(before) {
            return Err(Blind("slurmctld has just ended".to_owned()));
        }
        if is_from_the_future(&header, system.now()) {
            self.from_the_future = Some(header.saved);
        }
        let has_a_right_time = self.from_the_future != Some(header.saved);
        let is_in_it = |&(job, arrived): &(u32, Timestamp)| {
            if has_a_right_time {
                is_saved(&header, job, arrived)
            } else {
                has_later_id(&header, job)
            }
        };
        let saved: Vec<bool> = waiting.iter().map(is_in_it).collect();
        if saved.contains(&true) {
            // slurmctld syncs the table and not the directory that names it.
            sync::file_system(system, Path::new(STATE_SAVE_LOCATION))
                .map_err(|error| Blind(error.to_string()))?;
        }
        Ok(saved)
    }

    /// The slurmctld that runs, once it has answered.
    fn slurmctld(&mut self, system: &dyn System) -> Result<Identity, Blind> {
        let running = identity(system)?.ok_or_else(|| Blind("slurmctld does not run".into()))?;
        if self.ready != Some(running) {
            self.ready = None;
            if !matches!(slurm::ping(system, LIMIT), Ok(Health::Up)) {
                return Err(Blind("slurmctld does not answer yet".to_owned()));
            }
            // The one that answered is the one that was seen.
            if identity(system)? != Some(running) {
                return Err(Blind("slurmctld has just ended".to_owned()));
            }
            self.ready = Some(running);
        }
        Ok(running)
    }
}

fn identity(system: &dyn System) -> Result<Option<Identity>, Blind> {
    let process = unit_process::of_unit(system, UNIT).map_err(|e| Blind(e.to_string()))?;
    Ok(process.map(|process| (process.pid, process.began)))
}

/// Whether surely no slurmctld runs.
pub fn is_without_slurmctld(system: &dyn System) -> bool {
    identity(system) == Ok(None)
}

/// Whether the running slurmctld has the job: one that was lost with an
/// earlier one is in no table, however high the sequence stands. A start
/// removes the directories of jobs that are not in the table, so a directory
/// is proof; interactive jobs have none and are asked for.
pub fn is_known(system: &dyn System, job: u32) -> Result<bool, CommandError> {
    match system.metadata(&directory(job)) {
        Ok(Some(_)) => Ok(true),
        _ => slurm::knows_job(system, job, LIMIT),
    }
}

/// Where slurmctld keeps a batch job's script (22.05, job_mgr.c).
fn directory(job: u32) -> PathBuf {
    Path::new(STATE_SAVE_LOCATION).join(format!("hash.{}/job.{job}", job % 10))
}

#[cfg(test)]
#[path = "saves_tests.rs"]
mod tests;
