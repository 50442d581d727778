// SPDX-License-Identifier: Apache-2.0
//! What was fenced is switched on again, as `slurmha_core::power_on` says.

use std::time::Duration;

use jiff::Timestamp;
use slurmha_core::observe::{NodeState, Reading};
use slurmha_core::power_on::{Decision, Seen, decide};

use super::node::{FenceNote, Time};
use super::world::World;

/// How often the watcher looks for a fence.
const WATCH: Time = 10_000;

/// The watcher's look, and one at the note that a fence has left here.
pub fn step(world: &mut World, own: usize) {
    if world.now.is_multiple_of(WATCH) {
        watch(world, own);
    }
    see_to(world, own);
}

/// DRBD asks its handler only for as long as it does not know its peer's data
/// to be old; a fence after that is noticed here.
fn watch(world: &mut World, own: usize) {
    let now = world.now;
    let node = &mut world.nodes[own];
    let record = node.cib.states[1 - own].as_ref().filter(|_| node.stack.is_some());
    let is_fenced = record.is_some_and(NodeState::is_erased) && node.fenced[1 - own];
    if is_fenced && !node.has_noted {
        node.note.get_or_insert(FenceNote { at: now });
    }
    node.has_noted = is_fenced;
}

fn see_to(world: &mut World, own: usize) {
    let node = &world.nodes[own];
    let Some(note) = node.note.filter(|_| node.runs() && world.now.is_multiple_of(5000)) else {
        return;
    };
    let seen = Seen {
        waited: Duration::from_millis(world.now - note.at),
        is_member: Reading::Known(node.sees_peer),
        quorate: Reading::Known(node.is_quorate()),
        serves: node.drbd.primary && !node.drbd.frozen,
        by_hand: Reading::Known(false),
        before: node.switched_on.iter().map(|at| moment(*at)).collect(),
        now: moment(world.now),
    };
    let reached = node.cluster_link && world.nodes[1 - own].bmc;
    match decide(&seen) {
        Decision::Wait => {}
        Decision::Leave(_) => world.nodes[own].note = None,
        Decision::PowerOn if reached => {
            let now = world.now;
            world.nodes[own].note = None;
            world.nodes[own].switched_on.push(now);
            world.counts.switched_on += 1;
            world.switch_on(1 - own);
        }
        Decision::PowerOn => {}
    }
}

fn moment(at: Time) -> Timestamp {
    let begin = Timestamp::UNIX_EPOCH;
    begin + Duration::from_millis(at)
}
