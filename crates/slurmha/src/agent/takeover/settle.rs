// SPDX-License-Identifier: Apache-2.0
//! From the start after an unclean end to ordinary operation.

use std::collections::BTreeSet;
use std::time::Duration;

use slurmha_core::state_save::{Takeover, UnexpectedJob, parse_unexpected_jobs};
use slurmha_host::program::{slurm, systemctl};
use slurmha_host::{System, hold};

use super::{LIMIT, duplicate, keep, report, runs_here};

/// How long nodes are waited for. slurmctld asks them after three seconds; a
/// node that has not answered by then is not going to.
const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(300);

/// How long a job waits that its node still has. Its slurmstepd may have told
/// its end to the controller that died: it waits for the answer
/// (`MessageTimeout`, 30 s here), sleeps 15 s (slurmstepd's mgr.c,
/// `RETRY_DELAY`), tells the new one, and ends. Until then the node has it.
const DELAY_S: u32 = 60;

/// slurmctld drops jobs that a registering node does not have, but not within
/// `BatchStartTimeout` (10 s) and 10 s more of its start (job_mgr.c,
/// `_purge_missing_jobs`); this is counted from there.
const PURGE_AFTER: Duration = Duration::from_secs(25);

/// Waits until the nodes have reported, makes the jobs wait that nodes still
/// have, and lets all others start. Then has the nodes report once more, so
/// that jobs which ended unsaved do not keep their nodes, and watches for
/// what can still go wrong with them.
///
/// What it does goes to wherever the scheduler is. So it looks each time
/// whether that is still here, and leaves the rest to the next start if not.
pub fn settle(system: &dyn System) {
    let begin = system.elapsed();
    let mut takeover = begun(system);
    if !let_jobs_start(system, begin, &mut takeover) {
        return gone();
    }
    system.sleep(PURGE_AFTER.saturating_sub(system.elapsed() - begin));
    if !runs_here(system) {
        return gone();
    }
    // Other nodes are for the `apply` that has written them: it restarts slurmctld.
    if let Err(error) = hold::reconfigure_if(system, &|| runs_here(system)) {
        takeover.troubles.push(format!("the nodes did not report again: {error}"));
        keep(system, &takeover);
    }
    duplicate::mend(system, &mut takeover);
}

fn gone() {
    eprintln!("slurmctld does not run here any more: the rest is left to its next start");
}

/// Until the hold has ended. Says whether slurmctld still runs here.
fn let_jobs_start(system: &dyn System, begin: Duration, takeover: &mut Takeover) -> bool {
    if takeover.held_s.is_some() {
        return true;
    }
    wait_for_nodes(system);
    let log = systemctl::journal_since(system, "slurmctld.service", takeover.at, LIMIT);
    let unexpected = log.as_deref().map(parse_unexpected_jobs).unwrap_or_default();
    if let Err(error) = log {
        takeover.troubles.push(format!("what the nodes still run is not known: {error}"));
    }
    delay_pending(system, &unexpected, takeover);
    if !runs_here(system) {
        // By now the hold can be another one's.
        return false;
    }
    match hold::TAKEOVER.end(system) {
        Ok(()) => takeover.held_s = Some((system.elapsed() - begin).as_secs_f64()),
        Err(error) => takeover.troubles.push(format!("the hold ends by itself: {error}")),
    }
    keep(system, takeover);
    true
}

/// Until no node is UNKNOWN any more.
fn wait_for_nodes(system: &dyn System) {
    let begin = system.elapsed();
    while system.elapsed() - begin < PATIENCE && runs_here(system) {
        let states = slurm::node_states(system, LIMIT);
        if states.is_ok_and(|states| !states.keys().any(|state| is_unknown(state))) {
            return;
        }
        system.sleep(PAUSE);
    }
}

/// `unknown`, and `unknown*` of a node that does not answer; sinfo(1).
fn is_unknown(state: &str) -> bool {
    state.to_ascii_lowercase().starts_with("unk")
}

/// Jobs that a node still has may start again only when it has them no more.
/// `StartTime` ends by itself, unlike a hold that somebody would have to
/// release.
fn delay_pending(
    system: &dyn System,
    unexpected: &BTreeSet<UnexpectedJob>,
    takeover: &mut Takeover,
) {
    let pending: BTreeSet<&str> = unexpected
        .iter()
        .filter_map(|job| match job {
            UnexpectedJob::Pending { id, .. } => Some(id.as_str()),
            UnexpectedJob::Orphan { .. } => None,
        })
        .collect();
    for id in pending {
        if !runs_here(system) {
            return;
        }
        if let Err(error) = slurm::delay_job(system, id, DELAY_S, LIMIT) {
            takeover.troubles.push(format!("job {id} does not wait for its node: {error}"));
        }
        takeover.started_again.push(id.to_owned());
    }
    takeover.killed_as_orphans = unexpected
        .iter()
        .filter_map(|job| match job {
            UnexpectedJob::Orphan { id, .. } => Some(id.clone()),
            UnexpectedJob::Pending { .. } => None,
        })
        .collect();
}

/// The report that was begun before the start.
fn begun(system: &dyn System) -> Takeover {
    report(system).unwrap_or_else(|error| Takeover {
        at: system.now() - PATIENCE * 2,
        troubles: vec![format!("the report of the start could not be read: {error}")],
        ..Takeover::default()
    })
}
