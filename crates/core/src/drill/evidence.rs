// SPDX-License-Identifier: Apache-2.0
//! What was seen while a drill ran.
//!
//! Every moment is on the clock of the machine that saw it; only
//! [`Evidence::clocks`] brings them together.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::clock::ClockOffset;
use super::fault::{Daemon, Fault};
use super::held_back::Hastened;
use super::journal::JournalEntry;
use super::judge::signs;
use super::scenario::Scenario;
use super::time::seconds;
use super::work::Work;
use crate::observe::{JobRecord, Reading};
use crate::site::NodeName;
use crate::state_save::Takeover;

/// Everything that was seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// The name of this run; every job's name begins with it.
    pub run: String,
    /// What was done.
    pub scenario: Scenario,
    /// The cluster's name.
    pub cluster_name: String,
    /// The machine that the fault hits, or from which the role moves; of several
    /// faults, that of the [gravest](Scenario::gravest).
    pub victim: NodeName,
    /// The other controller; the active one, where the fault hits none.
    pub survivor: NodeName,
    /// The machine that submitted and asked.
    pub client: NodeName,
    /// Just before the fault (the first of several), on the drill's clock.
    pub cut: Timestamp,
    /// When that fault had certainly happened (the victim or the process was
    /// dead, the move was ordered), on the drill's clock.
    pub cut_confirmed: Timestamp,
    /// When the load was stopped, on the drill's clock.
    pub load_stopped: Timestamp,
    /// How far each machine's clock is from the drill's.
    pub clocks: BTreeMap<NodeName, ClockOffset>,
    /// What became of each `sbatch`, on the client's clock.
    pub submissions: Vec<Submission>,
    /// Turns that were left out because too many submissions waited.
    pub skipped_submissions: u64,
    /// What became of each `scontrol ping`, on the client's clock.
    pub probes: Vec<Probe>,
    /// What became of each question to the accounting, on the client's clock.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accounting_probes: Vec<Probe>,
    /// What each controller was doing, on its own clock.
    pub samples: BTreeMap<NodeName, Vec<Sample>>,
    /// Marks that the jobs left on each compute node.
    pub marks: BTreeMap<NodeName, Reading<Vec<Mark>>>,
    /// The jobs that the scheduler knows in the end.
    pub scheduler_jobs: Reading<Vec<JobRecord>>,
    /// The jobs that the accounting knows in the end.
    pub accounting_jobs: Reading<Vec<JobRecord>>,
    /// The survivor's journal since before the cut.
    pub journal: Reading<Vec<JournalEntry>>,
    /// What slurmctld found at its last start after an unclean end, for each
    /// controller that had one and could tell.
    #[serde(default)]
    pub takeovers: BTreeMap<NodeName, Takeover>,
    /// The victim's, when it stayed alive.
    #[serde(default)]
    pub victim_journal: Reading<Vec<JournalEntry>>,
    /// What became of the process that was hit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process: Option<ProcessFate>,
    /// When the fault was taken back, on the victim's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_back: Option<Timestamp>,
    /// Why what was done to the victim cannot have been felt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unfelt: Option<String>,
    /// When power, or the way to the BMC, was given back, on the drill's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given_back: Option<Timestamp>,
    /// What became of each order to move the role, where there was more than
    /// one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub orders: Vec<OrderFate>,
    /// What `status` told while something was left behind on purpose: each
    /// problem with its cure; `None` when nobody looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_told: Option<Vec<String>>,
    /// Each of several faults, in the order of [`Scenario::faults`]; empty when
    /// there is one, of which the fields above tell.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub strokes: Vec<Stroke>,
    /// Requeued jobs that the drill let start once all was well again, before
    /// Slurm would have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hastened: Vec<Hastened>,
    /// How many KiB differ in the end between the two copies of the data, or why
    /// that is not known; `None` when nobody asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compared: Option<Result<u64, String>>,
    /// For each machine that a fault has to make boot anew, whether it has; one that
    /// did not tell before and after is not named.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub boots: BTreeMap<NodeName, bool>,
    /// What became of the victim afterwards.
    pub aftermath: Aftermath,
    /// Whatever went wrong with the drill itself.
    pub troubles: Vec<String>,
}

