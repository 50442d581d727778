// SPDX-License-Identifier: Apache-2.0
//! Who took over from whom, why, and could it happen again?

use super::overview::WHO_IS_ACTIVE;
use super::{Dashboard, Expression, Panel, Query, Row, Tone, Unit, Word};

pub(super) const DASHBOARD: Dashboard = Dashboard {
    name: "failover",
    title: "Failover and replication",
    about: "Who took over from whom, why, and could it happen again?",
    rows: &[
        Row { title: "Who serves", panels: WHO },
        Row { title: "What it cost, and when it was rehearsed", panels: COST },
        Row { title: "Fencing", panels: FENCING },
        Row { title: "Replication", panels: REPLICATION },
        Row { title: "Membership", panels: MEMBERSHIP },
    ],
    chooses_machines: false,
};

const WHO: &[Panel] = &[
    WHO_IS_ACTIVE,
    Panel {
        title: "Who has the VIP",
        about: "Clients know only this address. It has to be where the active controller is.",
        words: &[Word::new(0, "no", Tone::Aside), Word::new(1, "here", Tone::Good)],
        queries: &[Query::new("slurmha_vip_present", "{{instance}}")],
        ..Panel::TIMELINE
    },
    Panel {
        title: "What Pacemaker thinks of them",
        about: "As the controllers with quorum see it. Unclean: neither in the cluster nor proved \
                dead; nothing is taken over from it until it is fenced.",
        words: &[
            Word::new(1, "online", Tone::Good),
            Word::new(2, "standby", Tone::Warning),
            Word::new(3, "maintenance", Tone::Warning),
            Word::new(4, "pending", Tone::Warning),
            Word::new(5, "unclean", Tone::Bad),
            Word::new(6, "offline", Tone::Bad),
        ],
        queries: &[Query {
            expression: Expression::State {
                metric: "slurmha_pacemaker_node_state",
                label: "state",
                within: "max by (node) \
                         ((#) and on (instance) slurmha_pacemaker_quorate == 1)",
            },
            legend: "{{node}}",
            may_be_empty: None,
        }],
        ..Panel::TIMELINE
    },
    Panel {
        title: "What runs where",
        about: "Each resource of the cluster on each controller, as those with quorum see it: in \
                which order a takeover went, and what it waited for.",
        height: 12,
        words: &[Word::new(0, "no", Tone::Aside), Word::new(1, "runs", Tone::Good)],
        queries: &[Query::new(
            "max by (resource, node) (slurmha_pacemaker_resource_active and on (instance) \
             slurmha_pacemaker_quorate == 1)",
            "{{resource}} on {{node}}",
        )],
        ..Panel::TIMELINE
    },
];

const NEVER: &[Word] = &[Word::new(0, "never", Tone::Good)];

const COST: &[Panel] = &[
    Panel {
        title: "Last failover",
        about: "When each kind began last: a controller was lost, the scheduler moved and both \
                lived, or something was restarted in place. Since the exporters started.",
        width: 8,
        unit: Unit::Moment,
        words: NEVER,
        queries: &[Query::new(
            "max by (kind) (slurmha_failover_last_timestamp_seconds) * 1000",
            "{{kind}}",
        )],
        ..Panel::STAT
    },
    Panel {
        title: "Without scheduler",
        about: "For how long there was none in the last one of each kind, as the controllers have \
                seen it.",
        width: 8,
        unit: Unit::Seconds,
        queries: &[Query::new(
            "max by (kind) (slurmha_failover_last_without_scheduler_seconds)",
            "{{kind}}",
        )],
        ..Panel::STAT
    },
    Panel {
        title: "Last drill",
        about: "When a drill last ended with each verdict: `slurmha drill list`.",
        width: 8,
        unit: Unit::Moment,
        words: NEVER,
        queries: &[Query::new(
            "max by (verdict) (slurmha_drill_last_timestamp_seconds) * 1000",
            "{{verdict}}",
        )],
        ..Panel::STAT
    },
];

const FENCING: &[Panel] = &[
    Panel {
        title: "Fenced last",
        about: "When the power of each was cut last. Pacemaker forgets it when it has been stopped \
                on both.",
        width: 8,
        unit: Unit::Moment,
        words: NEVER,
        queries: &[Query::new(
            "max by (node) (slurmha_pacemaker_fencing_last_success_timestamp_seconds) * 1000",
            "{{node}}",
        )],
        ..Panel::STAT
    },
    Panel {
        title: "Could not be fenced last",
        about: "When that failed last. While it fails nothing is taken over: `slurmha runbook fencing`.",
        width: 8,
        unit: Unit::Moment,
        words: NEVER,
        queries: &[Query::new(
            "max by (node) (slurmha_pacemaker_fencing_last_failure_timestamp_seconds) * 1000",
            "{{node}}",
        )],
        ..Panel::STAT
    },
    Panel {
        title: "Being fenced",
        about: "A fence takes seconds. One that does not end holds the takeover up.",
        width: 8,
        words: &[Word::new(0, "no", Tone::Good), Word::new(1, "now", Tone::Bad)],
        queries: &[Query::new("max by (node) (slurmha_pacemaker_fencing_pending)", "{{node}}")],
        ..Panel::STAT
    },
];

