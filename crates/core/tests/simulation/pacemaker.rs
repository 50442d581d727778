// SPDX-License-Identifier: Apache-2.0
//! What Pacemaker does with DRBD: fence, start, promote, demote, stop.

use slurmha_core::fence_peer::Answer;

use super::drbd::Disk;
use super::handler::Call;
use super::membership;
use super::node::{Action, Machine, Running, Time};
use super::world::{STEP, World};

/// A side that has just started waits so long for the other one before it
/// takes it for lost (`dc-deadtime`).
const STARTUP: Time = 20_000;
/// A fence, and the pause after one that failed.
const FENCE: Time = 1500;
/// A start waits so long for the peer.
const MEETING: Time = 8000;
/// Pacemaker's bound of a promotion, and of everything else here.
const PROMOTION: Time = 90_000;
const LIMIT: Time = 60_000;
/// `failure-timeout`.
const REST: Time = 60_000;
/// Distance between monitors, which tell the promotion score.
const MONITOR: Time = 10_000;
/// What a reboot takes from the moment at which everything has stopped.
const REBOOT: Time = 30_000;

/// One step of every partition.
pub fn step(world: &mut World) {
    for index in 0..2 {
        go_on(world, index);
    }
    if membership::is_one(world) {
        schedule(world, &[0, 1]);
    } else {
        for index in 0..2 {
            let node = &world.nodes[index];
            // Two that are about to join wait for each other.
            if node.stack.is_some() && !node.sees_peer {
                schedule(world, &[index]);
            }
        }
    }
    if world.now.is_multiple_of(MONITOR) {
        (0..2).for_each(|index| tell(world, index));
    }
}

fn tell(world: &mut World, index: usize) {
    let peer = world.nodes[1 - index].drbd.clone();
    let node = &mut world.nodes[index];
    if node.stack.is_some() && node.runs() {
        node.tell_score(&peer);
    }
}

/// What a partition with these members does next.
fn schedule(world: &mut World, members: &[usize]) {
    let first = members[0];
    if !world.nodes[first].is_quorate() {
        return members.iter().for_each(|index| give_up(world, *index));
    }
    if let [alone] = *members
        && is_unclean(world, alone)
    {
        // Nothing starts before it is gone (`requires=fencing`).
        return fence(world, alone);
    }
    for index in members.iter().copied() {
        if world.nodes[index].leaving {
            leave(world, index);
        } else if !world.nodes[index].drbd.up {
            begin(world, index, Action::Start);
        }
    }
    place_role(world, members);
}

/// Whether the other one may be alive and is not under control.
fn is_unclean(world: &World, own: usize) -> bool {
    let node = &world.nodes[own];
    match &node.cib.states[1 - own] {
        Some(state) => !state.online && state.expected == "member",
        None => node.stack.is_some_and(|since| world.now - since >= STARTUP),
    }
}

fn fence(world: &mut World, own: usize) {
    // An attempt in so many milliseconds; the moment does not matter.
    if world.now.is_multiple_of(FENCE) {
        world.fence(own, 1 - own);
    }
}

/// `no-quorum-policy=stop`.
fn give_up(world: &mut World, index: usize) {
    let drbd = &world.nodes[index].drbd;
    match (drbd.up, drbd.primary) {
        (true, true) => begin(world, index, Action::Demote),
        (true, false) => begin(world, index, Action::Stop),
        (false, _) if world.nodes[index].leaving => reboot(world, index),
        (false, _) => {}
    }
}

/// A reboot that was asked for: everything stops, then it takes its leave.
fn leave(world: &mut World, index: usize) {
    if world.nodes[index].drbd.up {
        give_up(world, index);
    } else if world.nodes[index].running.is_none() {
        membership::note_leave(world, index);
        reboot(world, index);
    }
}

fn reboot(world: &mut World, index: usize) {
    let back = world.now + REBOOT;
    world.nodes[index].lose_power();
    world.nodes[index].machine = Machine::Boots(back);
}

