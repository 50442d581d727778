// SPDX-License-Identifier: Apache-2.0
//! What the page shows at one moment.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::action::{Action, Offers, Refusal, refusal};
use super::deed::Deed;
use crate::site::Site;
use crate::status::{Problem, Status, Verdict};
use crate::switchover::View;

impl Picture {
    /// Why this action would not be safe now; nothing when it may be asked for.
    pub fn refusal(&self, site: &Site, action: &Action) -> Option<Refusal> {
        let Some(status) = &self.status else { return Some(Refusal::unknown()) };
        refusal(site, status, View::Whole, action)
    }
}

/// What the page shows at one moment. Times are milliseconds since 1970.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Picture {
    /// The cluster's name.
    pub cluster: String,
    /// The console's clock.
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
    pub at: Timestamp,
    /// All of it in one word, as `slurmha status` says it.
    pub verdict: Verdict,
    /// The same in a sentence.
    pub headline: Fact,
    /// What is not as it should be, worst first.
    pub problems: Vec<Problem>,
    /// The controllers, in the order of the site file.
    pub controllers: [Controller; 2],
    /// The third vote, if the site has one.
    pub arbiter: Option<Arbiter>,
    /// The networks between the controllers.
    pub links: Vec<Link>,
    /// The address that moves.
    pub vip: Vip,
    /// Votes.
    pub quorum: Fact,
    /// DRBD's connection.
    pub connection: Fact,
    /// DRBD's volumes.
    pub volumes: Vec<Volume>,
    /// What runs on the active controller, in the order in which it starts.
    pub parts: Vec<Part>,
    /// The latest fence of each controller.
    pub fences: BTreeMap<String, Fact>,
    /// Whether fencing is on.
    pub fencing: Fact,
    /// The scheduler and its figures.
    pub scheduler: Scheduler,
    /// What Pacemaker remembers to have done; `None` when it could not be
    /// asked. The page is shown what becomes of it, the failovers.
    #[serde(skip)]
    pub deeds: Option<Vec<Deed>>,
    /// What can be done from the page; `None` where that is nothing.
    pub actions: Option<Offers>,
    /// What the offers were made from.
    #[serde(skip)]
    pub status: Option<Status>,
}

/// What a word means, for its shape and colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tone {
    /// As it should be.
    Good,
    /// Under way, or worth knowing.
    Notice,
    /// Not as it should be.
    Warning,
    /// Broken.
    Bad,
    /// Could not be told.
    #[default]
    Unknown,
}

/// A word about something, and what it means.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Fact {
    /// What it means.
    pub tone: Tone,
    /// The word.
    pub text: String,
}

impl Fact {
    pub(super) fn new(tone: Tone, text: impl Into<String>) -> Self {
        Self { tone, text: text.into() }
    }

    pub(super) fn unknown() -> Self {
        Self::new(Tone::Unknown, "not known")
    }
}

/// One controller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Controller {
    /// Host name.
    pub name: String,
    /// Address in the cluster network.
    pub address: String,
    /// Whether it tells the console anything.
    pub contact: Contact,
    /// When it was heard last.
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::optional")]
    pub heard_at: Option<Timestamp>,
    /// Since when it says nothing.
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::optional")]
    pub silent_since: Option<Timestamp>,
    /// What Pacemaker says about it.
    pub member: Fact,
    /// Whether it is no member any more, in order or not; `None` when nobody
    /// tells.
    pub is_gone: Option<bool>,
    /// Whether its power is being cut, or waits to be.
    pub is_being_fenced: bool,
    /// What it is for: active, passive, or not known.
    pub role: Fact,
    /// Whether the scheduler runs there, or should.
    pub is_active: bool,
    /// What else is to be said.
    pub remarks: Vec<Fact>,
}

/// Whether a controller tells the console anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Contact {
    /// It does.
    Heard,
    /// It did, and no longer does. That alone does not mean that it is down.
    Silent,
    /// It has never said anything to this console.
    Never,
}

/// The third vote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Arbiter {
    /// Host name.
    pub name: String,
    /// Whether it votes.
    pub vote: Fact,
}

/// One network between the controllers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Link {
    /// Its name.
    pub name: String,
    /// Whether both sides answer each other on it.
    pub state: Fact,
    /// Mean time of an answer, in milliseconds.
    pub latency_ms: Option<u64>,
}

/// The address that moves with the scheduler.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Vip {
    /// The address.
    pub address: String,
    /// The controllers that have it on an interface, by their own word.
    pub holders: Vec<String>,
    /// Where it is.
    pub state: Fact,
}

/// One DRBD volume.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Volume {
    /// What it holds.
    pub name: String,
    /// Both copies, in the order of the controllers.
    pub sides: [Side; 2],
    /// Percentage in sync, 100 when no resync runs and nothing is missing.
    pub in_sync_percent: Option<f64>,
    /// Bytes on which the copies do not agree.
    pub out_of_sync_bytes: Option<u64>,
    /// All of it in a word.
    pub state: Fact,
    /// How full its file system is, in percent.
    pub full_percent: Option<u64>,
}

/// One copy of a volume.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Side {
    /// On which controller.
    pub controller: String,
    /// DRBD's word for its disk.
    pub disk: Fact,
}

/// Something that runs on the active controller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Part {
    /// Pacemaker's resource.
    pub id: String,
    /// What it is, in plain words.
    pub name: String,
    /// Whether it works.
    pub state: PartState,
    /// Where it is, or was last.
    pub place: Option<String>,
    /// The same in words.
    pub fact: Fact,
}

/// Whether a part of the control plane works, as Pacemaker has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PartState {
    /// It runs on a controller that takes part.
    Up,
    /// It is being started, stopped or moved.
    Moving,
    /// It runs nowhere, or on a controller that is lost.
    Down,
    /// Pacemaker could not be asked.
    Unknown,
}

/// The scheduler and its figures.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Scheduler {
    /// Whether slurmctld answers.
    pub slurmctld: Fact,
    /// Whether slurmdbd answers.
    pub slurmdbd: Fact,
    /// Whether MariaDB answers.
    pub mariadb: Fact,
    /// Jobs that run.
    pub running: Option<u64>,
    /// Jobs that wait.
    pub pending: Option<u64>,
    /// Threads that answer requests.
    pub threads: Option<u64>,
    /// Records that wait for slurmdbd.
    pub records_waiting: Option<u64>,
    /// How long ago the jobs were saved, in seconds.
    pub saved_ago_s: Option<u64>,
    /// Compute nodes by state, each with what the state means.
    pub nodes: Vec<(String, u64, Tone)>,
}
