// SPDX-License-Identifier: Apache-2.0
//! One controller: its power, its part of the cluster stack, its DRBD.

use std::collections::BTreeSet;

use slurmha_core::observe::NodeState;
use slurmha_core::promotion::{Score, score};

use super::drbd::Drbd;
use super::handler::Call;

/// Milliseconds since the beginning.
pub type Time = u64;

/// The power, and whether the kernel runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Machine {
    On,
    /// It has power and does nothing.
    Crashed,
    Off,
    /// It runs from that moment on.
    Boots(Time),
}

/// Corosync's and Pacemaker's memory of one member.
#[derive(Clone, Debug, Default)]
pub struct Cib {
    /// Raised with every change of the configuration.
    pub epoch: u64,
    /// Nodes whose data are marked as old.
    pub marks: BTreeSet<usize>,
    /// `node_state` of both controllers.
    pub states: [Option<NodeState>; 2],
}

/// What Pacemaker is doing on a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Start,
    Promote,
    Demote,
    Stop,
}

/// An action with its bounds.
#[derive(Clone, Copy, Debug)]
pub struct Running {
    pub action: Action,
    /// It takes at least until then.
    pub ready: Time,
    /// It has failed when it is not done by then.
    pub limit: Time,
}

/// A note that a fence has to be made up for; see `slurmha_core::power_on`.
#[derive(Clone, Copy, Debug)]
pub struct FenceNote {
    pub at: Time,
}

/// One controller.
#[derive(Clone, Debug)]
pub struct Node {
    pub machine: Machine,
    /// Whether its link to the cluster network works.
    pub cluster_link: bool,
    /// Whether its BMC answers.
    pub bmc: bool,
    /// Since when Corosync and Pacemaker run.
    pub stack: Option<Time>,
    /// When they are started again, where they were killed.
    pub stack_returns: Option<Time>,
    /// Somebody has asked for a reboot.
    pub leaving: bool,
    /// Whether Corosync counts the peer as a member, and since when it does
    /// not look so any more.
    pub sees_peer: bool,
    pub doubts_since: Option<Time>,
    /// Since when both controllers are one cluster.
    pub joined: Option<Time>,
    /// Whether the arbiter's vote is here.
    pub vote: bool,
    pub cib: Cib,
    /// Which nodes the fencer remembers to have fenced.
    pub fenced: [bool; 2],
    pub drbd: Drbd,
    /// DRBD's last sign of its peer.
    pub peer_heard: Time,
    pub score: Option<u32>,
    pub running: Option<Running>,
    /// No promotion before that: the last one has failed.
    pub rests_until: Time,
    pub call: Option<Call>,
    pub note: Option<FenceNote>,
    /// Whether the watcher has seen that the peer is fenced.
    pub has_noted: bool,
    /// When the peer was switched on from here.
    pub switched_on: Vec<Time>,
}

impl Node {
    pub fn new() -> Self {
        Self {
            machine: Machine::Boots(0),
            cluster_link: true,
            bmc: true,
            stack: None,
            stack_returns: None,
            leaving: false,
            sees_peer: false,
            doubts_since: None,
            joined: None,
            vote: false,
            cib: Cib::default(),
            fenced: [false; 2],
            drbd: Drbd::new(),
            peer_heard: 0,
            score: None,
            running: None,
            rests_until: 0,
            call: None,
            note: None,
            has_noted: false,
            switched_on: Vec::new(),
        }
    }

    /// Whether its kernel does what it is told.
    pub fn runs(&self) -> bool {
        self.machine == Machine::On
    }

    /// Whether it counts two votes of three.
    pub fn is_quorate(&self) -> bool {
        let votes = 1 + u32::from(self.sees_peer) + u32::from(self.vote);
        self.stack.is_some() && votes >= 2
    }

    /// Everything ends here and now; only disks remember.
    pub fn lose_power(&mut self) {
        self.machine = Machine::Off;
        self.lose_stack();
        self.drbd.detach();
        (self.leaving, self.running, self.call, self.note) = (false, None, None, None);
        // The notes are in /run; when something was switched on is remembered.
        self.has_noted = false;
        self.fenced = [false; 2];
        self.stack_returns = None;
    }

    /// Corosync ends, and Pacemaker with it; what it manages goes on.
    pub fn lose_stack(&mut self) {
        (self.stack, self.sees_peer, self.joined) = (None, false, None);
        (self.doubts_since, self.vote, self.running) = (None, false, None);
        // The configuration is a file; the status is not.
        self.cib.states = [None, None];
        self.score = None;
    }

    /// The agent tells Pacemaker how good a place this is.
    pub fn tell_score(&mut self, peer: &Drbd) {
        match score(&self.drbd.status(peer)) {
            Score::Is(score) => self.score = Some(score),
            Score::None => self.score = None,
            Score::Unchanged => {}
        }
    }
}
