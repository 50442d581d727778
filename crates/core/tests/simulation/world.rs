// SPDX-License-Identifier: Apache-2.0
//! Two controllers, an arbiter and what connects them, in steps of a quarter
//! of a second.

use super::drbd::{Disk, Resync, compare};
use super::event::Event;
use super::handler::{self, Call, Decide};
use super::membership;
use super::node::{Cib, Machine, Node, Time};
use super::{pacemaker, power_on};

/// One step, in milliseconds.
pub const STEP: Time = 250;
/// The controllers' names.
pub const NAMES: [&str; 2] = ["ctl1", "ctl2"];

/// From switching it on until a machine takes part.
const BOOT: Time = 15_000;
/// Silence after which DRBD gives its peer up; noticed by turns, so that the
/// two sides do not act in the same moment.
const DRBD_PATIENCE: [Time; 2] = [1000, 1500];
/// What a resync takes.
const RESYNC: Time = 4000;
/// How often the watcher looks at marks, and after how many looks it lifts.
const WATCH: Time = 2000;

/// What happened often enough to be counted.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    pub fences: u32,
    pub marks: u32,
    pub promotions: u32,
    pub frozen: u32,
    pub resyncs: u32,
    pub refusals: u32,
    pub switched_on: u32,
}

impl Counts {
    /// Both together.
    pub fn add(&mut self, more: &Self) {
        self.fences += more.fences;
        self.marks += more.marks;
        self.promotions += more.promotions;
        self.frozen += more.frozen;
        self.resyncs += more.resyncs;
        self.refusals += more.refusals;
        self.switched_on += more.switched_on;
    }
}

/// All of it.
pub struct World {
    pub now: Time,
    pub nodes: [Node; 2],
    pub arbiter: bool,
    pub replication_link: bool,
    /// The arbiter's view: when it last heard of each controller.
    pub heard: [Time; 2],
    /// Writes for which a client has an answer.
    pub writes: u64,
    pub generation: u64,
    /// A resync that is under way: its source and when it ends.
    pub resync: Option<(usize, Time)>,
    pub decide: Decide,
    /// What must never happen and did.
    pub broken: Option<String>,
    pub counts: Counts,
}

impl World {
    /// Everything is switched on in this moment.
    pub fn new(decide: Decide) -> Self {
        Self {
            now: 0,
            nodes: [Node::new(), Node::new()],
            arbiter: true,
            replication_link: true,
            heard: [0; 2],
            writes: 0,
            generation: 0,
            resync: None,
            decide,
            broken: None,
            counts: Counts::default(),
        }
    }

    /// Lets time pass.
    pub fn run(&mut self, time: Time) {
        let end = self.now + time;
        while self.now < end && self.broken.is_none() {
            self.step();
        }
    }

    /// Does something to it.
    pub fn strike(&mut self, event: Event) {
        event.apply(self);
    }

    fn step(&mut self) {
        self.now += STEP;
        for index in 0..2 {
            self.boot(index);
        }
        membership::step(self);
        self.connect();
        for index in 0..2 {
            handler::step(self, index);
            self.take_answer(index);
        }
        pacemaker::step(self);
        for index in 0..2 {
            power_on::step(self, index);
        }
        self.write();
        if self.now.is_multiple_of(WATCH) {
            self.lift_marks();
        }
    }

    /// Something must never happen, and did.
    pub fn breaks(&mut self, what: String) {
        let at = self.now / 1000;
        self.broken.get_or_insert_with(|| format!("after {at} s: {what}"));
    }

    /// Power comes back.
    pub fn switch_on(&mut self, index: usize) {
        if self.nodes[index].machine == Machine::Off {
            self.nodes[index].machine = Machine::Boots(self.now + BOOT);
        }
    }

    fn boot(&mut self, index: usize) {
        let now = self.now;
        let node = &mut self.nodes[index];
        if node.machine == Machine::Boots(now) || node.machine == Machine::Boots(0) {
            node.machine = Machine::On;
            node.stack = Some(now);
        }
        if node.stack_returns.is_some_and(|at| at <= now) {
            node.stack_returns = None;
            node.stack = Some(now);
        }
    }

