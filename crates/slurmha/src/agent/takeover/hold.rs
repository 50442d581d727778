// SPDX-License-Identifier: Apache-2.0
//! No job starts anywhere while nodes may still run jobs of which the saved
//! state knows nothing.
//!
//! Why that matters: a job that was started in the last seconds before the
//! failure is pending again in the saved table. Started a second time on the
//! node that still has it, slurmd refuses it as a duplicate, and Slurm then
//! drains the node and holds the job: an administrator has to come (agent.c,
//! `Duplicate jobid`). On another node it would run twice at the same time.
//!
//! How: a freshly started slurmctld takes every node for UNKNOWN and starts
//! nothing there until the node has registered, which it first asks for after
//! three seconds (22.05: node_mgr.c, `load_all_node_state`; controller.c,
//! `MIN_CHECKIN_TIME`). A reservation of all nodes made in that time keeps
//! them free from then on. A reservation ends by itself, so whatever happens
//! to us, the cluster goes on.

use slurmha_host::program::slurm;
use slurmha_host::{CommandError, System};

use super::LIMIT;

/// The reservation's name, as users see it in `scontrol show reservation`.
const NAME: &str = "slurmha-takeover";

/// When the hold ends by itself.
const MINUTES: u32 = 2;

/// No job starts from now on. An older hold that has not ended is prolonged.
pub fn begin(system: &dyn System) -> Result<(), CommandError> {
    slurm::reserve_all_nodes(system, NAME, MINUTES, LIMIT)
}

/// Jobs start again.
pub fn end(system: &dyn System) -> Result<(), CommandError> {
    slurm::delete_reservation(system, NAME, LIMIT)
}
