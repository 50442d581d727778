// SPDX-License-Identifier: Apache-2.0
//! Slurm's daemons and figures.

use std::collections::BTreeMap;

use super::Seen;
use crate::console::SlurmView;
use crate::console::picture::{Fact, Scheduler, Tone};
use crate::observe::Health;

/// From the controller that asks Slurm. Two that do are a split brain, and
/// told as such; then the first is as good as the other.
pub(super) fn scheduler(seen: &Seen<'_>) -> Scheduler {
    let told = || seen.views.iter().flatten().filter_map(|view| view.slurm.as_ref());
    let answering = told().find(|slurm| slurm.slurmctld == Health::Up);
    let Some(slurm) = answering.or_else(|| told().next()) else {
        let unknown = Fact::unknown;
        return Scheduler {
            slurmctld: unknown(),
            slurmdbd: unknown(),
            mariadb: unknown(),
            ..Scheduler::default()
        };
    };
    let figures = slurm.diagnosis.known();
    Scheduler {
        slurmctld: health(&slurm.slurmctld),
        slurmdbd: health(&slurm.slurmdbd),
        mariadb: health(&slurm.mariadb),
        running: figures.map(|it| it.running),
        pending: figures.map(|it| it.pending),
        threads: figures.map(|it| it.server_threads),
        records_waiting: figures.map(|it| it.dbd_queue),
        saved_ago_s: saved_ago(slurm),
        nodes: slurm.nodes.known().map(nodes).unwrap_or_default(),
    }
}

fn saved_ago(slurm: &SlurmView) -> Option<u64> {
    Some(slurm.saved_state_age.known().copied().flatten()?.as_secs())
}

fn health(health: &Health) -> Fact {
    match health {
        Health::Up => Fact::new(Tone::Good, "answers"),
        Health::Down(_) => Fact::new(Tone::Bad, "does not answer"),
        Health::Unknown(_) => Fact::unknown(),
        Health::Elsewhere => Fact::new(Tone::Notice, "elsewhere"),
    }
}

/// The sign behind a state is Slurm's own: `*` does not respond (sinfo(1)).
fn nodes(states: &BTreeMap<String, u64>) -> Vec<(String, u64, Tone)> {
    states.iter().map(|(state, &count)| (state.clone(), count, tone(state))).collect()
}

fn tone(state: &str) -> Tone {
    let word = state.trim_end_matches(|c: char| !c.is_ascii_alphabetic());
    match word {
        _ if state.ends_with('*') => Tone::Bad,
        "down" | "fail" | "error" => Tone::Bad,
        "drained" | "draining" | "drain" | "maint" | "unknown" => Tone::Warning,
        "idle" | "mixed" | "allocated" | "completing" => Tone::Good,
        _ => Tone::Notice,
    }
}
