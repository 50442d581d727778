// SPDX-License-Identifier: Apache-2.0
//! What has to hold, whatever is broken.

use serde::{Deserialize, Serialize};

/// What has to hold. In this order they are reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Invariant {
    /// Every one of several faults happened: else less was tried than is said.
    FaultsHappen,
    /// Requests and submissions are answered again.
    ServiceReturns,
    /// No outage was longer than the scenario allows.
    WithinBudget,
    /// At most one controller could write at any moment.
    OneWriter,
    /// Slurm knows every acknowledged job.
    NoJobLost,
    /// No job ran twice.
    NoJobTwice,
    /// Every job ran to its end.
    JobsEnd,
    /// What users ordered for their jobs was carried out.
    OrdersKept,
    /// No id was given to two jobs.
    NoIdTwice,
    /// No client was refused or left without an answer.
    NoClientSees,
    /// The accounting has every job once, with its times.
    Accounted,
    /// The other controller ran the scheduler, and it stayed there.
    RoleMoves,
    /// Nobody had to move the scheduler, and nobody did.
    RoleStays,
    /// Nothing was promoted before it was safe.
    Waits,
    /// Of two orders one was carried out, and the other refused with the reason.
    OneOrder,
    /// `status` names what is not as it should be, with the cure.
    StatusTells,
    /// What was hit runs and answers again.
    ProcessReturns,
    /// Both controllers have the same data, block by block.
    CopiesAgree,
    /// The cluster is as healthy as before.
    AsBefore,
}

/// How an invariant came out of a drill.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It held.
    Held,
    /// It was violated only by what Slurm had not yet saved.
    WithLoss,
    /// It was violated, or could not be proven.
    Broken,
}

/// One invariant after a drill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judgement {
    /// What had to hold.
    pub invariant: Invariant,
    /// Whether it did.
    pub outcome: Outcome,
    /// What speaks against it, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<String>,
}

impl Invariant {
    pub(super) const ALL: [Self; 19] = [
        Self::FaultsHappen,
        Self::ServiceReturns,
        Self::WithinBudget,
        Self::OneWriter,
        Self::NoJobLost,
        Self::NoJobTwice,
        Self::JobsEnd,
        Self::OrdersKept,
        Self::NoIdTwice,
        Self::NoClientSees,
        Self::Accounted,
        Self::RoleMoves,
        Self::RoleStays,
        Self::Waits,
        Self::OneOrder,
        Self::StatusTells,
        Self::ProcessReturns,
        Self::CopiesAgree,
        Self::AsBefore,
    ];

    /// The sentence that is true when it holds.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::FaultsHappen => "every fault happened",
            Self::ServiceReturns => "requests and submissions are answered again",
            Self::WithinBudget => "no outage was longer than the budget",
            Self::OneWriter => "at most one controller could write at any moment",
            Self::NoJobLost => "Slurm knows every acknowledged job",
            Self::NoJobTwice => "no job ran twice",
            Self::JobsEnd => "every job ran to its end",
            Self::OrdersKept => "what users ordered for their jobs was done",
            Self::NoIdTwice => "no job id was given twice",
            Self::NoClientSees => "no client was refused or left without an answer",
            Self::Accounted => "the accounting has every job once, with its times",
            Self::RoleMoves => "the other controller took over",
            Self::RoleStays => "the scheduler stayed where it was",
            Self::Waits => "nothing was promoted before it was safe",
            Self::OneOrder => {
                "one of two orders was carried out, the other refused with the reason"
            }
            Self::StatusTells => "status names what is not as it should be, and the cure",
            Self::ProcessReturns => "what was hit runs and answers again",
            Self::CopiesAgree => "both controllers have the same data, block by block",
            Self::AsBefore => "the cluster is as healthy as before",
        }
    }
}
