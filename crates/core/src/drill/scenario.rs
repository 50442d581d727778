// SPDX-License-Identifier: Apache-2.0
//! What a drill does: data, so that a further drill is a further value.

mod file;

use std::ops::RangeInclusive;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::combination::{Combination, Objection, Planned, unsurvived};
use super::fault::{CLOCK_STEP, Daemon, DiskFault, Disturbance, Fault, Side};
use super::work::Mix;

pub use file::{ScenarioError, parse_scenario};

/// What users do meanwhile.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Load {
    /// Submissions per second, begun whether or not the ones before were
    /// answered.
    pub rate: f64,
    /// Submissions that may wait for an answer at a time; beyond that a turn
    /// is left out (and counted), so that the login node survives.
    pub max_outstanding: usize,
    /// The unprivileged user in whose name jobs are submitted.
    pub user: String,
    /// Each submission waits until it is saved (`SLURMHA_DURABLE_SUBMIT=1`):
    /// then no acknowledged job may be lost.
    #[serde(default)]
    pub durable: bool,
    /// What is submitted.
    #[serde(default)]
    pub mix: Mix,
    /// All compute nodes are reserved for it, so that nobody else's job begins
    /// meanwhile.
    #[serde(default)]
    pub reserve: bool,
}

/// How long each part of a drill may take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bounds {
    /// Load before the fault.
    pub warm_up: Duration,
    /// How long the fault lasts, if it is one that the drill takes back.
    #[serde(default)]
    pub fault: Duration,
    /// Load after the fault in any case: what hits the active side later than
    /// the first answers must be seen, too.
    #[serde(default)]
    pub watch: Duration,
    /// The budget: scheduling must be back after this.
    pub recovery: Duration,
    /// Load after scheduling is back.
    pub cool_down: Duration,
    /// Time for the submitted jobs to end.
    pub drain: Duration,
    /// Time for the broken machine to be a full member again.
    pub rejoin: Duration,
}

/// The longest outages that are no failure, in seconds; where nothing is said
/// any that ends is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Budget {
    /// Without an accepted submission.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub submit_s: Option<f64>,
    /// Without an answered request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rpc_s: Option<f64>,
    /// Without a job that begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_s: Option<f64>,
    /// Until Pacemaker knows of the fault (the phase `notice`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice_s: Option<f64>,
}

/// A whole drill.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scenario {
    /// What its author calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What is broken; of several faults the first one.
    pub fault: Fault,
    /// What is broken while that one is being survived, in order of time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub overlaps: Vec<Planned>,
    /// What users do meanwhile.
    pub load: Load,
    /// How long each part may take. [`Bounds::fault`] is about the first fault.
    pub bounds: Bounds,
    /// What it may cost.
    #[serde(default)]
    pub budget: Budget,
    /// Whether both copies of the data are compared in the end.
    #[serde(default, skip_serializing_if = "is_false")]
    pub verify: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

/// Submissions per second that a login node can bear: each is a process.
pub const USER_RATES: RangeInclusive<f64> = 0.05..=50.0;

impl Scenario {
    /// The drill as it is run unless told otherwise.
    pub fn new(fault: Fault) -> Self {
        let lasts = fault.lasts();
        let watch = if is_felt_late(fault) { FELT_LATE } else { Duration::ZERO };
        // What was put off by a clock that was ahead is due that much later.
        let late = if fault.steps_clock() { CLOCK_STEP } else { Duration::ZERO };
        Self {
            name: None,
            budget: budget(fault),
            verify: false,
            fault,
            overlaps: Vec::new(),
            load: Load {
                rate: 1.0,
                max_outstanding: 64,
                user: "nobody".to_owned(),
                durable: false,
                mix: Mix::Mixed,
                reserve: false,
            },
            bounds: Bounds {
                warm_up: Duration::from_secs(15),
                fault: lasts,
                watch: watch.max(seen_out(lasts)),
                recovery: recovery(fault),
                cool_down: Duration::from_secs(20),
                // A job that Slurm requeues becomes eligible when its old
                // credential has expired, 121 s later (22.05, job_mgr.c,
                // `batch_requeue_fini`; slurm.conf(5), `cred_expire`); and one that
                // has itself requeued may begin last of all.
                drain: Duration::from_secs(600) + late,
                rejoin: rejoin(fault) + late,
            },
        }
    }

    /// The drill of several faults: each part has the time that the fault needs
    /// which needs most, and no outage has a budget, because none was ever
    /// agreed for what they cost together.
    pub fn of(combination: &Combination) -> Self {
        let first = combination.first();
        let mut scenario = Self::new(first.fault);
        if first.fault.is_taken_back() {
            scenario.bounds.set_fault(first.lasts);
        }
        for &planned in &combination.faults()[1..] {
            scenario.bounds.cover(planned);
            scenario.overlaps.push(planned);
            scenario.budget = Budget::default();
        }
        scenario
    }

