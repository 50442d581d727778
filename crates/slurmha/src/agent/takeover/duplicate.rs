// SPDX-License-Identifier: Apache-2.0
//! Jobs that their node takes for duplicates although it has them no more.
//!
//! slurmd remembers each batch job that it launched until slurmctld orders
//! its end (22.05, slurmd's req.c, `active_job_id`). A job that started and
//! ended in the last seconds before the failure is pending again, its end was
//! never ordered, and it is in no registration because nothing of it runs.
//! Started again on that node it is refused, the node is drained and the job
//! held. With that failure slurmctld does order the end, so the second try
//! goes well: all that is left to do is to undo the drain and the hold, which
//! Slurm itself never does.

use std::collections::BTreeSet;
use std::time::Duration;

use slurmha_core::state_save::Takeover;
use slurmha_host::program::slurm;
use slurmha_host::{CommandError, System};

use super::{LIMIT, keep, runs_here};

/// How long it is looked for. Such a job had started before, so it is at the
/// head of its queue.
const WATCH: Duration = Duration::from_secs(15 * 60);

/// Distance between looks; one costs a query of all reasons.
const PAUSE: Duration = Duration::from_secs(10);

/// Watches as long as slurmctld runs here, and puts right what it finds.
pub fn mend(system: &dyn System, takeover: &mut Takeover) {
    let begin = system.elapsed();
    let mut owed = BTreeSet::new();
    while system.elapsed() - begin < WATCH && runs_here(system) {
        match mend_once(system, takeover, &mut owed) {
            Ok(false) => {}
            Ok(true) => keep(system, takeover),
            // slurmctld may be busy, or about to move: the next look tells.
            Err(error) => eprintln!("duplicates could not be looked for: {error}"),
        }
        system.sleep(PAUSE);
    }
}

/// Says whether something was done. Nodes whose job has been released are
/// `owed` until they are resumed: nothing tells their drain from another one
/// any more.
fn mend_once(
    system: &dyn System,
    takeover: &mut Takeover,
    owed: &mut BTreeSet<String>,
) -> Result<bool, CommandError> {
    let released = release(system, takeover, owed)?;
    let mut resumed = false;
    while let Some(node) = owed.first().cloned() {
        slurm::resume_nodes(system, &node, LIMIT)?;
        owed.remove(&node);
        takeover.resumed.push(node);
        resumed = true;
    }
    Ok(released || resumed)
}

fn release(
    system: &dyn System,
    takeover: &mut Takeover,
    owed: &mut BTreeSet<String>,
) -> Result<bool, CommandError> {
    let Some(next_id) = takeover.next_id else { return Ok(false) };
    let nodes = slurm::drained_as_duplicate(system, takeover.at, LIMIT)?;
    if nodes.is_empty() {
        return Ok(false);
    }
    let jobs = slurm::held_after_launch(system, next_id, LIMIT)?;
    if jobs.is_empty() {
        // The job is still being cleaned up, or this is somebody else's
        // duplicate, which a person has to look at.
        return Ok(false);
    }
    let mut failed = None;
    for id in jobs {
        match slurm::release_job(system, id, LIMIT) {
            Ok(()) => {
                takeover.released.push(id);
                owed.extend(nodes.iter().cloned());
            }
            // Somebody may have cancelled it at that moment.
            Err(error) => failed = Some(error),
        }
    }
    failed.map_or(Ok(true), Err)
}
