// SPDX-License-Identifier: Apache-2.0
//! What a drill does: data, so that a further drill is a further value.

mod file;

use std::ops::RangeInclusive;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::fault::{CLOCK_STEP, Daemon, DiskFault, Disturbance, Fault, Side};

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
    /// What is broken.
    pub fault: Fault,
    /// What users do meanwhile.
    pub load: Load,
    /// How long each part may take.
    pub bounds: Bounds,
    /// What it may cost.
    #[serde(default)]
    pub budget: Budget,
}

/// Submissions per second that a login node can bear: each is a process.
pub const USER_RATES: RangeInclusive<f64> = 0.05..=50.0;

impl Scenario {
    /// The drill as it is run unless told otherwise.
    pub fn new(fault: Fault) -> Self {
        let lasts = lasts(fault);
        let watch = if is_felt_late(fault) { FELT_LATE } else { Duration::ZERO };
        // What was put off by a clock that was ahead is due that much later.
        let late = if fault.steps_clock() { CLOCK_STEP } else { Duration::ZERO };
        Self {
            name: None,
            budget: budget(fault),
            fault,
            load: Load {
                rate: 1.0,
                max_outstanding: 64,
                user: "nobody".to_owned(),
                durable: false,
            },
            bounds: Bounds {
                warm_up: Duration::from_secs(15),
                fault: lasts,
                // What comes back when the fault has ended must be seen, too.
                watch: watch.max(lasts + lasts.min(FAULT)),
                recovery: recovery(fault),
                cool_down: Duration::from_secs(20),
                // A job that Slurm requeues becomes eligible when its old
                // credential has expired, 121 s later (22.05, job_mgr.c,
                // `batch_requeue_fini`; slurm.conf(5), `cred_expire`).
                drain: Duration::from_secs(300) + late,
                rejoin: rejoin(fault) + late,
            },
        }
    }
}

/// How long a fault lasts that the drill takes back: longer than any timeout
/// of Corosync, DRBD and a monitor.
const FAULT: Duration = Duration::from_secs(45);

/// For how long nothing may be promoted: a takeover that did not wait would be
/// over by then, with several times of what the slowest one has taken in
/// software emulation (docs/survival.md).
const WAIT: Duration = Duration::from_secs(120);

/// How long a fault lasts.
fn lasts(fault: Fault) -> Duration {
    match fault {
        _ if fault.must_wait() => WAIT,
        _ if fault.is_taken_back() => FAULT,
        _ => Duration::ZERO,
    }
}

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
