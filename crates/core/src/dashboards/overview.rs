// SPDX-License-Identifier: Apache-2.0
//! Is it well, and what has happened lately?

use super::model::{good_below, good_from};
use super::words::{ACTIVE, ANSWERS};
use super::{Dashboard, Panel, Query, Row, Tone, Unit, View, Word};

pub(super) const DASHBOARD: Dashboard = Dashboard {
    name: "overview",
    title: "Overview",
    about: "Is it well, and what has happened lately?",
    rows: &[
        Row { title: "Now", panels: NOW },
        Row { title: "What happened", panels: HAPPENED },
        Row { title: "Work", panels: WORK },
        Row { title: "Alerts", panels: &[ALERTS] },
    ],
    chooses_machines: false,
};

const NOW: &[Panel] = &[
    Panel {
        title: "Alerts",
        about: "Alerts that fire, information left out. `slurmha runbook NAME` says what to do.",
        levels: &good_below(1.0, Tone::Bad),
        queries: &[Query::new(
            "count(ALERTS{alertstate=\"firing\",severity!=\"info\"}) or vector(0)",
            "",
        )],
        ..Panel::STAT
    },
    Panel {
        title: "Scheduler",
        about: "Whether slurmctld answers through the VIP. When not, nobody can submit; jobs that \
                run go on.",
        words: ANSWERS,
        queries: &[Query::new("max(slurmha_slurmctld_up)", "")],
        ..Panel::STAT
    },
    Panel {
        title: "Accounting",
        about: "Whether slurmdbd answers. When not, records wait in slurmctld.",
        words: ANSWERS,
        queries: &[Query::new("max(slurmha_slurmdbd_up)", "")],
        ..Panel::STAT
    },
    Panel {
        title: "Active controllers",
        about: "On how many DRBD is Primary. During a failover it is nobody for seconds.",
        words: &[
            Word::new(0, "nobody", Tone::Bad),
            Word::new(1, "one", Tone::Good),
            Word::new(2, "both", Tone::Bad),
        ],
        queries: &[Query::new("sum(slurmha_active)", "")],
        ..Panel::STAT
    },
    Panel {
        title: "Copies of the state",
        about: "Two when both controllers are connected and UpToDate. With one, the next failure \
                is an outage.",
        words: &[Word::new(0, "one", Tone::Warning), Word::new(1, "two", Tone::Good)],
        queries: &[Query::new(
            "floor(avg(slurmha_drbd_disk{state=\"UpToDate\"}) * \
             avg(slurmha_drbd_connection{state=\"Connected\"}))",
            "",
        )],
        ..Panel::STAT
    },
    NODES_IN_SERVICE,
];

/// It stands on two dashboards.
pub(super) const NODES_IN_SERVICE: Panel = Panel {
    title: "Nodes in service",
    about: "Compute nodes that run jobs or could.",
    unit: Unit::Ratio,
    levels: &good_from(0.9, Tone::Warning),
    queries: &[Query::new(IN_SERVICE, "")],
    ..Panel::STAT
};

/// The part of the compute nodes that are in service.
const IN_SERVICE: &str =
    "sum(slurmha_slurm_nodes{state=~\"allocated|idle|mixed\"}) / sum(slurmha_slurm_nodes)";

/// Who is active, over time.
pub(super) const WHO_IS_ACTIVE: Panel = Panel {
    title: "Who is active",
    about: "A failover is where the bars change places. Where a bar ends the controller says \
            nothing: it is off, or unreachable.",
    words: ACTIVE,
    queries: &[Query::new("slurmha_active", "{{instance}}")],
    ..Panel::TIMELINE
};

const HAPPENED: &[Panel] = &[
    WHO_IS_ACTIVE,
    Panel {
        title: "What users notice",
        about: "Whether anybody answers, whichever controller it is.",
        height: 6,
        words: ANSWERS,
        queries: &[
            Query::new("max(slurmha_slurmctld_up)", "scheduler"),
            Query::new("max(slurmha_slurmdbd_up)", "accounting"),
            Query::new("max(slurmha_mariadb_up)", "database"),
            Query::new("max(slurmha_vip_present)", "VIP"),
        ],
        ..Panel::TIMELINE
    },
];

/// Jobs, over time.
pub(super) const JOBS: Panel = Panel {
    title: "Jobs",
    about: "Pending (an array as many as its tasks) and running. Slurm counts every 30 s.",
    queries: &[Query::new("max by (state) (slurmha_slurm_jobs)", "{{state}}")],
    ..Panel::COMMON
};

/// Compute nodes by state, over time.
pub(super) const NODES: Panel = Panel {
    title: "Compute nodes",
    about: "Each node is in one state. After a takeover nodes do not respond until they have \
            registered.",
    view: View::Stack,
    queries: &[Query::new("max by (state) (slurmha_slurm_nodes)", "{{state}}")],
    ..Panel::COMMON
};

const WORK: &[Panel] = &[JOBS, NODES];

const ALERTS: Panel = Panel {
    title: "Alerts that fire",
    about: "What they mean and what to type: `slurmha runbook NAME`.",
    view: View::Alerts,
    width: 24,
    queries: &[Query::new("ALERTS{alertstate=\"firing\",alertname!=\"SlurmhaWatchdog\"}", "")
        .or_nothing("no alert fires")],
    empty: "no alert",
    ..Panel::COMMON
};
