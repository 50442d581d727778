// SPDX-License-Identifier: Apache-2.0
//! What speaks against an invariant, and what all of it comes to.

use crate::drill::evidence::Evidence;
use crate::drill::fault::{Fault, Side};
use crate::drill::invariant::{Invariant, Judgement, Outcome};
use crate::drill::scenario::Budget;
use crate::drill::words::counted;

/// Something that speaks against an invariant.
#[derive(Debug)]
pub(super) struct Finding {
    pub invariant: Invariant,
    pub why: String,
}

/// Jobs that a reason names; the report names all.
const NAMED: usize = 3;

impl Invariant {
    /// Whether the fault, and how the drill ended, allow to ask for it.
    pub(super) fn applies_to(self, evidence: &Evidence) -> bool {
        let scenario = &evidence.scenario;
        match self {
            // A machine says only before its end that it will come, and what takes
            // memory does not always get enough.
            Self::FaultsHappen => {
                let has_proof = |fault: Fault| fault.has_to_boot() || fault.takes_memory();
                !scenario.overlaps.is_empty() || scenario.any(has_proof)
            }
            Self::WithinBudget => scenario.budget != Budget::default(),
            Self::NoClientSees | Self::Accounted | Self::RoleStays => {
                !scenario.any(|fault| !fault.is_behind_the_scheduler())
            }
            Self::OrdersKept => evidence
                .submissions
                .iter()
                .any(|it| it.work.order().is_some() || it.waits_for.is_some()),
            Self::RoleMoves => scenario.any(Fault::must_hand_over),
            Self::Waits => scenario.any(Fault::must_wait),
            Self::OneOrder => scenario.fault == Fault::TwoSwitchovers,
            Self::StatusTells => scenario.to_be_told(&evidence.victim).is_some(),
            Self::ProcessReturns => scenario.any(|fault| matches!(fault, Fault::Process(..))),
            Self::CopiesAgree => scenario.verify,
            // After the loss of the active controller alone the verdict is about
            // what the survivor did; everywhere else the end is part of it.
            Self::AsBefore => {
                let is_about_survivor = scenario.overlaps.is_empty()
                    && scenario.fault == Fault::PowerLoss(Side::Active);
                !is_about_survivor && !evidence.aftermath.is_left_off()
            }
            _ => true,
        }
    }

    pub(super) fn finding(self, why: impl Into<String>) -> Finding {
        Finding { invariant: self, why: why.into() }
    }
}

/// Every invariant that was asked for, with what speaks against it.
pub(super) fn judge(
    evidence: &Evidence,
    failures: &[Finding],
    losses: &[Finding],
) -> Vec<Judgement> {
    let of = |findings: &[Finding], invariant| -> Vec<String> {
        let own = findings.iter().filter(|finding| finding.invariant == invariant);
        own.map(|finding| finding.why.clone()).collect()
    };
    let asked = Invariant::ALL.into_iter().filter(|invariant| invariant.applies_to(evidence));
    asked
        .map(|invariant| {
            let (failures, losses) = (of(failures, invariant), of(losses, invariant));
            let outcome = match (failures.is_empty(), losses.is_empty()) {
                (false, _) => Outcome::Broken,
                (true, false) => Outcome::WithLoss,
                (true, true) => Outcome::Held,
            };
            Judgement { invariant, outcome, findings: [failures, losses].concat() }
        })
        .collect()
}

/// `3 jobs WHAT: a, b, ...`; nothing when there are none.
pub(super) fn listed(
    invariant: Invariant,
    what: &str,
    names: impl Iterator<Item = String>,
) -> Option<Finding> {
    let names: Vec<String> = names.collect();
    if names.is_empty() {
        return None;
    }
    let more = if names.len() > NAMED { ", ..." } else { "" };
    let shown: Vec<&str> = names.iter().take(NAMED).map(String::as_str).collect();
    let why = format!("{} {what}: {}{more}", counted(names.len()), shown.join(", "));
    Some(invariant.finding(why))
}
