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

use slurmha_host::{Command, CommandError, System};

use super::LIMIT;

/// The reservation's name, as users see it in `scontrol show reservation`.
const NAME: &str = "slurmha-takeover";

/// When the hold ends by itself, in minutes, the least that Slurm knows
/// being one.
const MINUTES: &str = "2";

/// No job starts from now on. An older hold that has not ended is renewed.
pub fn begin(system: &dyn System) -> Result<(), CommandError> {
    let create = ["create", "reservation", "nodes=ALL", "users=root"];
    // Running jobs stay, and reservations of other people stay valid.
    let flags = ["flags=IGNORE_JOBS,OVERLAP"];
    scontrol(system, &create, &flags)
        .or_else(|error| scontrol(system, &["update"], &[]).map_err(|_| error))
}

/// Jobs start again.
pub fn end(system: &dyn System) -> Result<(), CommandError> {
    let command = Command::new("scontrol")
        .args(["delete", &format!("reservationname={NAME}")])
        .timeout(LIMIT);
    system.run(&command)?.success().map(|_| ())
}

fn scontrol(system: &dyn System, verb: &[&str], flags: &[&str]) -> Result<(), CommandError> {
    let command = Command::new("scontrol")
        .args(verb)
        .arg(format!("reservationname={NAME}"))
        .args(["starttime=now", &format!("duration={MINUTES}")])
        .args(flags)
        .timeout(LIMIT);
    system.run(&command)?.success().map(|_| ())
}