    /// Cuts the power of `target`, asked for by `by`; whether that is proven.
    pub fn fence(&mut self, by: usize, target: usize) -> bool {
        let reached = self.nodes[by].cluster_link && self.nodes[target].bmc;
        if reached {
            self.counts.fences += 1;
            self.nodes[target].lose_power();
            membership::note_fence(self, by, target);
        }
        reached
    }

    /// Changes the configuration, for every member that hears of it.
    pub fn change_configuration(&mut self, by: usize, change: impl Fn(&mut Cib)) {
        let together = self.nodes[by].joined.is_some() && self.members_talk();
        for (index, node) in self.nodes.iter_mut().enumerate() {
            if index == by || together {
                change(&mut node.cib);
                node.cib.epoch += 1;
            }
        }
    }

    /// Whether Corosync's messages get from one controller to the other.
    pub fn members_talk(&self) -> bool {
        let cluster = self.nodes.iter().all(|node| node.cluster_link);
        let running = self.nodes.iter().all(|node| node.runs() && node.stack.is_some());
        running && (cluster || self.replication_link)
    }

    /// DRBD's connection comes and goes.
    fn connect(&mut self) {
        let linked = self.replication_link;
        let there = linked && self.nodes.iter().all(|node| node.runs() && node.drbd.up);
        let now = self.now;
        for (node, patience) in self.nodes.iter_mut().zip(DRBD_PATIENCE) {
            if there {
                node.peer_heard = now;
            } else if node.drbd.connected && node.runs() && now - node.peer_heard >= patience {
                node.drbd.lose_peer();
                if node.drbd.frozen {
                    self.counts.frozen += 1;
                    node.call.get_or_insert(Call::new(now));
                }
            }
        }
        // Who has not noticed the loss yet begins anew as well.
        let both = self.nodes.iter().all(|node| node.drbd.connected);
        if there && !both {
            self.meet();
        }
        self.go_on_with_resync(there);
    }

    /// Two sides that had lost each other compare what they have.
    fn meet(&mut self) {
        let [first, second] = &self.nodes;
        let source = match compare([&first.drbd, &second.drbd]) {
            Resync::SplitBrain => return self.breaks("split brain".to_owned()),
            Resync::From(source) => Some(source),
            Resync::None => None,
        };
        if self.nodes.iter().all(|node| node.drbd.primary) {
            return self.breaks("two primaries meet".to_owned());
        }
        if let Some(source) = source
            && self.nodes[1 - source].drbd.primary
        {
            return self.breaks(format!("{} would be overwritten", NAMES[1 - source]));
        }
        for (index, node) in self.nodes.iter_mut().enumerate() {
            let is_target = source.is_some_and(|source| source != index);
            node.drbd.connected = true;
            node.drbd.frozen = false;
            node.drbd.stored.inconsistent = is_target;
            node.drbd.disk = if is_target { Disk::Inconsistent } else { Disk::UpToDate };
            if source.is_none() {
                node.drbd.stored.outdated = false;
                node.drbd.stored.peer_outdated = false;
            }
        }
        self.resync = source.map(|source| (source, self.now + RESYNC));
        self.counts.resyncs += u32::from(source.is_some());
    }

    fn go_on_with_resync(&mut self, there: bool) {
        let Some((source, ends)) = self.resync else { return };
        if !there {
            self.resync = None;
        } else if self.now >= ends {
            self.resync = None;
            let from = self.nodes[source].drbd.stored.clone();
            let target = &mut self.nodes[1 - source];
            target.drbd.stored.generations.clone_from(&from.generations);
            target.drbd.stored.writes = from.writes;
            target.drbd.stored.inconsistent = false;
            target.drbd.disk = Disk::UpToDate;
            for node in &mut self.nodes {
                node.drbd.stored.outdated = false;
                node.drbd.stored.peer_outdated = false;
            }
            self.lift_mark(1 - source, 1 - source);
        }
    }

