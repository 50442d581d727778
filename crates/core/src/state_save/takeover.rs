// SPDX-License-Identifier: Apache-2.0
//! What a start after an unclean end found and did: kept, and told.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The report of one start of slurmctld after an unclean end. A start that
/// goes on where one has failed goes on with its report.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Takeover {
    /// The controller that started.
    pub machine: String,
    /// When it began to.
    pub at: Timestamp,
    /// When the job table that it starts from was saved, in whole seconds;
    /// `None` when that could not be read.
    pub saved: Option<Timestamp>,
    /// How old that table was, in seconds. It counts to the takeover, not to
    /// the failure.
    pub saved_state_age_s: Option<f64>,
    /// The next id in the saved table.
    pub next_id: Option<u32>,
    /// The next id that slurmctld started with.
    pub raised_id: Option<u32>,
    /// Jobs that are known by their directory only: acknowledged after the
    /// last save, and lost. Their scripts are in [`Takeover::kept_in`].
    pub known_by_directory: Vec<u32>,
    /// Jobs whose script or environment was damaged.
    pub repaired: Vec<RepairedJob>,
    /// Where the files of these jobs are kept.
    pub kept_in: Option<String>,
    /// Jobs that a node still ran although the table showed them as pending;
    /// Slurm killed them there and they start again.
    pub started_again: Vec<String>,
    /// Jobs that a node still ran and that the table did not know.
    pub killed_as_orphans: Vec<String>,
    /// Jobs that Slurm held because their node called them duplicates, and
    /// that were released.
    #[serde(default)]
    pub released: Vec<u32>,
    /// Nodes that Slurm drained for that, and that were resumed.
    #[serde(default)]
    pub resumed: Vec<String>,
    /// How long no job was started, so that nodes could report first, in
    /// seconds; `None` while that lasts, or when it was not to be had.
    pub held_s: Option<f64>,
    /// What could not be done.
    pub troubles: Vec<String>,
}

/// A job that got a placeholder for what was lost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepairedJob {
    /// Its id.
    pub id: u32,
    /// The damaged file, `script` or `environment`.
    pub file: String,
}
