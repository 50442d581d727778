// SPDX-License-Identifier: Apache-2.0
//! Times in which slurmctld starts no job anywhere. Running jobs go on.
//!
//! # After an unclean end
//!
//! Nodes may still run jobs of which the saved state knows nothing. A job that
//! was started in the last seconds before the failure is pending again in the
//! saved table. Started a second time on the node that still has it, slurmd
//! refuses it as a duplicate, and Slurm then drains the node and holds the
//! job: an administrator has to come (agent.c, `Duplicate jobid`). On another
//! node it would run twice at the same time.
//!
//! How: a freshly started slurmctld takes every node for UNKNOWN and starts
//! nothing there until the node has registered, which it first asks for after
//! three seconds (22.05: node_mgr.c, `load_all_node_state`; controller.c,
//! `MIN_CHECKIN_TIME`). A reservation of all nodes made in that time keeps
//! them free from then on.
//!
//! # While it reads its configuration again
//!
//! A launch that is under way in that moment is lost in two ways (22.05, seen
//! at the third of ten power losses): a job whose node never heard of it is
//! RUNNING for half an hour and keeps its node, and one whose launch did not
//! get its answer is requeued although it has run.
//!
//! A slurmctld of 22.05 whose new file has other nodes ends itself in the middle of
//! it, and with it go the jobs of the last seconds (read_config.c, `fatal`:
//! "MaxNodeCount has changed", "hostnames inconsistency detected"; seen with a node
//! less). It is not asked to.
//!
//! A reservation ends by itself, so whatever happens to us, the cluster goes
//! on.

use std::time::Duration;

use slurmha_core::{layout, slurm_conf};

use crate::command::CommandError;
use crate::program::slurm::{self, AllNodes};
use crate::system::{System, read_trimmed};

/// A reason to start no job.
#[derive(Clone, Copy, Debug)]
pub struct Hold {
    /// The reservation's name, as users see it in `scontrol show reservation`.
    name: &'static str,
}

/// Nodes have not reported since an unclean end.
pub const TAKEOVER: Hold = Hold { name: "slurmha-takeover" };
/// slurmctld reads its configuration.
const RECONFIGURE: Hold = Hold { name: "slurmha-reconfigure" };

/// When a hold ends by itself.
const MINUTES: u32 = 2;
/// Time limit of one request.
const LIMIT: Duration = Duration::from_secs(10);

/// As long as reading the configuration itself may take: the answer has a line for each node.
const LIST_LIMIT: Duration = Duration::from_secs(60);

/// A round of scheduling that has begun goes on: its launches come first.
const ROUND: Duration = Duration::from_secs(1);
/// How long launches are waited for. A node that does not answer within the
/// client's time (`MessageTimeout`, 30 s here) has not got its job.
const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(300);

impl Hold {
    /// No job starts from now on. An older hold that has not ended is
    /// prolonged.
    pub fn begin(self, system: &dyn System) -> Result<(), CommandError> {
        let wanted = AllNodes { name: self.name, user: "root", minutes: MINUTES, overlaps: true };
        slurm::reserve_all_nodes(system, &wanted, LIMIT)
    }

    /// Jobs start again.
    pub fn end(self, system: &dyn System) -> Result<(), CommandError> {
        slurm::delete_reservation(system, self.name, LIMIT)
    }
}

/// What became of a wish that slurmctld read its configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reread {
    /// It has.
    Done,
    /// It has other nodes than the file, and has to be started again for that.
    NeedsRestart,
    /// It was not wanted any more.
    Unwanted,
}

/// `scontrol reconfigure` at a moment in which no launch is under way. Where
/// that cannot be had it is done all the same, as every administrator does.
///
/// # Errors
/// When slurmctld does not answer, or refuses.
pub fn reconfigure(system: &dyn System) -> Result<Reread, CommandError> {
    reconfigure_if(system, &|| true)
}

/// The same, unless at that moment it is not wanted any more: a slurmctld that
/// has moved meanwhile would be reached at its new place, and there a launch
/// may be under way. The hold then ends by itself, because by now it can be
/// somebody else's.
///
/// # Errors
/// When slurmctld does not answer, or refuses.
pub fn reconfigure_if(
    system: &dyn System,
    is_wanted: &dyn Fn() -> bool,
) -> Result<Reread, CommandError> {
    if has_other_nodes(system)? {
        return Ok(Reread::NeedsRestart);
    }
    let held = RECONFIGURE.begin(system).is_ok();
    if held {
        system.sleep(ROUND);
        wait_for_launches(system);
    }
    if !is_wanted() {
        return Ok(Reread::Unwanted);
    }
    let result = slurm::reconfigure(system);
    if held {
        // It ends by itself.
        let _ = RECONFIGURE.end(system);
    }
    result.map(|()| Reread::Done)
}

/// Whether the file of this controller names other nodes than slurmctld has. What
/// cannot be read here is slurmctld's to complain of.
fn has_other_nodes(system: &dyn System) -> Result<bool, CommandError> {
    let Some(text) = read_trimmed(system, layout::SLURM_CONF) else { return Ok(false) };
    Ok(slurm_conf::nodes(&text) != slurm::known_nodes(system, LIST_LIMIT)?)
}

/// Until slurmctld waits for no answer of a node, or cannot be asked.
fn wait_for_launches(system: &dyn System) {
    let begin = system.elapsed();
    while system.elapsed().saturating_sub(begin) < PATIENCE {
        match slurm::requests_under_way(system, LIMIT) {
            Ok(Some(1..)) => system.sleep(PAUSE),
            Ok(Some(0) | None) | Err(_) => return,
        }
    }
}
