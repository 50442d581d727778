// SPDX-License-Identifier: Apache-2.0
//! Are records written, and is there room for them?

use super::model::{good_below, good_from};
use super::words::ANSWERS;
use super::{Dashboard, Panel, Query, Row, Tone, Unit};

pub(super) const DASHBOARD: Dashboard = Dashboard {
    name: "accounting",
    title: "Accounting",
    about: "Are records written, and is there room for them?",
    rows: &[
        Row { title: "Now", panels: NOW },
        Row { title: "What happened", panels: HAPPENED },
        Row { title: "Replicated volumes", panels: VOLUMES },
    ],
    chooses_machines: false,
};

/// The room that is left on each volume, as a part of it.
const LEFT: &str = "max by (volume) (slurmha_volume_available_bytes / slurmha_volume_size_bytes)";

const NOW: &[Panel] = &[
    Panel {
        title: "slurmdbd",
        about: "Whether it answers a query.",
        words: ANSWERS,
        queries: &[Query::new("max(slurmha_slurmdbd_up)", "")],
        ..Panel::STAT
    },
    Panel {
        title: "MariaDB",
        about: "Whether it answers a query.",
        words: ANSWERS,
        queries: &[Query::new("max(slurmha_mariadb_up)", "")],
        ..Panel::STAT
    },
    Panel {
        title: "Records that wait",
        about: "In slurmctld, for slurmdbd. At MaxDBDMsgs, 10000 or more, some are thrown away.",
        levels: &good_below(5000.0, Tone::Bad),
        queries: &[Query::new("max(slurmha_slurmctld_dbd_queue)", "")],
        ..Panel::STAT
    },
    Panel {
        title: "Room left",
        about: "On each replicated volume. A full one stops slurmctld or MariaDB.",
        width: 12,
        unit: Unit::Ratio,
        levels: &good_from(0.1, Tone::Warning),
        queries: &[Query::new(LEFT, "{{volume}}")],
        ..Panel::STAT
    },
];

const HAPPENED: &[Panel] = &[
    Panel {
        title: "Who answers",
        about: "Whichever controller it runs on. After a takeover slurmdbd may come later than the \
                scheduler, which does not wait for it.",
        words: ANSWERS,
        queries: &[
            Query::new("max(slurmha_slurmdbd_up)", "slurmdbd"),
            Query::new("max(slurmha_mariadb_up)", "MariaDB"),
        ],
        ..Panel::TIMELINE
    },
    Panel {
        title: "Records that wait",
        about: "They are sent when slurmdbd answers again: the queue has to shrink then.",
        width: 24,
        levels: &good_below(5000.0, Tone::Bad),
        queries: &[Query::new("max(slurmha_slurmctld_dbd_queue)", "records")],
        ..Panel::COMMON
    },
];

const VOLUMES: &[Panel] = &[
    Panel {
        title: "Room left",
        about: "`slurmdbd.conf(5)`, Purge..., keeps the database from growing for ever.",
        unit: Unit::Ratio,
        queries: &[Query::new(LEFT, "{{volume}}")],
        ..Panel::COMMON
    },
    Panel {
        title: "Written to the replicated disks",
        about: "Each byte crosses the replication link before it counts as written.",
        unit: Unit::BytesPerSecond,
        queries: &[Query::new(
            "rate(node_disk_written_bytes_total{device=~\"drbd.+\"}[$__rate_interval])",
            "{{instance}} {{device}}",
        )
        .or_nothing("a kernel that counts nothing for DRBD's devices")],
        ..Panel::COMMON
    },
];
