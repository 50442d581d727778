// SPDX-License-Identifier: Apache-2.0
//! Who sees whom, and whose vote counts.

use super::{Alert, Severity};

pub(super) const ALERTS: &[Alert] = &[
    Alert {
        name: "SlurmhaQuorumLost",
        failure: "A controller is in the minority",
        severity: Severity::Critical,
        expression: "slurmha_corosync_quorate == 0 or slurmha_pacemaker_quorate == 0",
        summary: "{{ $labels.instance }} has no quorum",
        description: "It stops everything and fences nobody. `corosync-quorumtool -s`: who is \
             missing, the other controller or the arbiter?",
        runbook: "corosync.md#slurmhaquorumlost",
        fires: &[("slurmha_corosync_quorate{instance='ctl1'}", "0")],
        quiet: &[
            ("slurmha_corosync_quorate{instance='ctl1'}", "1"),
            ("slurmha_pacemaker_quorate{instance='ctl1'}", "1"),
        ],
        ..Alert::COMMON
    },
    Alert {
        name: "SlurmhaArbiterVoteMissing",
        failure: "The third vote is missing",
        hold: 120,
        expression: "slurmha_corosync_qdevice_vote == 0",
        summary: "{{ $labels.instance }} does not have the arbiter's vote",
        description: "Losing a controller now loses the quorum. On the arbiter: `systemctl status \
             corosync-qnetd`; on {{ $labels.instance }}: `corosync-qdevice-tool -sv`.",
        runbook: "corosync.md#slurmhaarbitervotemissing",
        fires: &[("slurmha_corosync_qdevice_vote{instance='ctl1'}", "0")],
        quiet: &[("slurmha_corosync_qdevice_vote{instance='ctl1'}", "1")],
        ..Alert::COMMON
    },
    Alert {
        name: "SlurmhaVotesMissing",
        failure: "Votes are missing",
        hold: 300,
        expression: "slurmha_corosync_votes < slurmha_corosync_expected_votes",
        summary: "{{ $labels.instance }} counts too few votes",
        description: "`corosync-quorumtool -s` says whose.",
        runbook: "corosync.md#slurmhavotesmissing",
        follows: &[
            "SlurmhaControllerDown",
            "SlurmhaControllerOffline",
            "SlurmhaArbiterVoteMissing",
        ],
        fires: &[
            ("slurmha_corosync_votes{instance='ctl1'}", "2"),
            ("slurmha_corosync_expected_votes{instance='ctl1'}", "3"),
        ],
        quiet: &[
            ("slurmha_corosync_votes{instance='ctl1'}", "3"),
            ("slurmha_corosync_expected_votes{instance='ctl1'}", "3"),
        ],
        ..Alert::COMMON
    },
    Alert {
        name: "SlurmhaCorosyncLinkDown",
        failure: "One of the two links between the controllers is down",
        expression: "slurmha_corosync_link_connected == 0",
        summary: "The {{ $labels.link }} link from {{ $labels.instance }} to {{ $labels.node }} is \
             down",
        description: "The cluster lives on the other one. `corosync-cfgtool -n`; `ip -statistics \
             link`.",
        runbook: "corosync.md#slurmhacorosynclinkdown",
        follows: &["SlurmhaControllerDown", "SlurmhaControllerOffline"],
        fires: &[(
            "slurmha_corosync_link_connected{link='replication',node='ctl2',instance='ctl1'}",
            "0",
        )],
        quiet: &[(
            "slurmha_corosync_link_connected{link='replication',node='ctl2',instance='ctl1'}",
            "1",
        )],
        ..Alert::COMMON
    },
    // A token of 1000 ms passes each link several times; a twentieth of a second
    // is ten times what a bad switched network needs.
    Alert {
        name: "SlurmhaCorosyncLinkSlow",
        failure: "A link is about to lose the token",
        hold: 300,
        expression: "slurmha_corosync_link_latency_seconds > 0.05",
        summary: "The {{ $labels.link }} link from {{ $labels.instance }} to {{ $labels.node }} \
             takes {{ $value | humanizeDuration }}",
        description: "Longer stalls end in a fence. `ip -statistics link` for errors; who fills \
             the link?",
        runbook: "corosync.md#slurmhacorosynclinkslow",
        fires: &[(
            "slurmha_corosync_link_latency_seconds{link='cluster',node='ctl2',instance='ctl1'}",
            "0.08",
        )],
        quiet: &[(
            "slurmha_corosync_link_latency_seconds{link='cluster',node='ctl2',instance='ctl1'}",
            "0.02",
        )],
        ..Alert::COMMON
    },
    // Three in ten minutes: the machine's own restart, and one cable that is pulled
    // and put back, are one or two.
    Alert {
        name: "SlurmhaCorosyncLinkFlaps",
        failure: "A link comes and goes",
        expression: "increase(slurmha_corosync_link_downs_total[10m]) >= 3",
        summary: "The {{ $labels.link }} link from {{ $labels.instance }} to {{ $labels.node }} \
             comes and goes",
        description: "Alone: `ip -statistics link` for errors and carrier changes; the cable, the \
             switch port. Every link at once: a machine stands still, and `slurmha check` measures \
             for how long.",
        runbook: "corosync.md#slurmhacorosynclinkflaps",
        follows: &["SlurmhaControllerDown", "SlurmhaControllerOffline"],
        fires: &[(
            "slurmha_corosync_link_downs_total{link='cluster',node='ctl2',instance='ctl1'}",
            "1+1x400",
        )],
        quiet: &[(
            "slurmha_corosync_link_downs_total{link='cluster',node='ctl2',instance='ctl1'}",
            "1+0x20 2+0x380",
        )],
        ..Alert::COMMON
    },
    Alert {
        name: "SlurmhaCorosyncTokenLost",
        failure: "The token is late again and again: a fence is near",
        expression: "increase(slurmha_corosync_token_losses_total[10m]) >= 3",
        summary: "{{ $labels.instance }} lost the token {{ $value | humanize }} times in ten \
             minutes",
        description: "A machine or a link stands still for as long as `token`; a little longer is \
             a fence. `slurmha check` measures the machines' stalls.",
        runbook: "corosync.md#slurmhacorosynctokenlost",
        follows: &["SlurmhaControllerDown", "SlurmhaControllerOffline"],
        fires: &[("slurmha_corosync_token_losses_total{instance='ctl1'}", "0+1x400")],
        quiet: &[("slurmha_corosync_token_losses_total{instance='ctl1'}", "0+0x20 1+0x380")],
        ..Alert::COMMON
    },
    Alert {
        name: "SlurmhaArbiterTimeoutLong",
        failure: "The arbiter keeps a dead controller for too long",
        hold: 300,
        expression: "slurmha_safeguard_in_force{safeguard='arbiter_timeout'} == 0",
        summary: "{{ $labels.instance }} would get the arbiter's vote too late",
        description: "Corosync gives a lost controller up before the arbiter does, and the other \
             one has no quorum until then. `corosync-cmapctl quorum.device.`; `slurmha plan`.",
        runbook: "corosync.md#slurmhaarbitertimeoutlong",
        fires: &[("slurmha_safeguard_in_force{safeguard='arbiter_timeout',instance='ctl1'}", "0")],
        quiet: &[("slurmha_safeguard_in_force{safeguard='arbiter_timeout',instance='ctl1'}", "1")],
        ..Alert::COMMON
    },
];
