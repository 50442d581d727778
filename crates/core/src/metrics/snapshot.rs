// SPDX-License-Identifier: Apache-2.0
//! All that a controller's exporter knows at one moment.

use std::collections::BTreeMap;
use std::time::Duration;

use super::slurm::{NOT_RESPONDING, class};
use super::{Answer, Collected, SettingsAnswer};
use crate::console::Tally;
use crate::drill::DrillRecord;
use crate::observe::{
    ClusterStatus, Diagnosis, DrbdStatus, Health, LinkStatus, QuorumStatus, Reading, Space,
};
use crate::state_save::Takeover;

/// All that a controller's exporter knows at one moment.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// slurmha's version.
    pub version: String,
    /// Pacemaker, from this controller.
    pub pacemaker: Collected<Reading<ClusterStatus>>,
    /// Corosync, from this controller.
    pub corosync: Collected<CorosyncAnswer>,
    /// DRBD's side here.
    pub drbd: Collected<Reading<DrbdStatus>>,
    /// What else is on this machine.
    pub machine: Collected<MachineAnswer>,
    /// The replicated file systems.
    pub volumes: Collected<VolumesAnswer>,
    /// What the last start after an unclean end found here; nothing where
    /// there has been none.
    pub takeover: Collected<Reading<Option<Takeover>>>,
    /// Failovers that this controller has seen.
    pub failovers: Tally,
    /// What this controller was told of drills.
    pub drills: Collected<Reading<DrillRecord>>,
    /// Settings that only a failure needs.
    pub settings: Collected<SettingsAnswer>,
    /// Slurm, which only the active controller asks; `None` on the other one.
    pub slurm: Option<SlurmAnswers>,
}

impl Snapshot {
    /// Whether DRBD is Primary here.
    pub fn is_active(&self) -> Option<bool> {
        self.drbd.answer.known().map(|drbd| drbd.role == "Primary")
    }
}

/// Votes and links.
#[derive(Clone, Debug, Default)]
pub struct CorosyncAnswer {
    /// Votes.
    pub quorum: Reading<QuorumStatus>,
    /// Links to every member, also this one.
    pub links: Reading<Vec<LinkStatus>>,
    /// How often the token was lost while all was well.
    pub token_losses: Reading<u64>,
}

impl Answer for CorosyncAnswer {
    fn trouble(&self) -> Option<&str> {
        self.quorum.why().or(self.links.why())
    }

    /// All votes are there, and every link is connected.
    fn is_calm(&self) -> bool {
        let votes = self.quorum.known().is_some_and(|quorum| {
            quorum.quorate
                && quorum.total_votes >= quorum.expected_votes
                && quorum.qdevice != Some(false)
        });
        votes && self.links.known().is_some_and(|links| links.iter().all(|link| link.connected))
    }
}

/// What else is on this machine.
#[derive(Clone, Debug, Default)]
pub struct MachineAnswer {
    /// Whether an interface has the VIP.
    pub vip_present: Reading<bool>,
    /// Whether the watcher runs.
    pub watch_running: Reading<bool>,
    /// Whether somebody tells what is saved; nothing where nobody has to.
    pub durable_running: Reading<Option<bool>>,
}

impl Answer for MachineAnswer {
    fn trouble(&self) -> Option<&str> {
        self.vip_present.why().or(self.watch_running.why()).or(self.durable_running.why())
    }
}

/// The replicated file systems.
#[derive(Clone, Debug, Default)]
pub struct VolumesAnswer {
    /// Space of the state volume; nothing where it is not mounted.
    pub state: Reading<Option<Space>>,
    /// Space of the database volume; nothing where it is not mounted.
    pub database: Reading<Option<Space>>,
    /// How long ago slurmctld saved its jobs; nothing where there is no table.
    pub saved_state_age: Reading<Option<Duration>>,
}

impl Answer for VolumesAnswer {
    fn trouble(&self) -> Option<&str> {
        self.state.why().or(self.database.why()).or(self.saved_state_age.why())
    }
}

/// Slurm's daemons.
#[derive(Clone, Debug, Default)]
pub struct SlurmAnswers {
    /// The scheduler.
    pub slurmctld: Collected<SlurmctldAnswer>,
    /// The accounting daemon.
    pub slurmdbd: Collected<Health>,
    /// The accounting database.
    pub mariadb: Collected<Health>,
}

/// Compute nodes by state, in sinfo's words.
#[derive(Clone, Debug, Default)]
pub struct NodesAnswer(pub Reading<BTreeMap<String, u64>>);

/// Nodes that are down, or do not respond, of which one in so many is nothing
/// to be anxious about: a large cluster is never without.
const USUAL_LOSS: u64 = 20;

impl Answer for NodesAnswer {
    fn trouble(&self) -> Option<&str> {
        self.0.why()
    }

    /// Few of them are lost.
    fn is_calm(&self) -> bool {
        let is_lost = |state: &str| ["down", NOT_RESPONDING].contains(&class(state));
        self.0.known().is_some_and(|states| {
            let lost: u64 = states.iter().filter(|(state, _)| is_lost(state)).map(|(_, n)| n).sum();
            lost * USUAL_LOSS <= states.values().sum()
        })
    }
}

/// The scheduler.
#[derive(Clone, Debug, Default)]
pub struct SlurmctldAnswer {
    /// Whether it answers.
    pub ping: Health,
    /// What it counts about itself.
    pub diagnosis: Reading<Diagnosis>,
    /// Compute nodes by state.
    pub nodes: Reading<BTreeMap<String, u64>>,
}

impl Answer for SlurmctldAnswer {
    fn trouble(&self) -> Option<&str> {
        self.ping.trouble().or(self.diagnosis.why()).or(self.nodes.why())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes(states: &[(&str, u64)]) -> NodesAnswer {
        let states = states.iter().map(|(state, count)| ((*state).to_owned(), *count));
        NodesAnswer(Reading::Known(states.collect()))
    }

    #[test]
    fn a_few_lost_nodes_of_many_are_no_reason_to_look_more_often() {
        assert!(nodes(&[("idle", 95), ("down*", 3), ("idle*", 2)]).is_calm());
        assert!(!nodes(&[("idle", 94), ("down*", 4), ("idle*", 2)]).is_calm());
        assert!(!nodes(&[("idle", 1), ("down", 1)]).is_calm());
        assert!(nodes(&[]).is_calm());
        assert!(!NodesAnswer::default().is_calm(), "what is not known is asked again");
    }

    #[test]
    fn a_missing_vote_or_link_is_a_reason() {
        let link = |connected| LinkStatus { node: 2, link: 0, connected, latency: None, downs: 1 };
        let with = |change: fn(&mut QuorumStatus), connected| {
            let mut quorum = QuorumStatus {
                quorate: true,
                expected_votes: 3,
                total_votes: 3,
                ring_id: "1.5".to_owned(),
                qdevice: Some(true),
                ..QuorumStatus::default()
            };
            change(&mut quorum);
            let links = Reading::Known(vec![link(true), link(connected)]);
            let token_losses = Reading::Known(0);
            CorosyncAnswer { quorum: Reading::Known(quorum), links, token_losses }.is_calm()
        };
        assert!(with(|_| {}, true));
        assert!(with(|quorum| quorum.qdevice = None, true), "a site without an arbiter");
        assert!(!with(|_| {}, false));
        assert!(!with(|quorum| quorum.quorate = false, true));
        assert!(!with(|quorum| quorum.total_votes = 2, true));
        assert!(!with(|quorum| quorum.qdevice = Some(false), true));
        assert!(!CorosyncAnswer::default().is_calm());
    }
}
