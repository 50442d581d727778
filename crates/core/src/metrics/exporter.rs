// SPDX-License-Identifier: Apache-2.0
//! The exporter about itself: what it is, and how its questions went.

use super::family::Family;
use super::{Answer, Collected, Snapshot};

pub(super) fn families(snapshot: &Snapshot) -> Vec<Family> {
    let collectors = collectors(snapshot);
    let mut up =
        Family::gauge("slurmha_collector_up", "Whether all was read in this part's last round.");
    let mut success = Family::gauge(
        "slurmha_collector_last_success_timestamp_seconds",
        "When all of this part was read last; 0 for never.",
    );
    let mut duration = Family::gauge(
        "slurmha_collector_duration_seconds",
        "How long this part's last round took.",
    );
    for Collector { name, is_up, last_success, seconds } in collectors {
        let labels = [("collector", name)];
        up = up.with(&labels, is_up);
        success = success.with(&labels, last_success);
        duration = duration.with(&labels, seconds);
    }
    let version = [("version", snapshot.version.as_str())];
    vec![
        Family::gauge("slurmha_build_info", "The exporter's version.").with(&version, true),
        up,
        success,
        duration,
    ]
}

struct Collector {
    name: &'static str,
    is_up: bool,
    last_success: f64,
    seconds: f64,
}

impl Collector {
    fn new<T: Answer>(name: &'static str, collected: &Collected<T>) -> Self {
        let last_success = collected.last_success.map_or(0.0, |at| at.as_second() as f64);
        Self {
            name,
            is_up: collected.answer.trouble().is_none(),
            last_success,
            seconds: collected.duration.map_or(f64::NAN, |time| time.as_secs_f64()),
        }
    }
}

fn collectors(snapshot: &Snapshot) -> Vec<Collector> {
    let mut all = vec![
        Collector::new("pacemaker", &snapshot.pacemaker),
        Collector::new("corosync", &snapshot.corosync),
        Collector::new("drbd", &snapshot.drbd),
        Collector::new("machine", &snapshot.machine),
        Collector::new("volumes", &snapshot.volumes),
        Collector::new("takeover", &snapshot.takeover),
        Collector::new("drills", &snapshot.drills),
        Collector::new("settings", &snapshot.settings),
    ];
    if let Some(slurm) = &snapshot.slurm {
        all.push(Collector::new("slurmctld", &slurm.slurmctld));
        all.push(Collector::new("slurmdbd", &slurm.slurmdbd));
        all.push(Collector::new("mariadb", &slurm.mariadb));
    }
    all
}