/// One of several faults, as it happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stroke {
    /// What was broken.
    pub fault: Fault,
    /// The machine that it hit.
    pub victim: NodeName,
    /// The other controller; the active one, where the fault hits none.
    pub survivor: NodeName,
    /// Just before it, on the drill's clock; `Err` is why it did not happen.
    pub at: Result<Timestamp, String>,
    /// When it had certainly happened, on the drill's clock.
    pub confirmed: Option<Timestamp>,
    /// What became of the process that was hit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process: Option<ProcessFate>,
    /// When it was taken back, on the victim's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_back: Option<Timestamp>,
    /// Why it cannot have been felt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unfelt: Option<String>,
}

impl Evidence {
    /// Every fault as it happened, the first one first.
    pub(super) fn strokes(&self) -> Vec<Stroke> {
        if !self.strokes.is_empty() {
            return self.strokes.clone();
        }
        vec![Stroke {
            fault: self.scenario.fault,
            victim: self.victim.clone(),
            survivor: self.survivor.clone(),
            at: Ok(self.cut),
            confirmed: Some(self.cut_confirmed),
            process: self.process.clone(),
            taken_back: self.taken_back,
            unfelt: self.unfelt.clone(),
        }]
    }

    /// Those that happened.
    pub(super) fn happened(&self) -> Vec<Stroke> {
        self.strokes().into_iter().filter(|stroke| stroke.at.is_ok()).collect()
    }

    /// The fault that says most about who had to do what; it may not have
    /// happened.
    pub(super) fn gravest(&self) -> Stroke {
        let gravest = self.scenario.gravest();
        let mut strokes = self.strokes();
        let index = strokes.iter().position(|stroke| stroke.fault == gravest);
        strokes.swap_remove(index.unwrap_or_default())
    }

    /// When a fault happened, in seconds after the first one.
    pub(super) fn begin_s(&self, stroke: &Stroke) -> f64 {
        stroke.at.as_ref().map_or(0.0, |at| seconds(self.cut, *at))
    }

    /// When it was taken back, in seconds after the first one.
    pub(super) fn end_s(&self, stroke: &Stroke) -> Option<f64> {
        let at = self.on_drill_clock(&stroke.victim, stroke.taken_back?);
        Some(seconds(self.cut, at))
    }

    /// A moment of that machine's clock on the drill's clock. A machine whose
    /// clock was never read is taken to agree.
    pub(super) fn on_drill_clock(&self, machine: &NodeName, there: Timestamp) -> Timestamp {
        self.clocks.get(machine).map_or(there, |offset| offset.apply(there))
    }
}

/// One `sbatch`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Submission {
    /// The job's name, which no other submission has. Slurm can issue an id
    /// twice after a crash, so only the name tells jobs apart.
    pub name: String,
    /// What it asks for.
    #[serde(default, skip_serializing_if = "is_short")]
    pub work: Work,
    /// The name of the job that it waits for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits_for: Option<String>,
    /// When `sbatch` was started.
    pub sent: Timestamp,
    /// What it said; `None` while it has not ended.
    pub answer: Option<Answer>,
    /// What became of what its user ordered next ([`Work::order`]); `None` while
    /// that has not ended, and where the job orders it itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<Ordered>,
}

/// How an order for a job ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ordered {
    /// When it had ended.
    pub at: Timestamp,
    /// Whether Slurm took it, or why not.
    pub result: Result<(), String>,
}

/// How one `sbatch` ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// When it had ended.
    pub at: Timestamp,
    /// The job id that it printed, or why it printed none.
    pub result: Result<u32, String>,
}

