// SPDX-License-Identifier: Apache-2.0
//! What a drill proves: the report that is printed and kept.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::evidence::{Aftermath, ProcessFate};
use super::fault::Fault;
use super::invariant::{Invariant, Judgement, Outcome};
use super::phase::{Phase, PhaseTiming};
use super::scenario::Scenario;
use super::time::short;
use crate::site::NodeName;
use crate::state_save::Takeover;

/// The report of one drill. Times named `_s` are seconds; those without
/// another explanation count from the fault, which older words call the cut.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// What was broken; of several faults the first one.
    pub fault: Fault,
    /// What it proves.
    pub verdict: Verdict,
    /// Why the verdict is no plain pass; empty when it is.
    pub reasons: Vec<String>,
    /// What had to hold, and whether it did.
    #[serde(default)]
    pub invariants: Vec<Judgement>,
    /// The cluster's name.
    pub cluster: String,
    /// The machine that the fault hits (the gravest of several), or the
    /// controller from which the role moves.
    pub victim: NodeName,
    /// The other controller.
    pub survivor: NodeName,
    /// The machine that submitted and asked.
    pub client: NodeName,
    /// When the fault happened, on the drill's clock: the zero of all times.
    pub cut: Timestamp,
    /// The name of the run, with which every job's name begins.
    pub run: String,
    /// The longest time, touching the cut or later, in which no submission
    /// was acknowledged: from one acknowledgement to the next. It includes
    /// the ordinary distance between two submissions.
    pub submit_outage_s: f64,
    /// That time as begin and end.
    pub submit_outage: Outage,
    /// The same for answered RPCs (`scontrol ping` through the VIP).
    pub rpc_outage_s: f64,
    /// That time as begin and end.
    pub rpc_outage: Outage,
    /// The same for answers of the accounting (`sacctmgr show cluster`); `None`
    /// when it was not asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accounting_outage: Option<Outage>,
    /// The longest time in which no job began, from one start to the next;
    /// `None` when the jobs' marks could not be read.
    pub start_outage_s: Option<f64>,
    /// That time as begin and end.
    pub start_outage: Option<Outage>,
    /// Where the time went, by phase.
    pub phases: BTreeMap<Phase, PhaseTiming>,
    /// What became of the jobs.
    pub jobs: Jobs,
    /// The largest number of controllers that could write to the state at
    /// the same time; `None` when that could not be told.
    pub writers_max: Option<usize>,
    /// When each controller could write.
    pub writers: BTreeMap<NodeName, Vec<WriterInterval>>,
    /// How old slurmctld's saved job table was when it died, in seconds;
    /// `None` when it was not seen or slurmctld was not hit.
    pub saved_state_age_s: Option<f64>,
    /// What the new slurmctld found and put right; `None` when it found a
    /// clean end, or when that could not be read (then
    /// [`Report::troubles`] says so).
    pub takeover: Option<Takeover>,
    /// What became of the process that was hit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process: Option<ProcessFate>,
    /// When the fault was taken back, in seconds after it began; `None` when
    /// it is of another kind, or ended with the machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_back_s: Option<f64>,
    /// Each of several faults; empty when there is one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub strokes: Vec<StrokeSpan>,
    /// Requeued jobs that the drill let start before Slurm would have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hastened: Vec<HastenedJob>,
    /// What became of the victim and of the cluster.
    pub aftermath: Aftermath,
    /// How the drill was run.
    pub scenario: Scenario,
    /// Whatever went wrong with the drill itself.
    pub troubles: Vec<String>,
}

impl Report {
    /// The fault, and what the scenario's author calls it.
    pub fn title(&self) -> String {
        match &self.scenario.name {
            Some(name) => format!("{name} ({})", self.scenario.fault_names()),
            None => self.scenario.fault_names(),
        }
    }

    /// Whether both copies of the data were compared, and are the same.
    pub(super) fn copies_agree(&self) -> bool {
        let held =
            |it: &Judgement| it.invariant == Invariant::CopiesAgree && it.outcome == Outcome::Held;
        self.invariants.iter().any(held)
    }

    /// What was done, as sentences.
    pub(super) fn sentence(&self) -> String {
        if self.strokes.is_empty() {
            return self.fault.sentence(self.victim.as_str(), self.survivor.as_str());
        }
        let told: Vec<String> = self.strokes.iter().map(StrokeSpan::sentence).collect();
        told.join("; ") + "."
    }
}

/// One of several faults, in seconds after the first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StrokeSpan {
    /// What was broken.
    pub fault: Fault,
    /// The machine that it hit.
    pub victim: NodeName,
    /// When; `None` when it did not happen.
    pub begin_s: Option<f64>,
    /// When it was taken back; `None` when it is of another kind, or ended with
    /// the machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_s: Option<f64>,
    /// Why it did not happen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missed: Option<String>,
}

impl StrokeSpan {
    fn sentence(&self) -> String {
        let (name, victim) = (self.fault.name(), &self.victim);
        match (self.begin_s, self.end_s) {
            (None, _) => format!("no {name} on {victim}"),
            (Some(begin), None) => format!("{name} on {victim} at {} s", short(begin)),
            (Some(begin), Some(end)) => {
                format!("{name} on {victim} from {} to {} s", short(begin), short(end))
            }
        }
    }
}

/// A requeued job that did not have to wait for its time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HastenedJob {
    /// Its name.
    pub name: String,
    /// Its id.
    pub id: u32,
    /// When the drill let it start, in seconds after the fault.
    pub at_s: f64,
    /// How much later Slurm would have, in seconds.
    pub earlier_s: f64,
}

