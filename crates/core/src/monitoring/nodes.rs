// SPDX-License-Identifier: Apache-2.0
//! Compute nodes, as Slurm sees them.

use super::{Alert, Severity};

pub(super) const ALERTS: &[Alert] = &[
    // Shares: in a big cluster some node is always down.
    Alert {
        name: "SlurmhaAllNodesDown",
        failure: "No compute node answers",
        severity: Severity::Critical,
        hold: 120,
        expression: "sum(slurmha_slurm_nodes{state=~'down|not_responding'}) == \
             sum(slurmha_slurm_nodes) and sum(slurmha_slurm_nodes) > 0",
        summary: "Every compute node is down",
        description: "It is rarely the nodes: the network, munge or a clock. `scontrol ping`; \
             `sinfo -R`; on a node `journalctl -u slurmd -n 20`.",
        runbook: "nodes.md#slurmhaallnodesdown",
        fires: &[
            ("slurmha_slurm_nodes{state='down',instance='ctl1'}", "3"),
            ("slurmha_slurm_nodes{state='not_responding',instance='ctl1'}", "1"),
            ("slurmha_slurm_nodes{state='idle',instance='ctl1'}", "0"),
        ],
        quiet: &[
            ("slurmha_slurm_nodes{state='down',instance='ctl1'}", "3"),
            ("slurmha_slurm_nodes{state='not_responding',instance='ctl1'}", "0"),
            ("slurmha_slurm_nodes{state='idle',instance='ctl1'}", "1"),
        ],
        ..Alert::COMMON
    },
    Alert {
        name: "SlurmhaManyNodesDown",
        failure: "More than a tenth of the nodes is down",
        hold: 300,
        expression: "sum(slurmha_slurm_nodes{state=~'down|not_responding'}) / \
             sum(slurmha_slurm_nodes) > 0.1",
        summary: "{{ $value | humanizePercentage }} of the compute nodes are down",
        description: "`sinfo -R` gives the reasons. What do they share: a switch, a rack, an \
             image?",
        runbook: "nodes.md#slurmhamanynodesdown",
        follows: &["SlurmhaAllNodesDown"],
        fires: &[
            ("slurmha_slurm_nodes{state='down',instance='ctl1'}", "1"),
            ("slurmha_slurm_nodes{state='not_responding',instance='ctl1'}", "1"),
            ("slurmha_slurm_nodes{state='idle',instance='ctl1'}", "8"),
        ],
        quiet: &[
            ("slurmha_slurm_nodes{state='down',instance='ctl1'}", "1"),
            ("slurmha_slurm_nodes{state='not_responding',instance='ctl1'}", "0"),
            ("slurmha_slurm_nodes{state='idle',instance='ctl1'}", "19"),
        ],
        ..Alert::COMMON
    },
    Alert {
        name: "SlurmhaNodesDown",
        failure: "A node is down",
        severity: Severity::Info,
        hold: 600,
        expression: "sum(slurmha_slurm_nodes{state=~'down|not_responding'}) > 0",
        summary: "{{ $value }} compute nodes are down",
        description: "`sinfo -R` gives the reasons; `scontrol update nodename=NODE state=resume` \
             when it is repaired.",
        runbook: "nodes.md#slurmhanodesdown",
        follows: &["SlurmhaAllNodesDown", "SlurmhaManyNodesDown"],
        fires: &[
            ("slurmha_slurm_nodes{state='down',instance='ctl1'}", "1"),
            ("slurmha_slurm_nodes{state='idle',instance='ctl1'}", "8"),
        ],
        quiet: &[
            ("slurmha_slurm_nodes{state='down',instance='ctl1'}", "0"),
            ("slurmha_slurm_nodes{state='drained',instance='ctl1'}", "1"),
            ("slurmha_slurm_nodes{state='idle',instance='ctl1'}", "8"),
        ],
        ..Alert::COMMON
    },
    Alert {
        name: "SlurmhaNodesDrained",
        failure: "More than a tenth of the nodes is drained",
        severity: Severity::Info,
        hold: 3600,
        expression: "sum(slurmha_slurm_nodes{state=~'drained|draining'}) / \
             sum(slurmha_slurm_nodes) > 0.1",
        summary: "{{ $value | humanizePercentage }} of the compute nodes are drained",
        description: "For an hour. `sinfo -R` says by whom and why.",
        runbook: "nodes.md#slurmhanodesdrained",
        fires: &[
            ("slurmha_slurm_nodes{state='drained',instance='ctl1'}", "1"),
            ("slurmha_slurm_nodes{state='draining',instance='ctl1'}", "1"),
            ("slurmha_slurm_nodes{state='idle',instance='ctl1'}", "8"),
        ],
        quiet: &[
            ("slurmha_slurm_nodes{state='drained',instance='ctl1'}", "1"),
            ("slurmha_slurm_nodes{state='draining',instance='ctl1'}", "0"),
            ("slurmha_slurm_nodes{state='idle',instance='ctl1'}", "19"),
        ],
        ..Alert::COMMON
    },
];