    /// The handler of a primary has answered; a promotion looks for itself.
    fn take_answer(&mut self, index: usize) {
        use slurmha_core::fence_peer::Answer;
        let generation = self.generation + 1;
        let node = &mut self.nodes[index];
        let is_primary = node.drbd.primary;
        let Some(answer) = node.call.as_ref().and_then(|call| call.answer) else { return };
        if !is_primary {
            return;
        }
        node.call = None;
        // DRBD looks at no answer when the peer is back.
        if node.drbd.frozen && matches!(answer, Answer::Outdated | Answer::Stonithed) {
            node.drbd.go_on_alone(generation);
            self.generation = generation;
        }
    }

    /// `on` becomes primary.
    pub fn promote(&mut self, on: usize) {
        let other = 1 - on;
        let alone = !self.nodes[on].drbd.connected;
        if alone {
            self.generation += 1;
            let generation = self.generation;
            self.nodes[on].drbd.go_on_alone(generation);
        }
        self.nodes[on].drbd.primary = true;
        self.counts.promotions += 1;
        let missing = self.writes - self.nodes[on].drbd.stored.writes;
        if missing > 0 {
            self.breaks(format!("{} was promoted without {missing} writes", NAMES[on]));
        }
        let is_writing = |node: &Node| node.runs() && node.drbd.primary && !node.drbd.frozen;
        if is_writing(&self.nodes[other]) && self.nodes[other].drbd.stored.peer_outdated {
            self.breaks(format!("{} was promoted while {} wrote", NAMES[on], NAMES[other]));
        }
    }

    /// A client writes all the time, and counts what it gets an answer to.
    fn write(&mut self) {
        let linked = self.replication_link && self.nodes.iter().all(|node| node.runs());
        let writers: Vec<usize> = (0..2)
            .filter(|index| {
                let node = &self.nodes[*index];
                let together = node.drbd.connected && linked;
                let writes = node.drbd.primary && !node.drbd.frozen && together;
                node.runs() && (writes || node.drbd.writes_alone())
            })
            .collect();
        match writers[..] {
            [] => {}
            [writer] => {
                self.writes += 1;
                let writes = self.writes;
                self.nodes[writer].drbd.stored.writes = writes;
                let other = &mut self.nodes[1 - writer].drbd;
                if self.resync.is_none() && other.connected && other.disk == Disk::UpToDate {
                    other.stored.writes = writes;
                }
            }
            _ => self.breaks("two writers".to_owned()),
        }
    }

    /// The watcher's part: what was never resynced is not marked for ever.
    fn lift_marks(&mut self) {
        if self.nodes.iter().all(|node| node.drbd.connected && node.drbd.disk == Disk::UpToDate) {
            for by in 0..2 {
                (0..2).for_each(|marked| self.lift_mark(by, marked));
            }
        }
    }

    fn lift_mark(&mut self, by: usize, marked: usize) {
        let node = &self.nodes[by];
        if node.stack.is_some() && node.cib.marks.contains(&marked) {
            self.change_configuration(by, |cib| {
                cib.marks.remove(&marked);
            });
        }
    }

    /// What each controller is like, for a message.
    pub fn summary(&self) -> String {
        let node = |index: usize| {
            let node = &self.nodes[index];
            let drbd = &node.drbd;
            format!(
                "{}: {:?}, stack {:?}, sees peer {}, vote {}, drbd up {} primary {} connected {} \
                 frozen {} {:?} {:?}, doing {:?}, rests until {}, score {:?}, marks {:?}, call {:?}",
                NAMES[index],
                node.machine,
                node.stack,
                node.sees_peer,
                node.vote,
                drbd.up,
                drbd.primary,
                drbd.connected,
                drbd.frozen,
                drbd.disk,
                drbd.stored,
                node.running,
                node.rests_until,
                node.score,
                node.cib.marks,
                node.call,
            )
        };
        format!("after {} s:\n  {}\n  {}", self.now / 1000, node(0), node(1))
    }

    /// Whether one controller serves and the other one could.
    pub fn is_healthy(&self) -> bool {
        let in_sync = self.nodes.iter().all(|node| {
            let drbd = &node.drbd;
            node.runs()
                && drbd.connected
                && drbd.disk == Disk::UpToDate
                && node.cib.marks.is_empty()
        });
        let primaries = self.nodes.iter().filter(|node| node.drbd.primary && !node.drbd.frozen);
        in_sync && primaries.count() == 1
    }
}
