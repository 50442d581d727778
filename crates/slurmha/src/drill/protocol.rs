// SPDX-License-Identifier: Apache-2.0
//! What the drill and its other end on a machine say to each other: a line
//! of JSON each.
//!
//! The drill says one task, and asks for the time as often as it likes. The
//! other end stops when it hears nothing more (end of input), when nobody
//! listens to it, or when its deadline has passed, so that nothing is left on
//! the machines whatever happens to the drill.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use slurmha_core::drill::{
    Daemon, Disturbance, DrillResult, FaultSignal, Hastened, Load, Probe, ProcessFate, Queued,
    Sample, Submission, Work,
};
use slurmha_core::layout::RUNTIME_DIRECTORY;
use slurmha_core::observe::Reading;
use slurmha_core::site::NodeName;

/// The arguments of `slurmha node` that start the other end.
pub const NODE_ARGUMENTS: [&str; 1] = ["drill"];

/// A line to a machine.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Request {
    /// What to do; said once.
    Task(Task),
    /// Asks for the time; the number comes back with it.
    Clock(u32),
}

/// What a machine is to do.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Task {
    /// Submit jobs, until told to stop.
    Submit(SubmitTask),
    /// Ask slurmctld and the accounting for a sign of life, until told to stop.
    Probe {
        /// When to stop in any case.
        limit: Duration,
    },
    /// Watch this controller, until told to stop.
    Sample {
        /// The VIP.
        vip: Ipv4Addr,
        /// The run's name, for what is seen to be kept on the machine, too.
        run: Option<String>,
        /// When to stop in any case.
        limit: Duration,
    },
    /// Count the run's jobs that have not ended.
    Queue {
        /// The run's name.
        run: String,
        /// The user who submitted.
        user: String,
    },
    /// Let the run's requeued jobs start now.
    Hasten(HastenTask),
    /// Keep all compute nodes for the drill's user.
    Reserve(ReserveTask),
    /// Give them back.
    Unreserve {
        /// The reservation's name.
        name: String,
    },
    /// Cancel the run's jobs that wait: the drill does not.
    Abandon {
        /// The run's name.
        run: String,
    },
    /// Compare this controller's data with the other one's.
    Verify,
    /// Count the run's jobs that have ended in the accounting.
    Accounted {
        /// The run's name.
        run: String,
    },
    /// Remember how the drill has ended.
    Remember(DrillResult),
    /// Hand over what was gathered.
    Collect(CollectTask),
    /// Hit a process, and watch what becomes of it until told to stop.
    Strike(StrikeTask),
    /// Do something to the machine, and take it back after a while.
    Disturb(DisturbTask),
    /// Have this controller brought up to date again, slowly.
    Resync(ResyncTask),
    /// Tell which boot of the machine this is.
    Boot,
    /// Crash the machine's kernel.
    Crash,
    /// Boot the machine anew.
    Reboot,
    /// Move the active role to this controller.
    Move(MoveTask),
    /// Take back what an interrupted move has left; answered like a move.
    TakeBack,
}

/// Which process is hit.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StrikeTask {
    /// The daemon whose process it is.
    pub daemon: Daemon,
    /// What happens to its main process.
    pub signal: FaultSignal,
    /// When to stop watching, and when a frozen process goes on, in any case.
    pub limit: Duration,
}

/// What is done to a machine for a while.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DisturbTask {
    /// What.
    pub what: Disturbance,
    /// The machine's own addresses on the links that are hit.
    pub addresses: Vec<Ipv4Addr>,
    /// For how long.
    pub lasts: Duration,
}

/// How a controller is brought up to date again.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ResyncTask {
    /// For how long it is slow.
    pub lasts: Duration,
}

/// Where the role moves.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MoveTask {
    /// The controller that has it.
    pub from: NodeName,
    /// The other one.
    pub to: NodeName,
    /// When to give up.
    pub limit: Duration,
    /// Whether this is said to the one that has it; else it is to the other.
    #[serde(default)]
    pub from_here: bool,
    /// Whether the order has no end, as one that is typed by hand, and is left
    /// where it is until the task is stopped.
    #[serde(default)]
    pub is_left: bool,
}

/// The task of the client.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SubmitTask {
    /// The run's name, with which every job's name begins.
    pub run: String,
    /// How much.
    pub load: Load,
    /// What, turn by turn, and then again from the beginning.
    pub turns: Vec<Work>,
    /// When to stop in any case.
    pub limit: Duration,
}

/// For whom all compute nodes are kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ReserveTask {
    /// The reservation's name.
    pub name: String,
    /// The user whose jobs may begin.
    pub user: String,
    /// When it ends in any case.
    pub lasts: Duration,
}

/// Which requeued jobs need not wait for their time.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct HastenTask {
    /// The run's name.
    pub run: String,
    /// The user who submitted.
    pub user: String,
    /// Ids of those for which that was tried before.
    pub tried: BTreeSet<u32>,
    /// Names of those that are meant; all, where nothing is said.
    #[serde(default)]
    pub only: Option<BTreeSet<String>>,
}