    /// Its faults, the first one first.
    pub fn faults(&self) -> Vec<Planned> {
        let first = Planned { fault: self.fault, after: Duration::ZERO, lasts: self.bounds.fault };
        [&[first][..], &self.overlaps].concat()
    }

    /// Why the cluster cannot be expected to survive its faults together;
    /// `None` when it has to.
    pub fn is_too_much(&self) -> Option<Objection> {
        unsurvived(&self.faults())
    }

    /// Whether this is true of one of its faults.
    pub fn any(&self, is: impl Fn(Fault) -> bool) -> bool {
        is(self.fault) || self.overlaps.iter().any(|planned| is(planned.fault))
    }

    /// The fault that says most about who has to do what: which controller is
    /// the one that is hit, and from which the role moves. The other faults are
    /// named by their own machines.
    pub fn gravest(&self) -> Fault {
        let faults = self.faults();
        let gravest = faults.iter().rev().max_by_key(|planned| planned.fault.gravity());
        gravest.map_or(self.fault, |planned| planned.fault)
    }

    /// What is broken, without times: what its drill is called.
    pub fn fault_names(&self) -> String {
        let names: Vec<String> = self.faults().iter().map(|it| it.fault.name()).collect();
        names.join("+")
    }

    /// What happened at the zero of the report's clock, as in `2 s after the
    /// cut`.
    pub(super) fn event(&self) -> &'static str {
        if self.overlaps.is_empty() { self.fault.event() } else { "the first fault" }
    }
}

impl Bounds {
    /// How long the first fault lasts.
    fn set_fault(&mut self, lasts: Duration) {
        self.fault = lasts;
        self.watch = self.watch.max(seen_out(lasts));
    }

    /// Gives each part the time that a further fault needs.
    fn cover(&mut self, planned: Planned) {
        let own = Scenario::new(planned.fault).bounds;
        let watch = own.watch.max(seen_out(planned.lasts));
        self.watch = self.watch.max(planned.after + watch);
        self.recovery = self.recovery.max(planned.after + own.recovery);
        self.drain = self.drain.max(own.drain);
        self.rejoin = self.rejoin.max(own.rejoin);
    }
}

/// How long is watched of what lasts so long: what comes back when it has ended
/// must be seen, too.
fn seen_out(lasts: Duration) -> Duration {
    lasts + lasts.min(AFTERWARDS)
}

/// After the end of a fault: longer than any timeout of Corosync, DRBD and a
/// monitor.
const AFTERWARDS: Duration = Duration::from_secs(45);

/// When scheduling has to be back: where machines have to boot first, or the
/// cluster has to try a fence again, that is later.
fn recovery(fault: Fault) -> Duration {
    Duration::from_secs(match fault {
        Fault::ResyncPowerLoss | Fault::BmcUnreachable => 900,
        _ if fault.leaves_nobody() => 600,
        _ => 300,
    })
}

/// When all has to be as before: after an interrupted resync everything is sent
/// again, with checksums compared first.
fn rejoin(fault: Fault) -> Duration {
    Duration::from_secs(if fault == Fault::ResyncPowerLoss { 1800 } else { 600 })
}

/// What a fault may cost unless its scenario says so. DRBD goes on over the peer
/// when a disk has failed, and the role may move as planned: a client may feel
/// the move.
fn budget(fault: Fault) -> Budget {
    match fault {
        Fault::Disturbance(_, Disturbance::Disks(DiskFault::Errors)) => Budget {
            submit_s: Some(PLANNED_MOVE_S),
            rpc_s: Some(PLANNED_MOVE_S),
            ..Budget::default()
        },
        _ => Budget::default(),
    }
}

/// Seconds that clients may feel a planned move: four times of what it took in
/// software emulation (docs/survival.md).
const PLANNED_MOVE_S: f64 = 60.0;

/// How long is watched what clients may feel late.
const FELT_LATE: Duration = Duration::from_secs(60);

/// Whether clients are still served when the fault has happened, and only
/// later are not: a lost peer is felt when DRBD and Corosync have noticed, and
/// until it is fenced; without Corosync slurmctld goes on until then; a lost node
/// is still given jobs.
fn is_felt_late(fault: Fault) -> bool {
    match fault {
        Fault::PowerLoss(side) | Fault::Crash(side) | Fault::Reboot(side) => side != Side::Active,
        Fault::Process(_, daemon, _) => {
            use Daemon::{Corosync, Munged, Pacemakerd, Qnetd};
            matches!(daemon, Corosync | Pacemakerd | Munged | Qnetd)
        }
        Fault::Disturbance(..) => true,
        _ => false,
    }
}
