// SPDX-License-Identifier: Apache-2.0
//! Corosync, the arbiter, and what Pacemaker writes down of who is there.

use slurmha_core::observe::NodeState;

use super::node::{Node, Time};
use super::world::World;

/// Token and consensus; one side is a step behind the other.
const LOSS: [Time; 2] = [2250, 2500];
/// Two sides find each other.
const FIND: Time = 500;
/// And are one cluster of Pacemaker's.
const JOIN: Time = 2000;
/// corosync-qnetd drops a silent client, sooner than the token is lost.
const ARBITER_PATIENCE: Time = 1750;

/// Who sees whom, who has the vote, who is a member.
pub fn step(world: &mut World) {
    let talk = world.members_talk();
    let now = world.now;
    for (index, node) in world.nodes.iter_mut().enumerate() {
        if node.stack.is_some() && look(node, talk, if talk { FIND } else { LOSS[index] }, now) {
            let sees = node.sees_peer;
            node.joined = None;
            if !sees {
                lose(node, 1 - index);
            }
        }
    }
    vote(world);
    join(world, talk);
}

/// Whether the view has changed.
fn look(node: &mut Node, talk: bool, patience: Time, now: Time) -> bool {
    if node.sees_peer == talk {
        node.doubts_since = None;
        return false;
    }
    let since = *node.doubts_since.get_or_insert(now);
    if now - since < patience {
        return false;
    }
    (node.sees_peer, node.doubts_since) = (talk, None);
    true
}

/// One who left as it was asked to was not expected any more.
fn lose(node: &mut Node, peer: usize) {
    if let Some(state) = &mut node.cib.states[peer] {
        (state.in_membership, state.online) = (false, false);
        state.join = "down".to_owned();
    }
}

/// Of two halves one gets the vote, and never both: the one that the arbiter
/// hears, or the first.
fn vote(world: &mut World) {
    let now = world.now;
    let heard: Vec<bool> = (0..2)
        .map(|index| {
            let node = &world.nodes[index];
            let reached = world.arbiter && node.runs() && node.stack.is_some() && node.cluster_link;
            if reached {
                world.heard[index] = now;
            }
            reached
        })
        .collect();
    let connected = world.heard.map(|at| now - at < ARBITER_PATIENCE);
    let together = world.nodes.iter().all(|node| node.sees_peer);
    let apart = world.nodes.iter().all(|node| !node.sees_peer);
    for (index, heard) in heard.into_iter().enumerate() {
        let other = 1 - index;
        let wanted = match connected[other] {
            false => true,
            true if together => true,
            true if apart => index == 0,
            // They do not agree: as before.
            true => world.nodes[index].vote && !world.nodes[other].vote,
        };
        world.nodes[index].vote = heard && wanted;
    }
}

/// Both become members of one cluster; the newer configuration wins.
fn join(world: &mut World, talk: bool) {
    if !talk || !world.nodes.iter().all(|node| node.sees_peer) {
        return;
    }
    let now = world.now;
    let since = |node: &Node| node.joined.unwrap_or(now + JOIN);
    let [first, second] = world.nodes.each_ref().map(since);
    if world.nodes.iter().any(|node| node.joined.is_none()) {
        world.nodes.iter_mut().for_each(|node| node.joined = Some(first.min(second)));
        // Joining: neither here nor gone.
        for (index, node) in world.nodes.iter_mut().enumerate() {
            let state = node.cib.states[1 - index].get_or_insert_with(NodeState::default);
            (state.in_membership, state.online) = (true, true);
        }
        return;
    }
    if world.nodes.iter().any(|node| node.joined == Some(now)) {
        become_one(world);
    }
}

fn become_one(world: &mut World) {
    let [first, second] = &mut world.nodes;
    let newest = if first.cib.epoch >= second.cib.epoch { &first.cib } else { &second.cib };
    let (epoch, marks) = (newest.epoch, newest.marks.clone());
    let fenced = [0, 1].map(|index| first.fenced[index] || second.fenced[index]);
    let member = NodeState {
        in_membership: true,
        online: true,
        join: "member".to_owned(),
        expected: "member".to_owned(),
        has_history: true,
        drbd_stopped: false,
    };
    for node in [first, second] {
        node.cib.epoch = epoch;
        node.cib.marks.clone_from(&marks);
        node.cib.states = [Some(member.clone()), Some(member.clone())];
        node.fenced = fenced;
    }
}

/// Whether both are members of one cluster by now.
pub fn is_one(world: &World) -> bool {
    world.nodes.iter().all(|node| node.joined.is_some_and(|since| since <= world.now))
}

/// What a successful fence leaves: an erased record and an entry in the
/// fencer's history.
pub fn note_fence(world: &mut World, by: usize, target: usize) {
    let node = &mut world.nodes[by];
    node.fenced[target] = true;
    node.sees_peer = false;
    node.joined = None;
    node.cib.states[target] = Some(NodeState {
        join: "down".to_owned(),
        expected: "down".to_owned(),
        ..NodeState::default()
    });
}

/// One member takes its leave: it is not expected any more, and its history
/// says that DRBD was stopped.
pub fn note_leave(world: &mut World, who: usize) {
    if let Some(state) = &mut world.nodes[1 - who].cib.states[who] {
        state.expected = "down".to_owned();
        state.drbd_stopped = true;
        state.online = false;
    }
}
