// SPDX-License-Identifier: Apache-2.0
//! Everything that was seen last, and the text of it.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use slurmha_core::console::{Heard, Tally, View, draw};
use slurmha_core::drill::DrillRecord;
use slurmha_core::metrics::{
    Answer, CorosyncAnswer, MachineAnswer, NodesAnswer, SettingsAnswer, SlurmAnswers,
    SlurmctldAnswer, Snapshot, VolumesAnswer, exposition,
};
use slurmha_core::observe::{ClusterStatus, DrbdStatus, Health, Reading};
use slurmha_core::site::{NodeName, Site};
use slurmha_core::state_save::Takeover;
use slurmha_host::System;

use super::slot::Slot;

/// Votes and links are asked in one of so many rounds: at 15 s they are seen
/// within a minute, and Pacemaker tells of a lost quorum in each round.
const COROSYNC_ROUNDS: u32 = 3;
/// The same for what has alerts of minutes: compute nodes and accounting.
const SLOW_ROUNDS: u32 = 4;
/// The same for settings, which take three programs.
const RARE_ROUNDS: u32 = 8;

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
    pub takeover: Slot<Reading<Option<Takeover>>>,
    pub drills: Slot<Reading<DrillRecord>>,
    pub settings: Slot<SettingsAnswer>,
    pub slurmctld: Slot<SlurmctldAnswer>,
    /// What slurmctld's answer says of nodes.
    pub nodes: Slot<NodesAnswer>,
    pub slurmdbd: Slot<Health>,
    pub mariadb: Slot<Health>,
    /// What this controller has seen of failovers.
    failovers: Mutex<Tally>,
    is_active: AtomicBool,
    /// How many listen ([`Board::listen`]).
    listening: AtomicUsize,
    /// How many watch ([`Board::watch`]).
    watching: AtomicUsize,
}

/// Somebody listens or watches, until this is dropped.
pub struct Present {
    board: Arc<Board>,
    count: fn(&Board) -> &AtomicUsize,
}

impl Drop for Present {
    fn drop(&mut self) {
        (self.count)(&self.board).fetch_sub(1, Ordering::SeqCst);
    }
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
            corosync: Slot::slow("corosync", COROSYNC_ROUNDS),
            drbd: Slot::new("drbd"),
            machine: Slot::new("machine"),
            volumes: Slot::new("volumes"),
            takeover: Slot::new("takeover"),
            drills: Slot::new("drills"),
            settings: Slot::rare("settings", RARE_ROUNDS),
            slurmctld: Slot::new("slurmctld"),
            nodes: Slot::slow("nodes", SLOW_ROUNDS),
            slurmdbd: Slot::slow("slurmdbd", SLOW_ROUNDS),
            mariadb: Slot::slow("mariadb", SLOW_ROUNDS),
            failovers: Mutex::default(),
            is_active: AtomicBool::new(false),
            listening: AtomicUsize::new(0),
            watching: AtomicUsize::new(0),
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
            self.nodes.clear();
            self.slurmdbd.clear();
            self.mariadb.clear();
        }
    }

    /// Whether that question is to be asked in this round: while somebody
    /// watches, every one is.
    pub fn is_due<T: Answer>(&self, slot: &Slot<T>) -> bool {
        self.is_watched() || slot.is_due(self.system.elapsed(), self.interval)
    }

    /// From now on somebody listens to what is known.
    pub fn listen(board: &Arc<Self>) -> Present {
        Self::count(board, |board| &board.listening)
    }

    /// From now on somebody watches: the parts that move in a failover are
    /// asked more often.
    pub fn watch(board: &Arc<Self>) -> Present {
        Self::count(board, |board| &board.watching)
    }

    fn count(board: &Arc<Self>, count: fn(&Self) -> &AtomicUsize) -> Present {
        count(board).fetch_add(1, Ordering::SeqCst);
        Present { board: Arc::clone(board), count }
    }

    /// Whether anybody listens.
    pub fn is_heard(&self) -> bool {
        self.listening.load(Ordering::SeqCst) > 0
    }

    /// Whether anybody watches.
    pub fn is_watched(&self) -> bool {
        self.watching.load(Ordering::SeqCst) > 0
    }

    /// The metrics as they are known at this moment. Asks nobody.
    pub fn text(&self) -> String {
        exposition(&self.site, &self.own, &self.snapshot())
    }

    /// The same for a console.
    pub fn view(&self) -> View {
        View::of(&self.snapshot(), &self.own, self.system.now())
    }

    /// Looks for failovers in what is known at this moment, as a console does that
    /// hears nobody else.
    pub fn watch_failovers(&self) {
        let now = self.system.now();
        let heard = self.site.controllers.each_ref().map(|controller| {
            let mut heard = Heard::default();
            if controller.name == self.own {
                heard.hear(self.view(), now, self.interval);
            }
            heard
        });
        let picture = draw(&self.site, &heard, now);
        self.lock_failovers().see(&picture);
    }

    fn lock_failovers(&self) -> MutexGuard<'_, Tally> {
        self.failovers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn snapshot(&self) -> Snapshot {
        let (now, interval) = (self.system.elapsed(), self.interval);
        let slurm = self.is_active().then(|| SlurmAnswers {
            slurmctld: self.slurmctld.look(now, interval),
            slurmdbd: self.slurmdbd.look(now, interval),
            mariadb: self.mariadb.look(now, interval),
        });
        Snapshot {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pacemaker: self.pacemaker.look(now, interval),
            corosync: self.corosync.look(now, interval),
            drbd: self.drbd.look(now, interval),
            machine: self.machine.look(now, interval),
            volumes: self.volumes.look(now, interval),
            takeover: self.takeover.look(now, interval),
            failovers: self.lock_failovers().clone(),
            drills: self.drills.look(now, interval),
            settings: self.settings.look(now, interval),
            slurm,
        }
    }
}