/// The role stays where it is, and goes to the best place otherwise.
fn place_role(world: &mut World, members: &[usize]) {
    let marks = world.nodes[members[0]].cib.marks.clone();
    let may = |index: &usize| {
        let node = &world.nodes[*index];
        let is_free = node.drbd.up && !node.leaving && !marks.contains(index);
        is_free && node.score.is_some() && world.now >= node.rests_until
    };
    let primary = members.iter().copied().find(|index| world.nodes[*index].drbd.primary);
    let best = members
        .iter()
        .copied()
        .filter(may)
        .max_by_key(|index| (world.nodes[*index].score, primary == Some(*index)));
    match (primary, best) {
        (None, Some(best)) => begin(world, best, Action::Promote),
        // Marked, or leaving.
        (Some(now), Some(best)) if best != now && !may(&now) => begin(world, now, Action::Demote),
        _ => {}
    }
}

fn begin(world: &mut World, index: usize, action: Action) {
    let now = world.now;
    let node = &mut world.nodes[index];
    if node.running.is_some() {
        return;
    }
    let (takes, limit) = match action {
        Action::Start => (MEETING, LIMIT),
        Action::Promote => (STEP, PROMOTION),
        Action::Demote | Action::Stop => (1000, LIMIT),
    };
    if action == Action::Start {
        node.drbd.attach();
    }
    node.running = Some(Running { action, ready: now + takes, limit: now + limit });
}

/// Goes on with the action of a node.
fn go_on(world: &mut World, index: usize) {
    let Some(running) = world.nodes[index].running else { return };
    if !world.nodes[index].runs() {
        return;
    }
    let is_ready = world.now >= running.ready;
    let done = match running.action {
        Action::Start => is_ready || world.nodes[index].drbd.connected,
        // Whoever has the volume open waits for its I/O.
        Action::Demote => is_ready && !world.nodes[index].drbd.frozen,
        Action::Stop => is_ready,
        Action::Promote => is_ready && try_promotion(world, index),
    };
    if done {
        world.nodes[index].running = None;
        complete(world, index, running.action);
    } else if world.now >= running.limit {
        let node = &mut world.nodes[index];
        node.running = None;
        node.rests_until = world.now + REST;
        node.call = node.call.take().filter(|_| node.drbd.primary);
    }
}

fn complete(world: &mut World, index: usize, action: Action) {
    match action {
        Action::Start => {}
        Action::Promote => world.promote(index),
        Action::Demote => world.nodes[index].drbd.primary = false,
        Action::Stop => take_down(world, index),
    }
    tell(world, index);
}

/// A secondary that takes leave of a primary is outdated by DRBD itself.
fn take_down(world: &mut World, index: usize) {
    let peer_is_primary = world.nodes[1 - index].drbd.primary;
    let connected = world.nodes[index].drbd.connected;
    if connected {
        let generation = world.generation + 1;
        let other = &mut world.nodes[1 - index].drbd;
        other.connected = false;
        if peer_is_primary {
            other.go_on_alone(generation);
            world.generation = generation;
            world.nodes[index].drbd.stored.outdated = true;
        }
    }
    world.nodes[index].drbd.detach();
}

/// DRBD asks its handler before it promotes a side that is alone.
fn try_promotion(world: &mut World, index: usize) -> bool {
    let now = world.now;
    let peer_is_primary = world.nodes[1 - index].drbd.primary;
    let node = &mut world.nodes[index];
    if node.drbd.connected {
        node.call = None;
        return !peer_is_primary && node.drbd.disk == Disk::UpToDate;
    }
    if node.drbd.stored.peer_outdated {
        return true;
    }
    let answer = node.call.get_or_insert_with(|| Call::new(now)).answer;
    if answer.is_some() {
        node.call = None;
    }
    if answer == Some(Answer::NotFenced) {
        world.counts.refusals += 1;
    }
    matches!(answer, Some(Answer::Outdated | Answer::Stonithed))
}
