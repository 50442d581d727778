// SPDX-License-Identifier: Apache-2.0
//! What Pacemaker runs, and what it was told not to.

use super::{Alert, Severity};

pub(super) const ALERTS: &[Alert] = &[
    Alert {
        name: "SlurmhaMaintenanceMode",
        failure: "The cluster was set aside and forgotten",
        hold: 900,
        expression: "max(slurmha_pacemaker_maintenance_mode) == 1",
        summary: "Pacemaker is in maintenance mode",
        description: "Nothing is started, stopped or taken over. When the work is done: `pcs \
             property set maintenance-mode=false`.",
        runbook: "pacemaker.md#slurmhamaintenancemode",
        fires: &[("slurmha_pacemaker_maintenance_mode{instance='ctl1'}", "1")],
        quiet: &[("slurmha_pacemaker_maintenance_mode{instance='ctl1'}", "1+0x40 0+0x200")],
        ..Alert::COMMON
    },
    Alert {
        name: "SlurmhaNoCoordinator",
        failure: "Nobody decides in the cluster",
        severity: Severity::Critical,
        hold: 120,
        expression: "sum by (instance) (slurmha_pacemaker_dc) == 0",
        summary: "{{ $labels.instance }} knows of no designated controller",
        description: "Pacemaker decides nothing. `crm_mon -1`; `journalctl -u pacemaker -n 50`.",
        runbook: "pacemaker.md#slurmhanocoordinator",
        fires: &[
            ("slurmha_pacemaker_dc{node='ctl1',instance='ctl1'}", "0"),
            ("slurmha_pacemaker_dc{node='ctl2',instance='ctl1'}", "0"),
        ],
        quiet: &[
            ("slurmha_pacemaker_dc{node='ctl1',instance='ctl1'}", "0"),
            ("slurmha_pacemaker_dc{node='ctl2',instance='ctl1'}", "1"),
        ],
        ..Alert::COMMON
    },
    Alert {
        name: "SlurmhaResourceFailed",
        failure: "A part of the control plane has failed",
        severity: Severity::Critical,
        hold: 120,
        expression: "max by (resource) (slurmha_pacemaker_resource_failed) == 1",
        summary: "{{ $labels.resource }} has failed",
        description: "`crm_mon -1rf` says where and why; repair that, then `crm_resource --cleanup \
             --resource {{ $labels.resource }}`.",
        runbook: "pacemaker.md#slurmharesourcefailed",
        fires: &[
            ("slurmha_pacemaker_resource_failed{resource='slurmdbd',instance='ctl1'}", "0"),
            ("slurmha_pacemaker_resource_failed{resource='slurmdbd',instance='ctl2'}", "1"),
        ],
        quiet: &[
            ("slurmha_pacemaker_resource_failed{resource='slurmdbd',instance='ctl1'}", "0"),
            ("slurmha_pacemaker_resource_failed{resource='slurmdbd',instance='ctl2'}", "0"),
        ],
        ..Alert::COMMON
    },
    Alert {
        name: "SlurmhaResourceBlocked",
        failure: "Pacemaker has given a part up",
        severity: Severity::Critical,
        expression: "max by (resource) (slurmha_pacemaker_resource_blocked) == 1",
        summary: "{{ $labels.resource }} is blocked",
        description: "Pacemaker could not stop it and had nobody to fence, so it touches it no \
             more. `crm_mon -1rf`; repair, then `crm_resource --cleanup --resource {{ \
             $labels.resource }}`.",
        runbook: "pacemaker.md#slurmharesourceblocked",
        fires: &[
            ("slurmha_pacemaker_resource_blocked{resource='state',instance='ctl1'}", "1"),
            ("slurmha_pacemaker_resource_blocked{resource='state',instance='ctl2'}", "0"),
        ],
        quiet: &[
            ("slurmha_pacemaker_resource_blocked{resource='state',instance='ctl1'}", "0"),
            ("slurmha_pacemaker_resource_blocked{resource='state',instance='ctl2'}", "0"),
        ],
        ..Alert::COMMON
    },
    Alert {
        name: "SlurmhaResourceUnmanaged",
        failure: "A part was taken from Pacemaker and forgotten",
        hold: 900,
        expression: "min by (resource) (slurmha_pacemaker_resource_managed) == 0",
        summary: "{{ $labels.resource }} is unmanaged",
        description: "Pacemaker would not restart or move it. `pcs resource manage {{ \
             $labels.resource }}`.",
        runbook: "pacemaker.md#slurmharesourceunmanaged",
        follows: &["SlurmhaMaintenanceMode"],
        fires: &[
            ("slurmha_pacemaker_resource_managed{resource='vip',instance='ctl1'}", "0"),
            ("slurmha_pacemaker_resource_managed{resource='vip',instance='ctl2'}", "1"),
        ],
        quiet: &[
            ("slurmha_pacemaker_resource_managed{resource='vip',instance='ctl1'}", "1"),
            ("slurmha_pacemaker_resource_managed{resource='vip',instance='ctl2'}", "1"),
        ],
        ..Alert::COMMON
    },
    Alert {
        name: "SlurmhaResourceStopped",
        failure: "A part runs nowhere",
        hold: 300,
        expression: "max by (resource) (max by (resource, node) \
             (slurmha_pacemaker_resource_active)) == 0",
        summary: "{{ $labels.resource }} runs nowhere",
        description: "`crm_mon -1rf` and `pcs constraint` say why: failed, disabled, or without a \
             place.",
        runbook: "pacemaker.md#slurmharesourcestopped",
        follows: &["SlurmhaNoActiveController"],
        fires: &[
            (
                "slurmha_pacemaker_resource_active{resource='fence-ctl1',node='ctl2',instance='ctl1'}",
                "0",
            ),
            (
                "slurmha_pacemaker_resource_active{resource='fence-ctl1',node='ctl2',instance='ctl2'}",
                "0",
            ),
        ],
        quiet: &[
            (
                "slurmha_pacemaker_resource_active{resource='fence-ctl1',node='ctl2',instance='ctl1'}",
                "0",
            ),
            (
                "slurmha_pacemaker_resource_active{resource='fence-ctl1',node='ctl2',instance='ctl2'}",
                "1",
            ),
        ],
        ..Alert::COMMON
    },
    Alert {
        name: "SlurmhaFailedOperations",
        failure: "A failure that nobody has looked at",
        hold: 300,
        expression: "max(slurmha_pacemaker_failed_operations) > 0",
        summary: "{{ $value }} failed operations are not cleaned up",
        description: "Something failed and was brought back. `crm_mon -1f` says what; when the \
             cause is known: `crm_resource --cleanup`.",
        runbook: "pacemaker.md#slurmhafailedoperations",
        fires: &[("slurmha_pacemaker_failed_operations{instance='ctl1'}", "1")],
        quiet: &[("slurmha_pacemaker_failed_operations{instance='ctl1'}", "0")],
        ..Alert::COMMON
    },
    // A planned move sets one and takes it away within a minute.
    Alert {
        name: "SlurmhaLeftoverBan",
        failure: "A move has left a constraint behind",
        hold: 900,
        expression: "max(slurmha_pacemaker_leftover_bans) > 0",
        summary: "{{ $value }} constraints are left over from a move",
        description: "They can keep everything from ever moving back. `pcs constraint` shows them; \
             `crm_resource --clear --resource RESOURCE` takes one away.",
        runbook: "pacemaker.md#slurmhaleftoverban",
        // Meant, while a side has old data: it keeps that from being promoted.
        follows: &["SlurmhaDrbdDisconnected", "SlurmhaDrbdStandAlone", "SlurmhaDrbdDown"],
        fires: &[("slurmha_pacemaker_leftover_bans{instance='ctl1'}", "1")],
        quiet: &[("slurmha_pacemaker_leftover_bans{instance='ctl1'}", "1+0x20 0+0x200")],
        ..Alert::COMMON
    },
    // That of `slurmha switchover` ends by itself and does not count; `pcs resource
    // move` takes its own away when the move is done.
    Alert {
        name: "SlurmhaLeftoverPreference",
        failure: "A move by hand draws the role back after a failover",
        hold: 900,
        expression: "max(slurmha_pacemaker_leftover_preferences) > 0",
        summary: "{{ $value }} preferences are left over from a move",
        description: "When the preferred controller comes back after a failure everything moves \
             to it, and users wait a second time. `pcs constraint location` shows them \
             (cli-prefer-...); `crm_resource --clear --resource RESOURCE` takes one away.",
        runbook: "pacemaker.md#slurmhaleftoverpreference",
        fires: &[("slurmha_pacemaker_leftover_preferences{instance='ctl1'}", "1")],
        quiet: &[("slurmha_pacemaker_leftover_preferences{instance='ctl1'}", "1+0x20 0+0x200")],
        ..Alert::COMMON
    },
];
