// SPDX-License-Identifier: Apache-2.0
//! The constraint that keeps a side with old data from being promoted.

use std::time::Duration;

use slurmha_core::fence_peer::{Marking, Seen, mark_element, mark_id};
use slurmha_core::observe::{ClusterStatus, Reading};
use slurmha_core::render::cib::id;
use slurmha_host::program::{logger, pacemaker};
use slurmha_host::{CommandError, System};

use super::{QUESTION, TAG, look};

/// How long the peer has for its first answer. A peer that has just died is
/// still a member until the token is lost, and the look at its fencing waits
/// for as long as it is asked: 1.5 s here were 1.5 s of a power loss.
const FIRST_ANSWER: Duration = Duration::from_millis(400);
/// And for a later one: a machine that lives may be slow.
const LATER_ANSWER: Duration = Duration::from_millis(1500);

/// The marking of a peer in one call, in as many tries as it takes.
pub(super) struct Marker {
    /// Whether a mark may have been made, which is not so when there was one:
    /// that one is of an earlier call.
    pub(super) has_marked: bool,
    patience: Duration,
}

impl Default for Marker {
    fn default() -> Self {
        Self { has_marked: false, patience: FIRST_ANSWER }
    }
}

impl Marker {
    /// Tries once.
    pub(super) fn mark(&mut self, system: &dyn System, seen: &Seen) -> Marking {
        let marking = self.attempt(system, seen);
        self.patience = (self.patience * 2).min(LATER_ANSWER);
        marking
    }

    fn attempt(&mut self, system: &dyn System, seen: &Seen) -> Marking {
        let record = seen.record.known();
        let is_here = record.and_then(|it| it.state.as_ref()).is_none_or(|it| !it.has_left());
        if is_here && let Some(obstacle) = self.obstacle(system, &seen.peer) {
            return obstacle;
        }
        if record.is_none_or(|record| !record.outdated.contains(&seen.peer)) {
            self.has_marked = true;
            let mark = mark_element(&seen.peer);
            if let Err(error) = pacemaker::set_constraint(system, &mark, QUESTION) {
                return Marking::Failed(error.to_string());
            }
        }
        // Of somebody who has left nobody can be asked.
        if is_here { self.confirm(system, &seen.peer) } else { Marking::Confirmed }
    }

    /// Why a member is not to be marked. Whoever does not answer now is being
    /// lost, and is fenced instead: no constraint shall be left from that.
    fn obstacle(&self, system: &dyn System, peer: &str) -> Option<Marking> {
        if let Err(error) = self.peer_has_mark(system, peer) {
            return Some(Marking::Failed(format!("it does not answer: {error}")));
        }
        match pacemaker::status(system, QUESTION) {
            Err(error) => Some(Marking::Failed(error.to_string())),
            Ok(status) => is_promoted(&status, peer).then_some(Marking::PeerIsPromoted),
        }
    }

    fn confirm(&self, system: &dyn System, peer: &str) -> Marking {
        match self.peer_has_mark(system, peer) {
            Ok(true) => Marking::Confirmed,
            Ok(false) => Marking::Failed("its copy of the CIB has no mark".to_owned()),
            Err(error) => Marking::Failed(error.to_string()),
        }
    }

    fn peer_has_mark(&self, system: &dyn System, peer: &str) -> Result<bool, CommandError> {
        pacemaker::peer_has_constraint(system, peer, &mark_id(peer), self.patience)
    }
}

fn is_promoted(status: &ClusterStatus, node: &str) -> bool {
    let mut drbd = status.resources.iter().filter(|resource| resource.id == id::DRBD);
    drbd.any(|it| it.node.as_deref() == Some(node) && it.role == "Promoted")
}

/// Lifts the mark from this machine when both sides of every volume have the
/// same data. DRBD calls for each volume that a resync has completed; the
/// last call lifts.
pub(super) fn lift(system: &dyn System) -> bool {
    let own = look::own_name(system);
    let disks = look::disks(system);
    let result = match &disks {
        Reading::Unknown(why) => Err(format!("DRBD's state is not known: {why}")),
        Reading::Known(disks) if !disks.are_in_sync() => Err(format!(
            "not all is in sync: here {}, there {}",
            disks.own.join(","),
            disks.peer.join(",")
        )),
        Reading::Known(_) if own.is_empty() => Err("this machine has no name".to_owned()),
        Reading::Known(_) => remove(system, &own).map_err(|error| error.to_string()),
    };
    let mark = mark_id(&own);
    let line = match &result {
        Ok(()) => format!("{mark} is not there any more: in sync"),
        Err(why) => format!("{mark} stays if it is there: {why}"),
    };
    eprintln!("{line}");
    let _ = logger::log(system, TAG, &line);
    result.is_ok()
}

/// After most resyncs there is none, and then nothing is written.
fn remove(system: &dyn System, own: &str) -> Result<(), CommandError> {
    let mark = mark_id(own);
    if pacemaker::has_element(system, &format!("//rsc_location[@id='{mark}']"))? {
        pacemaker::delete_constraint(system, &mark, QUESTION)?;
    }
    Ok(())
}
