// SPDX-License-Identifier: Apache-2.0
//! Do jobs get through, and what does slurmctld wait for?

use super::model::good_below;
use super::overview::{JOBS, NODES, NODES_IN_SERVICE};
use super::words::ANSWERS;
use super::{Dashboard, Panel, Query, Row, Tone, Unit};

pub(super) const DASHBOARD: Dashboard = Dashboard {
    name: "scheduler",
    title: "Scheduler",
    about: "Do jobs get through, and what does slurmctld wait for?",
    rows: &[
        Row { title: "Now", panels: NOW },
        Row { title: "Jobs and nodes", panels: JOBS_AND_NODES },
        Row { title: "slurmctld", panels: SLURMCTLD },
    ],
    chooses_machines: false,
};

const NOW: &[Panel] = &[
    Panel {
        title: "Scheduler",
        about: "Whether slurmctld answers through the VIP.",
        words: ANSWERS,
        queries: &[Query::new("max(slurmha_slurmctld_up)", "")],
        ..Panel::STAT
    },
    Panel {
        title: "Running jobs",
        about: "Slurm counts every 30 s.",
        queries: &[Query::new("max(slurmha_slurm_jobs{state=\"running\"})", "")],
        ..Panel::STAT
    },
    Panel {
        title: "Pending jobs",
        about: "An array counts as many as its tasks.",
        queries: &[Query::new("max(slurmha_slurm_jobs{state=\"pending\"})", "")],
        ..Panel::STAT
    },
    NODES_IN_SERVICE,
    Panel {
        title: "Saved state is old by",
        about: "What came since is in memory alone, and a failover loses it. Slurm saves a few \
                seconds after something has changed.",
        unit: Unit::Seconds,
        levels: &good_below(600.0, Tone::Bad),
        queries: &[Query::new("max(slurmha_slurmctld_saved_state_age_seconds)", "")],
        ..Panel::STAT
    },
    Panel {
        title: "Threads",
        about: "Threads that answer requests; 256 is Slurm's limit. `sdiag` says who asks for what.",
        levels: &good_below(200.0, Tone::Bad),
        queries: &[Query::new("max(slurmha_slurmctld_server_threads)", "")],
        ..Panel::STAT
    },
];

const JOBS_AND_NODES: &[Panel] = &[
    JOBS,
    NODES,
    Panel {
        title: "Jobs per minute",
        about: "What was accepted, began and came to an end. Slurm counts from 0 again at each start \
                and at midnight.",
        width: 24,
        queries: &[
            Query::new(
                "60 * sum(rate(slurmha_slurm_jobs_submitted_total[$__rate_interval]))",
                "submitted",
            ),
            Query::new(
                "60 * sum(rate(slurmha_slurm_jobs_started_total[$__rate_interval]))",
                "started",
            ),
            Query::new(
                "60 * sum(rate(slurmha_slurm_jobs_completed_total[$__rate_interval]))",
                "completed",
            ),
            Query::new(
                "60 * sum(rate(slurmha_slurm_jobs_failed_total[$__rate_interval]))",
                "failed by Slurm",
            ),
            Query::new(
                "60 * sum(rate(slurmha_slurm_jobs_canceled_total[$__rate_interval]))",
                "canceled",
            ),
        ],
        ..Panel::COMMON
    },
];

const SLURMCTLD: &[Panel] = &[
    Panel {
        title: "Scheduling cycle",
        about: "How long a pass of the main scheduler takes; requests wait meanwhile.",
        unit: Unit::Seconds,
        queries: &[
            Query::new("max(slurmha_slurmctld_cycle_last_seconds)", "last"),
            Query::new("max(slurmha_slurmctld_cycle_mean_seconds)", "mean"),
            Query::new("max(slurmha_slurmctld_cycle_max_seconds)", "longest"),
        ],
        ..Panel::COMMON
    },
    Panel {
        title: "Requests",
        about: "Threads that answer clients, and messages to nodes that wait.",
        levels: &good_below(200.0, Tone::Bad),
        queries: &[
            Query::new("max(slurmha_slurmctld_server_threads)", "threads"),
            Query::new("max(slurmha_slurmctld_agent_queue)", "messages to nodes"),
        ],
        ..Panel::COMMON
    },
    Panel {
        title: "Age of the saved state",
        about: "It climbs while nothing changes, and falls when Slurm saves.",
        width: 24,
        unit: Unit::Seconds,
        levels: &good_below(600.0, Tone::Bad),
        queries: &[Query::new("max(slurmha_slurmctld_saved_state_age_seconds)", "saved state")],
        ..Panel::COMMON
    },
];
