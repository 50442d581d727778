// SPDX-License-Identifier: Apache-2.0
//! A failover in sentences.

use jiff::SignedDuration;

use super::{Failover, LOSS, Phase};
use crate::render::cib::id;

pub(super) fn title(failover: &Failover) -> String {
    let lost = failover.lost.join(" and ");
    let over = failover.ended.is_some();
    let parts: Vec<&str> = failover.phases.iter().filter_map(|phase| part_name(phase)).collect();
    let moved = match (&failover.from, &failover.to) {
        (Some(from), Some(to)) if from != to => Some(to),
        _ => None,
    };
    match (lost.is_empty(), moved, over) {
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

fn part_name(phase: &Phase) -> Option<&str> {
    phase.name.strip_suffix(" away").or_else(|| phase.name.strip_suffix(" not promoted"))
}

/// What users notice: the time without a scheduler.
pub(super) fn cost(failover: &Failover) -> String {
    let mut away = SignedDuration::ZERO;
    let mut seen = false;
    for phase in failover.phases.iter().filter(|phase| phase.id == id::SLURMCTLD) {
        let Some(ended) = phase.ended else { return String::new() };
        away += ended.duration_since(phase.began);
        seen = true;
    }
    // It dies with its machine, and that is noticed later.
    let first = failover.phases.iter().find(|phase| phase.id.starts_with(LOSS));
    let died_with_it = failover.from.as_ref().is_some_and(|from| failover.lost.contains(from));
    if let Some(loss) = first.filter(|_| died_with_it && seen) {
        away += loss.ended.unwrap_or(loss.began).duration_since(loss.began);
    }
    match seen {
        true => format!("scheduler away for {:.1} s", away.as_secs_f64()),
        false if failover.ended.is_some() => "the scheduler was not affected".to_owned(),
        false => String::new(),
    }
}
