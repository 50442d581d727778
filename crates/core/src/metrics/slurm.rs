// SPDX-License-Identifier: Apache-2.0
//! Slurm's daemons, jobs and compute nodes, from the active controller.

use std::collections::BTreeMap;
use std::time::Duration;

use super::SlurmAnswers;
use super::family::Family;
use crate::observe::{Diagnosis, Health};

/// Signs behind a node's state in sinfo(1), but for `*`: powered down or on
/// the way up or down, in maintenance, to be rebooted, planned for a job.
const SIGNS: [char; 9] = ['~', '#', '!', '%', '$', '@', '^', '-', '+'];
pub(super) const NOT_RESPONDING: &str = "not_responding";
const OTHER: &str = "other";
const NODE_STATES: [&str; 8] =
    ["allocated", "idle", "mixed", "down", "drained", "draining", NOT_RESPONDING, OTHER];

pub(super) fn families(slurm: &SlurmAnswers) -> Vec<Family> {
    let slurmctld = &slurm.slurmctld.answer;
    let mut all = vec![
        Family::gauge("slurmha_slurmctld_up", "Whether slurmctld answers through the VIP.")
            .of(is_up(&slurmctld.ping)),
        Family::gauge("slurmha_slurmdbd_up", "Whether slurmdbd answers a query.")
            .of(is_up(&slurm.slurmdbd.answer)),
        Family::gauge("slurmha_mariadb_up", "Whether MariaDB answers a query here.")
            .of(is_up(&slurm.mariadb.answer)),
    ];
    all.extend(scheduler(slurmctld.diagnosis.known()));
    all.extend(jobs(slurmctld.diagnosis.known()));
    all.push(nodes(slurmctld.nodes.known()));
    all
}

/// What runs elsewhere does not run on the active controller, where it should.
fn is_up(health: &Health) -> Option<bool> {
    match health {
        Health::Up => Some(true),
        Health::Down(_) | Health::Elsewhere => Some(false),
        Health::Unknown(_) => None,
    }
}

fn scheduler(told: Option<&Diagnosis>) -> [Family; 7] {
    let count =
        |name, help, figure: fn(&Diagnosis) -> u64| Family::gauge(name, help).of(told.map(figure));
    let cycle = |name, help, time: fn(&Diagnosis) -> Option<Duration>| {
        Family::gauge(name, help).of(told.and_then(time))
    };
    [
        count(
            "slurmha_slurmctld_server_threads",
            "Threads of slurmctld that answer requests.",
            |told| told.server_threads,
        ),
        count(
            "slurmha_slurmctld_agent_queue",
            "Requests to nodes that wait in slurmctld.",
            |told| told.agent_queue,
        ),
        count(
            "slurmha_slurmctld_dbd_queue",
            "Records in slurmctld that wait for slurmdbd.",
            |told| told.dbd_queue,
        ),
        cycle("slurmha_slurmctld_cycle_last_seconds", "The main scheduler's last pass.", |told| {
            Some(told.cycle_last)
        }),
        cycle(
            "slurmha_slurmctld_cycle_mean_seconds",
            "Mean of the main scheduler's passes since the daily reset.",
            |told| told.cycle_mean,
        ),
        cycle(
            "slurmha_slurmctld_cycle_max_seconds",
            "The main scheduler's longest pass since the daily reset.",
            |told| Some(told.cycle_max),
        ),
        cycle(
            "slurmha_slurmctld_noted_ahead_seconds",
            "How far ahead of its clock slurmctld has noted its last work; it waits until then.",
            |told| Some(told.ahead()),
        ),
    ]
}

fn jobs(told: Option<&Diagnosis>) -> [Family; 6] {
    let total = |name, help, figure: fn(&Diagnosis) -> u64| {
        Family::counter(name, help).of(told.map(figure))
    };
    [
        Family::gauge("slurmha_slurm_jobs", "Jobs, counted by slurmctld every 30 s.")
            .with(&[("state", "pending")], told.map(|told| told.pending))
            .with(&[("state", "running")], told.map(|told| told.running)),
        total("slurmha_slurm_jobs_submitted_total", "Jobs accepted.", |told| told.submitted),
        total("slurmha_slurm_jobs_started_total", "Jobs started.", |told| told.started),
        total("slurmha_slurm_jobs_completed_total", "Jobs that ended.", |told| told.completed),
        total("slurmha_slurm_jobs_failed_total", "Jobs that Slurm itself failed.", |told| {
            told.failed
        }),
        total("slurmha_slurm_jobs_canceled_total", "Jobs canceled.", |told| told.canceled),
    ]
}

fn nodes(states: Option<&BTreeMap<String, u64>>) -> Family {
    let count = |wanted: &str| {
        let of = |states: &BTreeMap<String, u64>| -> u64 {
            states.iter().filter(|(state, _)| class(state) == wanted).map(|(_, n)| n).sum()
        };
        states.map(of)
    };
    Family::gauge("slurmha_slurm_nodes", "Compute nodes, each in one state.").each(
        "state",
        NODE_STATES,
        count,
    )
}

/// In which of [`NODE_STATES`] a node counts, by sinfo's word for it.
///
/// A node that is down or drained and does not respond counts as that: it is
/// known to take no jobs. One that does not respond and is still thought to
/// work is what [`NOT_RESPONDING`] says.
pub(super) fn class(state: &str) -> &'static str {
    let (word, responds) = match state.strip_suffix('*') {
        Some(word) => (word, false),
        None => (state, true),
    };
    let word = word.trim_end_matches(SIGNS);
    let known = NODE_STATES.iter().find(|known| **known == word).copied();
    match known {
        Some(is @ ("down" | "drained" | "draining")) => is,
        _ if !responds => NOT_RESPONDING,
        Some(is) => is,
        None => OTHER,
    }
}

#[cfg(test)]
mod tests {
    use super::class;

    #[test]
    fn every_word_of_sinfo_has_a_class() {
        let cases = [
            ("idle", "idle"),
            ("idle~", "idle"),
            ("idle*", "not_responding"),
            ("mixed-", "mixed"),
            ("allocated+", "allocated"),
            ("allocated*", "not_responding"),
            ("down", "down"),
            ("down*", "down"),
            ("drained*", "drained"),
            ("draining@", "draining"),
            ("completing", "other"),
            ("unknown*", "not_responding"),
            ("reserved", "other"),
            ("other", "other"),
        ];
        for (state, expected) in cases {
            assert_eq!(class(state), expected, "{state}");
        }
    }
}