/// What a drill proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Scheduling came back by itself and nothing was lost.
    Pass,
    /// Scheduling came back by itself. Something was lost, but only what
    /// Slurm had acknowledged and not yet saved (see [`super::UNSAVED_WINDOW`]);
    /// each such job is named.
    PassWithLoss,
    /// Anything else, or what happened could not be told.
    Fail,
}

impl Verdict {
    /// All of them, best first.
    pub const ALL: [Self; 3] = [Self::Pass, Self::PassWithLoss, Self::Fail];

    /// The word, as in the JSON report.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::PassWithLoss => "pass-with-loss",
            Self::Fail => "fail",
        }
    }
}

/// A time without service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Outage {
    /// The last sign of life before it, in seconds after the cut (mostly
    /// negative).
    pub start_s: f64,
    /// The first sign of life after it, or the end of the load.
    pub end_s: f64,
    /// Whether there was a sign of life after it.
    pub ended: bool,
}

impl Outage {
    /// How long it lasted.
    pub fn seconds(&self) -> f64 {
        super::time::rounded(self.end_s - self.start_s)
    }
}

/// What became of the jobs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Jobs {
    /// Jobs for which an id was printed; an array has several.
    pub acknowledged: usize,
    /// Acknowledged jobs that Slurm knows in the end.
    pub found: usize,
    /// Acknowledged jobs that Slurm does not know in the end.
    pub lost: Vec<LostJob>,
    /// Jobs that began to run more than once.
    pub duplicated: Vec<DuplicatedJob>,
    /// Jobs that Slurm knows and that did not run to their end.
    pub failed: Vec<FailedJob>,
    /// Names of jobs that had not ended when the drill stopped waiting.
    pub unfinished: Vec<String>,
    /// Names of jobs that exist although `sbatch` did not say so.
    pub unacknowledged: Vec<String>,
    /// Ids that were acknowledged for more than one job.
    pub reused_ids: Vec<ReusedId>,
    /// Submissions that ended with an error.
    pub refused: usize,
    /// One of these errors.
    pub refusal: Option<String>,
    /// Submissions that had no answer when the drill ended.
    pub unanswered: usize,
    /// Turns that were left out because too many submissions waited.
    pub skipped: u64,
    /// What became of what users ordered for their jobs.
    #[serde(default)]
    pub orders: Orders,
    /// Why the counts above cannot be relied on.
    pub unknown: Option<String>,
}

/// Releases, requeues and cancellations, and waiting for another job.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Orders {
    /// Those that Slurm took.
    pub taken: usize,
    /// Those that ended with an error.
    pub refused: usize,
    /// Those that got no answer before the drill ended.
    #[serde(default)]
    pub unanswered: usize,
    /// Those that Slurm took and did not carry out.
    pub lost: Vec<LostOrder>,
    /// Names of jobs that began before the one for which they were to wait had
    /// ended.
    pub early: Vec<String>,
}

/// An order of which Slurm knows nothing any more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LostOrder {
    /// The job's name.
    pub name: String,
    /// `release`, `requeue` or `cancel`.
    pub what: String,
    /// When Slurm took it, in seconds after the cut.
    pub at_s: f64,
    /// Whether that was within Slurm's unsaved window.
    pub unsaved: bool,
}

/// A job that is gone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LostJob {
    /// Its name.
    pub name: String,
    /// The id that `sbatch` printed.
    pub id: u32,
    /// When it did, on the drill's clock.
    pub acknowledged: Timestamp,
    /// The same in seconds after the cut (negative: before).
    pub acknowledged_s: f64,
    /// Whether it left marks on a compute node: it ran, and Slurm forgot it.
    pub ran: bool,
    /// Its state in the accounting, which never ends for such a job.
    pub accounting: Option<String>,
    /// Whether it was acknowledged within Slurm's unsaved window.
    pub unsaved: bool,
}

/// A job that ran more than once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DuplicatedJob {
    /// Its name.
    pub name: String,
    /// The ids under which it ran.
    pub ids: Vec<u32>,
    /// When it began, each time, in seconds after the cut.
    pub starts_s: Vec<f64>,
    /// Whether the run that was repeated began or ended within Slurm's
    /// unsaved window, so that Slurm could not know of it.
    pub unsaved: bool,
}

/// A job that did not run to its end, or of which Slurm thinks so.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FailedJob {
    /// Its name.
    pub name: String,
    /// Its id.
    pub id: u32,
    /// Its last state, such as `FAILED`.
    pub state: String,
    /// When it was acknowledged, in seconds after the cut.
    pub acknowledged_s: f64,
    /// Whether it did run to its end, and Slurm has only forgotten that.
    pub ran: bool,
    /// What its step said, if that is what failed: a srun(1) that no slurmctld
    /// answers gives up after `MessageTimeout` tries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<String>,
    /// Whether it was acknowledged, began or ended within Slurm's unsaved
    /// window.
    pub unsaved: bool,
}

impl FailedJob {
    /// As what it ended, and why, if that is known.
    pub(super) fn end(&self) -> String {
        let said = self.said.as_ref().map(|said| format!(" ({said})")).unwrap_or_default();
        format!("{}{said}", self.state)
    }
}

/// An id that was given to more than one job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReusedId {
    /// The id.
    pub id: u32,
    /// The jobs' names.
    pub names: Vec<String>,
}

/// A time in which a controller could write, in seconds after the cut.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WriterInterval {
    /// First seen as a writer.
    pub start_s: f64,
    /// Seen as no writer any more, or dead, or the end of watching.
    pub end_s: f64,
    /// The signs: `primary`, `mounted`, `slurmctld`.
    pub signs: Vec<String>,
}
