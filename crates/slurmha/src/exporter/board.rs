// SPDX-License-Identifier: Apache-2.0
//! Everything that was seen last, and the text of it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use slurmha_core::metrics::{
    CorosyncAnswer, MachineAnswer, SlurmAnswers, SlurmctldAnswer, Snapshot, VolumesAnswer,
    exposition,
};
use slurmha_core::observe::{ClusterStatus, DrbdStatus, Health, Reading};
use slurmha_core::site::{NodeName, Site};
use slurmha_host::System;

use super::slot::Slot;

/// An answer is told for so many intervals.
const INTERVALS: u32 = 3;

/// Everything that was seen last.
pub struct Board {
    pub system: Box<dyn System + Send>,
    pub site: Site,
    /// This controller's name.
    pub own: NodeName,
    /// From one round of questions to the next.
    pub interval: Duration,
    pub pacemaker: Slot<Reading<ClusterStatus>>,
    pub corosync: Slot<CorosyncAnswer>,
    pub drbd: Slot<Reading<DrbdStatus>>,
    pub machine: Slot<MachineAnswer>,
    pub volumes: Slot<VolumesAnswer>,
    pub slurmctld: Slot<SlurmctldAnswer>,
    pub slurmdbd: Slot<Health>,
    pub mariadb: Slot<Health>,
    is_active: AtomicBool,
}

impl Board {
    pub fn new(
        system: Box<dyn System + Send>,
        site: Site,
        own: NodeName,
        interval: Duration,
    ) -> Self {
        Self {
            system,
            site,
            own,
            interval,
            pacemaker: Slot::new("pacemaker"),
            corosync: Slot::new("corosync"),
            drbd: Slot::new("drbd"),
            machine: Slot::new("machine"),
            volumes: Slot::new("volumes"),
            slurmctld: Slot::new("slurmctld"),
            slurmdbd: Slot::new("slurmdbd"),
            mariadb: Slot::new("mariadb"),
            is_active: AtomicBool::new(false),
        }
    }

    /// Whether Slurm is asked from here: where DRBD is Primary, or was when it
    /// could be told last.
    pub fn is_active(&self) -> bool {
        self.is_active.load(Ordering::SeqCst)
    }

    /// Takes in DRBD's role. What Slurm told a controller that is no longer
    /// the active one is told to nobody.
    pub fn take_role(&self, role: &str) {
        let is_active = role == "Primary";
        self.is_active.store(is_active, Ordering::SeqCst);
        if !is_active {
            self.slurmctld.clear();
            self.slurmdbd.clear();
            self.mariadb.clear();
        }
    }

    /// The metrics as they are known at this moment. Asks nobody.
    pub fn text(&self) -> String {
        let (now, limit) = (self.system.elapsed(), self.interval * INTERVALS);
        let slurm = self.is_active().then(|| SlurmAnswers {
            slurmctld: self.slurmctld.look(now, limit),
            slurmdbd: self.slurmdbd.look(now, limit),
            mariadb: self.mariadb.look(now, limit),
        });
        let snapshot = Snapshot {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pacemaker: self.pacemaker.look(now, limit),
            corosync: self.corosync.look(now, limit),
            drbd: self.drbd.look(now, limit),
            machine: self.machine.look(now, limit),
            volumes: self.volumes.look(now, limit),
            slurm,
        };
        exposition(&self.site, &self.own, &snapshot)
    }
}
