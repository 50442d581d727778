// SPDX-License-Identifier: Apache-2.0
//! What happened together, as phases on a line of time.
//!
//! A failover begins when a part of the control plane that worked no longer
//! does, or when a controller is to be fenced. It has ended when every part
//! has worked again, and no fence has been under way, for some seconds. What
//! is not known neither begins nor ends anything.
//!
//! That something was missing is seen; when, Pacemaker often knows better, to
//! the second ([`Deed`](super::Deed)). A phase begins when Pacemaker first
//! noticed or began to stop it, if it has written that down, and ends when
//! Pacemaker had started it, at the latest, or when it was seen to work,
//! whichever is earlier: neither can be before the end. So a phase is shown no
//! shorter than it was, and about a second too long at most. Where the two
//! contradict each other what was seen counts: nothing ended before it began,
//! or later than it was seen to work. What Pacemaker knows nothing about, such
//! as the loss of a machine, has the times of looking.

mod tally;
mod tracker;
mod words;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use self::tally::{FailoverKind, Tally};
pub(super) use self::tracker::Tracker;

/// How the id of the phase begins in which a controller was lost.
const LOSS: &str = "loss-";

/// What happened together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failover {
    /// When the first phase began.
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
    pub began: Timestamp,
    /// When the last phase ended; `None` while it is under way.
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::optional")]
    pub ended: Option<Timestamp>,
    /// What it is, in a sentence.
    pub title: String,
    /// What it cost, in a sentence; empty while that is not known.
    pub cost: String,
    /// Where the scheduler was.
    pub from: Option<String>,
    /// Where the scheduler is.
    pub to: Option<String>,
    /// The controllers that were lost.
    pub lost: Vec<String>,
    /// What was missing, and for how long, in the order in which it began.
    pub phases: Vec<Phase>,
}

/// The time for which something was missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phase {
    /// Its own in a failover, unless the same was missing twice.
    pub id: String,
    /// What it is, in plain words.
    pub name: String,
    /// When it began.
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
    pub began: Timestamp,
    /// When Pacemaker began to start what was missing; `None` when that is
    /// not known. Before, it waited for other parts.
    #[serde(default, with = "jiff::fmt::serde::timestamp::millisecond::optional")]
    pub started: Option<Timestamp>,
    /// When it ended; `None` while it lasts.
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::optional")]
    pub ended: Option<Timestamp>,
}
