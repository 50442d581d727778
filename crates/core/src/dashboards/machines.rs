// SPDX-License-Identifier: Apache-2.0
//! What is short on which machine, and does anybody look?

use super::model::good_below;
use super::words::ANSWERS;
use super::{Dashboard, Panel, Query, Row, Tone, Unit};

pub(super) const DASHBOARD: Dashboard = Dashboard {
    name: "machines",
    title: "Machines",
    about: "What is short on which machine, and does anybody look?",
    rows: &[
        Row { title: "All machines, now", panels: NOW },
        Row { title: "The chosen machines", panels: CHOSEN },
        Row { title: "Those who watch", panels: WATCHING },
    ],
    chooses_machines: true,
};

const NOW: &[Panel] = &[
    Panel {
        title: "Machines",
        about: "Machines of every role whose exporter is asked.",
        queries: &[Query::new("count(up{job=\"node\"})", "")],
        ..Panel::STAT
    },
    Panel {
        title: "Silent machines",
        about: "Their exporter does not answer: off, unreachable, or the exporter alone is down.",
        levels: &good_below(1.0, Tone::Warning),
        queries: &[Query::new("count(up{job=\"node\"} == 0) or vector(0)", "")],
        ..Panel::STAT
    },
    Panel {
        title: "Failed units",
        about: "Units that slurmha looks after and systemd calls failed.",
        levels: &good_below(1.0, Tone::Warning),
        queries: &[Query::new("sum(node_systemd_unit_state{state=\"failed\"})", "")],
        ..Panel::STAT
    },
    Panel {
        title: "Worst clock",
        about: "How far the kernel thinks the worst clock is off. munge refuses what is five minutes \
                off.",
        unit: Unit::Seconds,
        levels: &good_below(1.0, Tone::Warning),
        queries: &[Query::new("max(abs(node_timex_offset_seconds))", "")],
        ..Panel::STAT
    },
    Panel {
        title: "Fullest file system",
        about: "Used part of the fullest local file system of the control plane's machines.",
        unit: Unit::Ratio,
        levels: &good_below(0.9, Tone::Warning),
        queries: &[Query::new(
            "max(1 - node_filesystem_avail_bytes{fstype=~\"ext.|xfs|btrfs\",role!=\"compute\"} / \
             node_filesystem_size_bytes)",
            "",
        )],
        ..Panel::STAT
    },
    Panel {
        title: "Started last",
        about: "When the youngest of the control plane's machines was started.",
        unit: Unit::Moment,
        queries: &[Query::new("max(node_boot_time_seconds{role!=\"compute\"}) * 1000", "")],
        ..Panel::STAT
    },
];

const CHOSEN: &[Panel] = &[
    Panel {
        title: "Who answers",
        about: "Whether the machine's exporter answers.",
        height: 7,
        words: ANSWERS,
        queries: &[Query::new(
            "up{job=\"node\",role=~\"$role\",instance=~\"$machine\"}",
            "{{instance}}",
        )],
        ..Panel::TIMELINE
    },
    Panel {
        title: "Processors",
        about: "The part of their time in which they work.",
        unit: Unit::Ratio,
        queries: &[Query::new(
            "1 - avg by (instance) (rate(node_cpu_seconds_total{mode=\"idle\",role=~\"$role\",\
             instance=~\"$machine\"}[$__rate_interval]))",
            "{{instance}}",
        )],
        ..Panel::COMMON
    },
    Panel {
        title: "Memory in use",
        about: "What programs could not get any more without swapping.",
        unit: Unit::Ratio,
        queries: &[Query::new(
            "1 - node_memory_MemAvailable_bytes{role=~\"$role\",instance=~\"$machine\"} / \
             node_memory_MemTotal_bytes",
            "{{instance}}",
        )],
        ..Panel::COMMON
    },
    Panel {
        title: "File systems in use",
        about: "Local ones; the replicated volumes are on the dashboard Accounting, too.",
        unit: Unit::Ratio,
        queries: &[Query::new(
            "1 - node_filesystem_avail_bytes{fstype=~\"ext.|xfs|btrfs\",role=~\"$role\",\
             instance=~\"$machine\"} / node_filesystem_size_bytes",
            "{{instance}} {{mountpoint}}",
        )],
        ..Panel::COMMON
    },
    Panel {
        title: "Busiest disk",
        about: "The part of the time in which the machine's busiest disk had something to do.",
        unit: Unit::Ratio,
        queries: &[Query::new(
            "max by (instance) (rate(node_disk_io_time_seconds_total{role=~\"$role\",\
             instance=~\"$machine\"}[$__rate_interval]))",
            "{{instance}}",
        )],
        ..Panel::COMMON
    },
    Panel {
        title: "Received and sent",
        about: "On all interfaces but the machine's own loop.",
        unit: Unit::BytesPerSecond,
        queries: &[
            Query::new(
                "sum by (instance) (rate(node_network_receive_bytes_total{device!=\"lo\",\
                 role=~\"$role\",instance=~\"$machine\"}[$__rate_interval]))",
                "{{instance}} received",
            ),
            Query::new(
                "sum by (instance) (rate(node_network_transmit_bytes_total{device!=\"lo\",\
                 role=~\"$role\",instance=~\"$machine\"}[$__rate_interval]))",
                "{{instance}} sent",
            ),
        ],
        ..Panel::COMMON
    },
    Panel {
        title: "Clocks",
        about: "How far the kernel thinks that each is off.",
        unit: Unit::Seconds,
        queries: &[Query::new(
            "node_timex_offset_seconds{role=~\"$role\",instance=~\"$machine\"}",
            "{{instance}}",
        )],
        ..Panel::COMMON
    },
];

const WATCHING: &[Panel] = &[
    Panel {
        title: "What the controllers' exporters could read",
        about: "Where a part could not be read its values are unknown, and no alert about them fires.",
        height: 11,
        words: ANSWERS,
        queries: &[Query::new("slurmha_collector_up", "{{instance}} {{collector}}")],
        ..Panel::TIMELINE
    },
    Panel {
        title: "Time to read it",
        about: "How long each part's last round took.",
        unit: Unit::Seconds,
        queries: &[Query::new("slurmha_collector_duration_seconds", "{{instance}} {{collector}}")],
        ..Panel::COMMON
    },
    Panel {
        title: "Watchers and monitoring",
        about: "slurmha-watch.service on the controllers, which notices daemons that hang; \
                Prometheus and Alertmanager.",
        view: super::View::Timeline,
        words: ANSWERS,
        queries: &[
            Query::new("slurmha_watch_running", "{{instance}} watcher"),
            Query::new("up{job=~\"prometheus|alertmanager\"}", "{{instance}} {{job}}"),
        ],
        ..Panel::COMMON
    },
    Panel {
        title: "Notifications that failed",
        about: "Alerts that Alertmanager could not deliver, per minute: people are not told.",
        queries: &[Query::new(
            "60 * sum by (instance, integration) \
             (rate(alertmanager_notifications_failed_total[$__rate_interval]))",
            "{{instance}} by {{integration}}",
        )],
        ..Panel::COMMON
    },
    Panel {
        title: "Series in Prometheus",
        about: "What Prometheus keeps in memory; it grows with the machines.",
        queries: &[Query::new("prometheus_tsdb_head_series", "{{instance}}")],
        ..Panel::COMMON
    },
];
