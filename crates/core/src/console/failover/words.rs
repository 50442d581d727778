// SPDX-License-Identifier: Apache-2.0
//! A failover in sentences.

use std::collections::BTreeSet;

use jiff::SignedDuration;

use super::{Failover, LOSS, Phase};
use crate::render::cib::id;

pub(super) fn title(failover: &Failover) -> String {
    let lost = failover.lost.join(" and ");
    let over = failover.ended.is_some();
    let parts = named(failover, over);
    match (lost.is_empty(), failover.new_place(), over) {
        (false, Some(to), true) => format!("{lost} was lost, {to} took over"),
        (false, Some(to), false) => format!("{lost} is lost, {to} takes over"),
        (false, None, _) if parts.is_empty() => format!("{lost} was lost, the rest served on"),
        (false, None, _) => format!("{lost} is lost"),
        (true, Some(to), _) => {
            let from = failover.from.as_deref().unwrap_or_default();
            format!("{} from {from} to {to}", if over { "moved" } else { "moves" })
        }
        (true, None, _) if parts.is_empty() => "a fence".to_owned(),
        (true, None, true) => format!("{} was restarted", parts.join(", ")),
        (true, None, false) => format!("{} is away", parts.join(", ")),
    }
}

/// The parts that were away, each once; of one that is not over those that still are.
fn named(failover: &Failover, over: bool) -> Vec<&str> {
    let still_away = failover.phases.iter().filter(|phase| phase.ended.is_none());
    let mut parts: Vec<&str> = still_away.filter_map(part_name).collect();
    if over || parts.is_empty() {
        parts = failover.parts().collect();
    }
    let mut seen = BTreeSet::new();
    parts.retain(|part| seen.insert(*part));
    parts
}

fn part_name(phase: &Phase) -> Option<&str> {
    phase.name.strip_suffix(" away").or_else(|| phase.name.strip_suffix(" not promoted"))
}

impl Failover {
    /// Where the scheduler is now, if it has moved.
    pub(super) fn new_place(&self) -> Option<&str> {
        match (&self.from, &self.to) {
            (Some(from), Some(to)) if from != to => Some(to),
            _ => None,
        }
    }

    /// The parts that were away, by their names.
    pub(super) fn parts(&self) -> impl Iterator<Item = &str> {
        self.phases.iter().filter_map(part_name)
    }

    /// What users notice: for how long there was no scheduler. Zero when it was
    /// not affected; `None` while it is away.
    pub fn without_scheduler(&self) -> Option<SignedDuration> {
        let mut away = SignedDuration::ZERO;
        let mut seen = false;
        for phase in self.phases.iter().filter(|phase| phase.id == id::SLURMCTLD) {
            away += phase.ended?.duration_since(phase.began);
            seen = true;
        }
        // It dies with its machine, and that is noticed later.
        let first = self.phases.iter().find(|phase| phase.id.starts_with(LOSS));
        let died_with_it = self.from.as_ref().is_some_and(|from| self.lost.contains(from));
        if let Some(loss) = first.filter(|_| died_with_it && seen) {
            away += loss.ended.unwrap_or(loss.began).duration_since(loss.began);
        }
        Some(away)
    }

    fn touched_scheduler(&self) -> bool {
        self.phases.iter().any(|phase| phase.id == id::SLURMCTLD)
    }
}

/// What users notice: the time without a scheduler.
pub(super) fn cost(failover: &Failover) -> String {
    match failover.without_scheduler() {
        Some(away) if failover.touched_scheduler() => {
            format!("scheduler away for {:.1} s", away.as_secs_f64())
        }
        Some(_) if failover.ended.is_some() => "the scheduler was not affected".to_owned(),
        _ => String::new(),
    }
}