impl Submission {
    /// A short job, for which `sbatch` was just started.
    pub fn begun(name: &str, sent: Timestamp) -> Self {
        Self {
            name: name.to_owned(),
            work: Work::Short,
            waits_for: None,
            sent,
            answer: None,
            order: None,
        }
    }

    /// The job id and when it was acknowledged, if it was.
    pub fn acknowledged(&self) -> Option<(u32, Timestamp)> {
        let answer = self.answer.as_ref()?;
        answer.result.as_ref().ok().map(|&id| (id, answer.at))
    }

    /// The names of its jobs.
    pub fn jobs(&self) -> Vec<String> {
        self.work.jobs(&self.name)
    }

    /// Whether this is told later than the other.
    pub fn is_newer_than(&self, other: &Self) -> bool {
        let told = |it: &Self| (it.answer.is_some(), it.order.is_some());
        told(self) >= told(other)
    }
}

fn is_short(work: &Work) -> bool {
    *work == Work::Short
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

/// One `scontrol ping`, or one question to the accounting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    /// When it was started.
    pub sent: Timestamp,
    /// When it had ended.
    pub ended: Timestamp,
    /// Whether it was answered.
    pub answered: bool,
}

/// What a controller was doing at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// When.
    pub at: Timestamp,
    /// What.
    #[serde(flatten)]
    pub state: ControllerState,
}

/// The signs of an active controller. `None` is "could not be told".
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ControllerState {
    /// DRBD's role on this machine, `Primary` or `Secondary`.
    pub drbd_role: Option<String>,
    /// Whether the state volume is mounted.
    pub state_mounted: Option<bool>,
    /// Whether the database volume is mounted.
    pub database_mounted: Option<bool>,
    /// Whether a slurmctld process exists.
    pub slurmctld: Option<bool>,
    /// Whether a slurmdbd process exists.
    pub slurmdbd: Option<bool>,
    /// Whether a mariadbd process exists.
    pub mariadbd: Option<bool>,
    /// Whether the machine holds the VIP.
    pub vip: Option<bool>,
    /// When slurmctld's job table was last saved, on the clock of the machine
    /// that saved it; seen only where the state volume is mounted.
    pub state_saved: Option<Timestamp>,
}

impl ControllerState {
    /// Whether it can be told from this whether the controller could write.
    pub fn tells_whether_it_writes(&self) -> bool {
        signs(self).is_some()
    }

    /// Whether a daemon's process exists. Those that run on both controllers
    /// tell nothing of who is active and are not looked at.
    pub fn runs(&self, daemon: Daemon) -> Option<bool> {
        match daemon {
            Daemon::Slurmctld => self.slurmctld,
            Daemon::Slurmdbd => self.slurmdbd,
            Daemon::Mariadb => self.mariadbd,
            Daemon::Corosync | Daemon::Pacemakerd | Daemon::Munged | Daemon::Qnetd => None,
        }
    }
}

/// One line that a job left on its compute node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The job's name.
    pub name: String,
    /// The id under which it ran.
    pub id: u32,
    /// How often it had been requeued before.
    pub restart: u32,
    /// What it tells.
    pub kind: MarkKind,
    /// When, on the compute node's clock.
    pub at: Timestamp,
    /// What a program of it said that failed, in one line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<String>,
}

/// What a job marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MarkKind {
    /// It began to run.
    Start,
    /// It ran to its end.
    End,
    /// A task of its step ran.
    Task,
    /// Its step (srun(1)) failed, and the script with it.
    StepFailed,
    /// Slurm has taken its order to requeue it.
    Requeue,
}

impl MarkKind {
    /// Whether it is a change of the job, which Slurm saves.
    pub(super) fn is_slurms_to_know(self) -> bool {
        self != Self::StepFailed
    }
}

