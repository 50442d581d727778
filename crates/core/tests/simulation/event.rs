// SPDX-License-Identifier: Apache-2.0
//! What happens to the machines.

use proptest::prelude::*;

use super::node::{Machine, Time};
use super::world::World;

/// One thing that happens.
#[derive(Clone, Copy, Debug)]
pub enum Event {
    PowerLoss(usize),
    PowerOn(usize),
    /// The kernel ends; the power stays.
    Crash(usize),
    Reboot(usize),
    /// Corosync is killed; what it manages goes on.
    StackEnds(usize),
    ClusterLink(usize, bool),
    ReplicationLink(bool),
    Arbiter(bool),
    Bmc(usize, bool),
}

/// Corosync is started again after that, unless its machine was fenced.
const STACK_RETURNS: Time = 45_000;

impl Event {
    /// Does it.
    pub fn apply(self, world: &mut World) {
        match self {
            Self::PowerLoss(it) => world.nodes[it].lose_power(),
            Self::PowerOn(it) => world.switch_on(it),
            Self::Crash(it) if world.nodes[it].runs() => {
                world.nodes[it].lose_power();
                world.nodes[it].machine = Machine::Crashed;
            }
            Self::Reboot(it) if world.nodes[it].stack.is_some() => world.nodes[it].leaving = true,
            Self::StackEnds(it) if world.nodes[it].stack.is_some() => {
                let back = world.now + STACK_RETURNS;
                world.nodes[it].lose_stack();
                world.nodes[it].stack_returns = Some(back);
            }
            Self::Crash(_) | Self::Reboot(_) | Self::StackEnds(_) => {}
            Self::ClusterLink(it, works) => world.nodes[it].cluster_link = works,
            Self::ReplicationLink(works) => world.replication_link = works,
            Self::Arbiter(works) => world.arbiter = works,
            Self::Bmc(it, works) => world.nodes[it].bmc = works,
        }
    }
}

/// Everything that can be mended is mended.
pub fn heal(world: &mut World) {
    world.replication_link = true;
    world.arbiter = true;
    for index in 0..2 {
        let node = &mut world.nodes[index];
        (node.cluster_link, node.bmc) = (true, true);
        if node.machine == Machine::Crashed {
            node.machine = Machine::Off;
        }
        world.switch_on(index);
    }
}

/// Events with the time before each, in milliseconds.
pub fn sequences() -> impl Strategy<Value = Vec<(Time, Event)>> {
    prop::collection::vec((gap(), event()), 1..10)
}

/// Some follow on each other at once, some when all is quiet again.
fn gap() -> impl Strategy<Value = Time> {
    prop_oneof![3 => 0..4000u64, 3 => 4000..30_000u64, 1 => 30_000..150_000u64]
}

fn event() -> impl Strategy<Value = Event> {
    let node = || 0..2usize;
    prop_oneof![
        3 => node().prop_map(Event::PowerLoss),
        3 => node().prop_map(Event::PowerOn),
        2 => node().prop_map(Event::Crash),
        2 => node().prop_map(Event::Reboot),
        1 => node().prop_map(Event::StackEnds),
        3 => (node(), any::<bool>()).prop_map(|(node, works)| Event::ClusterLink(node, works)),
        4 => any::<bool>().prop_map(Event::ReplicationLink),
        1 => any::<bool>().prop_map(Event::Arbiter),
        1 => (node(), any::<bool>()).prop_map(|(node, works)| Event::Bmc(node, works)),
    ]
}
