// SPDX-License-Identifier: Apache-2.0
//! What one controller tells about itself and the cluster.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::layout::{DATABASE_MOUNT, DURABLE_UNIT, STATE_MOUNT, WATCH_UNIT};
use crate::metrics::{SlurmAnswers, Snapshot};
use crate::observe::{
    ClusterStatus, Diagnosis, DrbdStatus, Health, LinkStatus, Observation, Preference,
    QuorumStatus, Reading, Safeguards, SlurmStatus, Space, UnitState,
};
use crate::site::NodeName;

/// What one controller tells about itself and the cluster: no more than its
/// metrics do, in the words of the programs that were asked.
///
/// A part that another version of slurmha does not send is unknown.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct View {
    /// Who tells it.
    pub controller: String,
    /// slurmha's version there.
    pub version: String,
    /// The controller's clock when it told this.
    pub time: Timestamp,
    /// Pacemaker's opinion.
    pub pacemaker: Reading<ClusterStatus>,
    /// Corosync's opinion.
    pub quorum: Reading<QuorumStatus>,
    /// Corosync's links to every member, also this one.
    pub links: Reading<Vec<LinkStatus>>,
    /// DRBD's side here.
    pub drbd: Reading<DrbdStatus>,
    /// Whether an interface here has the VIP.
    pub vip_present: Reading<bool>,
    /// Whether the watcher runs here.
    pub watch_running: Reading<bool>,
    /// Whether somebody tells here what is saved; nothing where nobody has to.
    pub durable_running: Reading<Option<bool>>,
    /// What is in force here and only a failure needs. Nothing from a version of
    /// slurmha that does not send it.
    pub safeguards: Option<Safeguards>,
    /// What somebody has moved by hand; the same holds.
    pub preferences: Option<Reading<Vec<Preference>>>,
    /// What only the active controller asks.
    pub slurm: Option<SlurmView>,
}

/// What the active controller tells about Slurm and the volumes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SlurmView {
    /// Whether the scheduler answers.
    pub slurmctld: Health,
    /// Whether accounting answers.
    pub slurmdbd: Health,
    /// Whether its database answers.
    pub mariadb: Health,
    /// What the scheduler counts about itself.
    pub diagnosis: Reading<Diagnosis>,
    /// Compute nodes by state.
    pub nodes: Reading<BTreeMap<String, u64>>,
    /// Space of the state volume; nothing where it is not mounted.
    pub state: Reading<Option<Space>>,
    /// Space of the database volume; nothing where it is not mounted.
    pub database: Reading<Option<Space>>,
    /// How long ago the scheduler saved its jobs.
    pub saved_state_age: Reading<Option<Duration>>,
}

impl View {
    /// What the controller of that name knows at that time of its own clock.
    pub fn of(snapshot: &Snapshot, own: &NodeName, time: Timestamp) -> Self {
        let machine = &snapshot.machine.answer;
        Self {
            controller: own.to_string(),
            version: snapshot.version.clone(),
            time,
            pacemaker: snapshot.pacemaker.answer.clone(),
            quorum: snapshot.corosync.answer.quorum.clone(),
            links: snapshot.corosync.answer.links.clone(),
            drbd: snapshot.drbd.answer.clone(),
            vip_present: machine.vip_present.clone(),
            watch_running: machine.watch_running.clone(),
            durable_running: machine.durable_running.clone(),
            safeguards: Some(snapshot.settings.answer.in_force.clone()),
            preferences: Some(snapshot.settings.answer.preferences.clone()),
            slurm: snapshot.slurm.as_ref().map(|slurm| SlurmView::of(slurm, snapshot)),
        }
    }

    /// Whether it tells the same, at whatever time.
    pub fn tells_the_same(&self, other: &Self) -> bool {
        Self { time: other.time, ..self.clone() } == *other
    }

    /// Whether it tells all that a judgement of the cluster needs. An older
    /// version of slurmha does not.
    pub fn tells_all(&self) -> bool {
        self.safeguards.is_some() && self.preferences.is_some()
    }

    /// Those of which it is known whether they run, as systemd would tell it.
    fn units(&self) -> BTreeMap<String, UnitState> {
        let watch = self.watch_running.known().copied();
        let durable = self.durable_running.known().copied().flatten();
        let told = [(WATCH_UNIT, watch), (DURABLE_UNIT, durable)];
        let state = |runs| UnitState {
            load: "loaded".to_owned(),
            active: if runs { "active" } else { "inactive" }.to_owned(),
            sub: String::new(),
            enabled: String::new(),
            since: None,
        };
        told.into_iter().filter_map(|(unit, runs)| Some((unit.to_owned(), state(runs?)))).collect()
    }

    /// The same as what `slurmha status` would have been answered.
    pub fn observation(&self) -> Observation {
        let mut seen = Observation {
            hostname: self.controller.clone(),
            drbd: self.drbd.clone(),
            quorum: self.quorum.clone(),
            cluster: self.pacemaker.clone(),
            units: self.units(),
            safeguards: self.safeguards.clone(),
            preferences: self.preferences.clone(),
            ..Observation::default()
        };
        let Some(slurm) = &self.slurm else { return seen };
        seen.slurm = Reading::Known(slurm.status());
        for (mount, space) in [(STATE_MOUNT, &slurm.state), (DATABASE_MOUNT, &slurm.database)] {
            if let Some(space) = space.known().copied().flatten() {
                seen.spaces.insert(mount.into(), space);
            }
        }
        seen
    }
}

impl SlurmView {
    fn of(slurm: &SlurmAnswers, snapshot: &Snapshot) -> Self {
        let volumes = &snapshot.volumes.answer;
        Self {
            slurmctld: slurm.slurmctld.answer.ping.clone(),
            slurmdbd: slurm.slurmdbd.answer.clone(),
            mariadb: slurm.mariadb.answer.clone(),
            diagnosis: slurm.slurmctld.answer.diagnosis.clone(),
            nodes: slurm.slurmctld.answer.nodes.clone(),
            state: volumes.state.clone(),
            database: volumes.database.clone(),
            saved_state_age: volumes.saved_state_age.clone(),
        }
    }

    fn status(&self) -> SlurmStatus {
        SlurmStatus {
            slurmctld: self.slurmctld.clone(),
            slurmdbd: self.slurmdbd.clone(),
            mariadb: self.mariadb.clone(),
            records_waiting: self.diagnosis.known().map(|diagnosis| diagnosis.dbd_queue),
            waits_until: self.diagnosis.known().and_then(Diagnosis::waits_until),
            // They are counted by what slurmctld says about itself.
            jobs: Reading::default(),
            nodes: self.nodes.clone(),
        }
    }
}