/// What to hand over.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct CollectTask {
    /// The run's name.
    pub run: String,
    /// The marks of the jobs that ran here.
    pub marks: bool,
    /// The ledger of submissions.
    pub ledger: bool,
    /// The jobs that the scheduler and the accounting know.
    pub jobs: bool,
    /// What the samplers saw here.
    pub samples: bool,
    /// The journal since this moment.
    pub journal_since: Option<Timestamp>,
    /// Remove marks, ledger and samples afterwards.
    pub remove: bool,
}

impl CollectTask {
    /// Whether nothing is asked for that has to be there.
    pub fn has_only_samples(&self) -> bool {
        !self.marks && !self.ledger && !self.jobs && self.journal_since.is_none()
    }
}

/// A line from a machine.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reply {
    /// The answer to [`Request::Clock`].
    Clock {
        /// The question's number.
        question: u32,
        /// The machine's time.
        now: Timestamp,
    },
    /// A submission was begun, or has ended.
    Submission(Submission),
    /// How many turns have been left out so far.
    Skipped(u64),
    /// A sign of life was asked for.
    Probe(Probe),
    /// The accounting was asked.
    AccountingProbe(Probe),
    /// What a controller is doing; said when it changes, and every second.
    Sample(Sample),
    /// How many of the run's jobs have not ended.
    Queue(Reading<Queued>),
    /// A requeued job may start now.
    Hastened(Hastened),
    /// A requeued job waits for its time all the same.
    NotHastened {
        /// Its id.
        id: u32,
        /// Why.
        why: String,
    },
    /// How many of the run's jobs have ended in the accounting.
    Accounted(Reading<usize>),
    /// How far that is, from time to time.
    Comparing(String),
    /// How many KiB differ between the two copies of the data, or why that is not
    /// known.
    Compared(Result<u64, String>),
    /// Which boot of the machine this is.
    Boot(String),
    /// What was gathered.
    Collected(Box<Collected>),
    /// The fault has happened, or the move was ordered.
    Struck(Struck),
    /// Nothing was hit or ordered, and why.
    Unharmed(String),
    /// What became of the process so far.
    Process(ProcessFate),
    /// What was done to the machine is taken back; when that was, on its
    /// clock.
    TakenBack(Timestamp),
    /// Why it could not be.
    NotTakenBack(String),
    /// Why what was done to the machine cannot have been felt.
    Unfelt(String),
    /// What the move has reached.
    MoveStep(String),
    /// What `status` has to tell is there: everything has moved and the order waits
    /// to be stopped, or a node goes by an old slurm.conf.
    LeftBehind,
    /// The move has ended, well or not.
    Moved(Moved),
    /// Something does not work as it should.
    Trouble(String),
}

/// When a fault happened, on the machine's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Struck {
    /// Just before.
    pub at: Timestamp,
    /// When it had certainly happened.
    pub confirmed: Timestamp,
}

/// How a move ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    /// Whether everything runs on the target now, or what is missing.
    pub result: Result<(), String>,
    /// When that was, on the machine's clock.
    pub at: Timestamp,
    /// What is left in Pacemaker's configuration, with the cure; `None` when
    /// nothing is.
    pub left_over: Option<String>,
}

/// The answer to [`CollectTask`], as the programs printed it. What was not
/// asked for is unknown.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Collected {
    /// Content of the file of marks; empty when no job ran here.
    pub marks: Reading<String>,
    /// Content of the ledger.
    pub ledger: Reading<String>,
    /// `scontrol show job --oneliner`.
    pub scontrol: Reading<String>,
    /// `sacct` with the columns of `slurmha_core::observe::SACCT_FORMAT`.
    pub sacct: Reading<String>,
    /// `journalctl --output=json`.
    pub journal: Reading<String>,
    /// Content of the report of the last takeover; empty when there is none.
    pub takeover: Reading<String>,
    /// Samples, one in JSON on each line; empty when none were kept.
    pub samples: Reading<String>,
}

/// Where jobs leave their marks on a compute node. The user who submits can
/// write there, and it survives a reboot.
pub fn marks_file(run: &str) -> PathBuf {
    PathBuf::from(format!("/var/tmp/slurmha-drill-{run}/marks"))
}

/// Where a controller keeps what its samplers see. In memory: what a machine did before it
/// booted anew is told by what proved that it was dead.
pub fn samples_file(run: &str) -> PathBuf {
    Path::new(RUNTIME_DIRECTORY).join(format!("drill-{run}.samples"))
}

/// Where the client notes each acknowledgement before anything else is done
/// with it.
pub fn ledger_file(run: &str) -> PathBuf {
    PathBuf::from(format!("/var/lib/slurmha/drill/{run}.ledger"))
}