const REPLICATION: &[Panel] = &[
    Panel {
        title: "Role",
        about: "DRBD's role of each. Two Primaries are two writers.",
        width: 12,
        words: &[
            Word::new(1, "Secondary", Tone::Aside),
            Word::new(2, "Primary", Tone::Good),
            Word::new(3, "not up", Tone::Bad).instead_of("Unknown"),
        ],
        queries: &[Query::state("slurmha_drbd_role", "role", "{{instance}}")],
        ..Panel::TIMELINE
    },
    Panel {
        title: "Connection",
        about: "StandAlone does not try again by itself: both sides have data of their own (split \
                brain), or one refuses the other. `slurmha runbook drbd`.",
        width: 12,
        words: &[
            Word::new(1, "Connected", Tone::Good),
            Word::new(2, "Connecting", Tone::Warning),
            Word::new(3, "StandAlone", Tone::Bad),
            Word::new(4, "other", Tone::Warning),
        ],
        queries: &[Query::state("slurmha_drbd_connection", "state", "{{instance}}")],
        ..Panel::TIMELINE
    },
    Panel {
        title: "Disks",
        about: "What each side has of both volumes. Only an UpToDate side can take over.",
        height: 7,
        words: &[
            Word::new(1, "UpToDate", Tone::Good),
            Word::new(2, "Consistent", Tone::Warning),
            Word::new(3, "Inconsistent", Tone::Warning),
            Word::new(4, "Outdated", Tone::Warning),
            Word::new(5, "Diskless", Tone::Bad),
            Word::new(6, "other", Tone::Warning),
        ],
        queries: &[Query::state("slurmha_drbd_disk", "state", "{{instance}} {{volume}}")],
        ..Panel::TIMELINE
    },
    Panel {
        title: "Writes",
        about: "Held back while DRBD waits for the proof that the other side is dead: every write \
                of the control plane hangs. `slurmha runbook fence-peer`.",
        words: &[Word::new(0, "flow", Tone::Good), Word::new(1, "held back", Tone::Bad)],
        queries: &[Query::new("slurmha_drbd_suspended", "{{instance}}")],
        ..Panel::TIMELINE
    },
    Panel {
        title: "Out of sync",
        about: "Data on which the two sides do not agree. It grows while they are apart and shrinks \
                in the resync.",
        unit: Unit::Bytes,
        queries: &[Query::new("slurmha_drbd_out_of_sync_bytes", "{{instance}} {{volume}}")],
        ..Panel::COMMON
    },
    Panel {
        title: "Resync",
        about: "The part that is in sync while a resync runs; 100 % when none runs.",
        unit: Unit::Ratio,
        queries: &[Query::new("slurmha_drbd_resync_ratio", "{{instance}} {{volume}}")],
        ..Panel::COMMON
    },
];

const MEMBERSHIP: &[Panel] = &[
    Panel {
        title: "Quorum",
        about: "A controller in the minority runs nothing.",
        width: 12,
        words: &[Word::new(0, "minority", Tone::Bad), Word::new(1, "quorum", Tone::Good)],
        queries: &[Query::new("slurmha_corosync_quorate", "{{instance}}")],
        ..Panel::TIMELINE
    },
    Panel {
        title: "The arbiter's vote",
        about: "For which side the arbiter votes. Without it, the next loss of a controller is one \
                of quorum.",
        width: 12,
        words: &[Word::new(0, "missing", Tone::Warning), Word::new(1, "for this side", Tone::Good)],
        queries: &[Query::new("slurmha_corosync_qdevice_vote", "{{instance}}")
            .or_nothing("a site without an arbiter")],
        empty: "no arbiter, or unknown",
        ..Panel::TIMELINE
    },
    Panel {
        title: "Links",
        about: "Whether the other controller answers on each of the two links.",
        height: 7,
        words: &[Word::new(0, "down", Tone::Bad), Word::new(1, "up", Tone::Good)],
        queries: &[Query::new(
            "slurmha_corosync_link_connected",
            "{{instance}} to {{node}}, {{link}}",
        )],
        ..Panel::TIMELINE
    },
    Panel {
        title: "Votes",
        about: "Present and expected. Half of them are not enough.",
        queries: &[
            Query::new("slurmha_corosync_votes", "{{instance}}"),
            Query::new("max(slurmha_corosync_expected_votes)", "expected"),
        ],
        ..Panel::COMMON
    },
    Panel {
        title: "Answers on the links",
        about: "Mean time of an answer. A link whose answers take as long as the token is lost soon.",
        unit: Unit::Seconds,
        queries: &[Query::new(
            "slurmha_corosync_link_latency_seconds",
            "{{instance}} to {{node}}, {{link}}",
        )],
        ..Panel::COMMON
    },
];
