// SPDX-License-Identifier: Apache-2.0
//! What slurmctld keeps in its `StateSaveLocation`, as far as it has to be
//! put right before a start after an unclean end.
//!
//! slurmctld acknowledges a job first and saves its table up to five seconds
//! later (state_save.c, `SAVE_MAX_WAIT`). When its machine loses power in
//! between, three things are wrong with what the next one finds:
//!
//! - the table does not know the last jobs, and their ids would be given out
//!   a second time: [`JobStateHeader`] can be raised over them;
//! - the directories of these jobs are "defunct" to slurmctld, which removes
//!   them: [`JobDirectory::is_unknown_to`] says which to keep aside;
//! - a script or environment of which nothing reached the disk makes
//!   slurmctld end with `fatal: Unable to load job batch script`, again at
//!   every start: [`JobDirectory::damage`] says where to put a placeholder.

mod directory;
mod duplicate;
mod header;
mod last_stop;
mod registration;
mod release;
mod retention;
mod takeover;

pub use directory::{Damage, JobDirectory, PLACEHOLDER_ENVIRONMENT, PLACEHOLDER_SCRIPT, job_id_of};
pub use duplicate::{
    SINFO_REASONS, SQUEUE_REASONS, parse_drained_as_duplicate, parse_held_after_launch,
};
pub(crate) use header::MAX_JOB_ID;
pub use header::{HeaderError, ID_MARGIN, JobStateHeader};
pub use last_stop::{FailedStart, LastStop};
pub use registration::{UnexpectedJob, parse_unexpected_jobs};
pub use release::needs_newer;
pub use retention::{expendable_snapshots, snapshot_name, superseded_snapshots};
pub use takeover::{RepairedJob, Takeover};
