// SPDX-License-Identifier: Apache-2.0
//! The fence-peer handler, which asks `slurmha_core::fence_peer` what to do.

use std::time::Duration;

use slurmha_core::fence_peer::{self, Answer, Decision, Disks, Marking, Seen};
use slurmha_core::observe::{NodeState, PeerRecord, Reading};

use super::drbd::word;
use super::node::{FenceNote, Time};
use super::world::{NAMES, World};

/// How a fence ends that a handler has asked for: the BMC has its time.
const FENCE_TAKES: Time = 1500;

/// The decision that is on trial.
pub type Decide = fn(&Seen) -> Decision;

/// One call by DRBD.
#[derive(Clone, Debug)]
pub struct Call {
    since: Time,
    gone_since: Option<Time>,
    unknown_since: Option<Time>,
    marking: Option<Marking>,
    has_marked: bool,
    request: Option<Result<(), String>>,
    /// When that ended.
    requested: Time,
    /// A fence that is under way, and when it ends.
    fencing: Option<Time>,
    /// The answer, once there is one.
    pub answer: Option<Answer>,
}

impl Call {
    pub fn new(now: Time) -> Self {
        Self {
            since: now,
            gone_since: None,
            unknown_since: None,
            marking: None,
            has_marked: false,
            request: None,
            requested: now,
            fencing: None,
            answer: None,
        }
    }
}

/// One step of the handler that runs on `own`, if one does.
pub fn step(world: &mut World, own: usize) {
    let Some(mut call) = world.nodes[own].call.take() else { return };
    if call.answer.is_none() {
        work(world, own, &mut call);
    }
    world.nodes[own].call = Some(call);
}

fn work(world: &mut World, own: usize, call: &mut Call) {
    let peer = 1 - own;
    if let Some(ends) = call.fencing {
        if world.now < ends {
            return;
        }
        call.fencing = None;
        let result = world.fence(own, peer);
        call.requested = world.now;
        call.request = Some(if result { Ok(()) } else { Err("no answer".to_owned()) });
    }
    let seen = look(world, own, call);
    call.marking = None;
    match (world.decide)(&seen) {
        Decision::Wait(_) => {}
        Decision::Mark => call.marking = Some(mark(world, own, call)),
        Decision::Request => call.fencing = Some(world.now + FENCE_TAKES),
        Decision::Answer(answer, _) => {
            if call.has_marked && answer != Answer::Outdated {
                world.change_configuration(own, |cib| {
                    cib.marks.remove(&peer);
                });
            }
            if seen.is_peer_fenced() {
                let now = world.now;
                // The service that reads it has begun to wait.
                world.nodes[own].note.get_or_insert(FenceNote { at: now });
            }
            call.answer = Some(answer);
        }
    }
}

fn look(world: &World, own: usize, call: &mut Call) -> Seen {
    let peer = 1 - own;
    let (now, node) = (world.now, &world.nodes[own]);
    let there = &world.nodes[peer].drbd;
    let disks = Disks {
        own: vec![word(node.drbd.disk).to_owned()],
        peer: vec![node.drbd.peer_disk(there).to_owned()],
        is_primary: node.drbd.primary,
    };
    let state = node.cib.states[peer].clone();
    let record = match node.stack {
        None => Reading::Unknown("Pacemaker does not run".to_owned()),
        Some(_) => Reading::Known(PeerRecord {
            quorate: node.is_quorate(),
            state: state.clone(),
            outdated: node.cib.marks.iter().map(|node| NAMES[*node].to_owned()).collect(),
        }),
    };
    let fenced = match state.as_ref().is_some_and(NodeState::is_erased) {
        true => Reading::Known(node.fenced[peer]),
        false => Reading::default(),
    };
    let is_gone = node.stack.is_some() && !state.is_some_and(|state| state.online);
    let mut seen = Seen {
        own: NAMES[own].to_owned(),
        peer: NAMES[peer].to_owned(),
        disks: Reading::Known(disks),
        record,
        fenced,
        request: call.request.clone(),
        since_request: Duration::from_millis(now - call.requested),
        marking: call.marking.clone(),
        waited: Duration::from_millis(now - call.since),
        ..Seen::default()
    };
    seen.gone_for = since(&mut call.gone_since, is_gone, now);
    seen.unknown_for = since(&mut call.unknown_since, !seen.is_known(), now);
    seen
}

fn since(begin: &mut Option<Time>, is_so: bool, now: Time) -> Duration {
    if !is_so {
        *begin = None;
    }
    let begin = if is_so { *begin.get_or_insert(now) } else { now };
    Duration::from_millis(now - begin)
}

/// As `slurmha fence-peer` does it: whoever does not answer now is not marked,
/// and who is promoted is not either.
fn mark(world: &mut World, own: usize, call: &mut Call) -> Marking {
    let peer = 1 - own;
    let is_here = !world.nodes[own].cib.states[peer].as_ref().is_some_and(NodeState::has_left);
    if is_here && !world.members_talk() {
        return Marking::Failed("it does not answer".to_owned());
    }
    if is_here && world.nodes[peer].drbd.primary {
        return Marking::PeerIsPromoted;
    }
    if !world.nodes[own].cib.marks.contains(&peer) {
        call.has_marked = true;
        world.counts.marks += 1;
        world.change_configuration(own, |cib| {
            cib.marks.insert(peer);
        });
    }
    Marking::Confirmed
}

/// The rule itself.
pub fn rule(seen: &Seen) -> Decision {
    fence_peer::decide(seen)
}