/// What became of a daemon whose process was hit, as seen on the victim and
/// on its clock.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessFate {
    /// The process that was hit.
    pub pid: u32,
    /// When another one of that name ran there.
    pub restarted: Option<Timestamp>,
    /// When that one answered a real request.
    pub answered: Option<Timestamp>,
    /// Whether the drill itself let the old process go on in the end, because
    /// nobody had ended it.
    pub thawed: bool,
}

/// What became of an order to move the role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OrderFate {
    /// The role moved, and nothing is left of the order.
    Moved,
    /// Nothing was done, and whoever gave it was told why.
    Refused(String),
    /// Anything else.
    Failed(String),
}

/// What became of the victim, and of the cluster, afterwards.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Aftermath {
    /// Whether the victim has its power: back, or all the time.
    pub powered_on: bool,
    /// Whether it was to be left without.
    #[serde(default, skip_serializing_if = "is_false")]
    pub kept_down: bool,
    /// Seconds from power on until it was a full member, with its disks up
    /// to date; `None` when it did not get there within the bound.
    pub rejoined_after_s: Option<f64>,
    /// What the cluster still lacks compared with before; empty when it is
    /// as healthy as before.
    pub lacking: Vec<String>,
}

impl Aftermath {
    /// Whether nothing was to come back: that was asked for. Evidence of before there
    /// was a field for it says so in words.
    pub(super) fn is_left_off(&self) -> bool {
        let says_so = |lack: &String| lack.ends_with("has no power, as was asked for");
        self.kept_down || !self.powered_on && self.lacking.iter().any(says_so)
    }
}

/// Reads the marks that jobs left: lines of
/// `NAME ID RESTARTS start|end|task|step-failed|requeue SECONDS.FRACTION [WHAT WAS SAID]`.
///
/// A line that is cut short or strange is left out and counted: a job can be
/// killed in the middle of it.
pub fn parse_marks(text: &str) -> (Vec<Mark>, usize) {
    let marks: Vec<Option<Mark>> = text.lines().map(parse_mark).collect();
    let strange = marks.iter().filter(|mark| mark.is_none()).count();
    (marks.into_iter().flatten().collect(), strange)
}

fn parse_mark(line: &str) -> Option<Mark> {
    let mut words = line.splitn(6, ' ');
    let [name, id, restart, kind, at] = std::array::from_fn(|_| words.next().unwrap_or_default());
    let kind = match kind {
        "start" => MarkKind::Start,
        "end" => MarkKind::End,
        "task" => MarkKind::Task,
        "step-failed" => MarkKind::StepFailed,
        "requeue" => MarkKind::Requeue,
        _ => return None,
    };
    let at = jiff::SignedDuration::try_from_secs_f64(at.parse().ok()?).ok()?;
    Some(Mark {
        name: name.to_owned(),
        id: id.parse().ok()?,
        restart: restart.parse().ok()?,
        kind,
        at: Timestamp::UNIX_EPOCH.checked_add(at).ok()?,
        said: words.next().map(|said| said.trim().to_owned()).filter(|said| !said.is_empty()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_read_and_broken_ones_counted() {
        let (marks, strange) =
            parse_marks("r-0001 7 0 start 1800000000.250000000\nr-0001 7 0 en\nr-0001 7 0 end x\n");
        assert_eq!(strange, 2);
        assert_eq!(
            marks,
            [Mark {
                name: "r-0001".to_owned(),
                id: 7,
                restart: 0,
                kind: MarkKind::Start,
                at: Timestamp::from_millisecond(1_800_000_000_250).unwrap(),
                said: None,
            }]
        );
    }

    #[test]
    fn what_was_said_is_the_rest_of_the_line() {
        let (marks, strange) =
            parse_marks("r-0001 7 0 step-failed 1800000000.25 srun: error: no \n");
        assert_eq!((marks[0].kind, strange), (MarkKind::StepFailed, 0));
        assert_eq!(marks[0].said.as_deref(), Some("srun: error: no"));
    }
}
