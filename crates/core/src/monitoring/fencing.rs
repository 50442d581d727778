// SPDX-License-Identifier: Apache-2.0
//! Whether a lost controller can be proved dead.

use super::{Alert, Severity, When};

pub(super) const ALERTS: &[Alert] = &[
    Alert {
        name: "SlurmhaFencingDisabled",
        failure: "Fencing is switched off",
        severity: Severity::Critical,
        hold: 300,
        expression: "min(slurmha_pacemaker_fencing_enabled) == 0",
        summary: "Fencing is disabled",
        description: "Two controllers that lose sight of each other would both go on, and jobs \
             would be lost. `pcs property set stonith-enabled=true`.",
        runbook: "fencing.md#slurmhafencingdisabled",
        when: When::Fenced,
        fires: &[("slurmha_pacemaker_fencing_enabled{instance='ctl1'}", "0")],
        quiet: &[("slurmha_pacemaker_fencing_enabled{instance='ctl1'}", "1")],
        ..Alert::COMMON
    },
    Alert {
        name: "SlurmhaControllerFenced",
        failure: "A controller's power was cut",
        hold: 0,
        expression: "time() - (max by (node) \
             (slurmha_pacemaker_fencing_last_success_timestamp_seconds) > 0) < 3600",
        summary: "{{ $labels.node }} was fenced {{ $value | humanizeDuration }} ago",
        description: "The other one has taken over. What happened before: `journalctl --boot=-1` \
             on {{ $labels.node }}; `stonith_admin --history {{ $labels.node }} --verbose`.",
        runbook: "fencing.md#slurmhacontrollerfenced",
        fires: &[(
            "slurmha_pacemaker_fencing_last_success_timestamp_seconds{node='ctl1',instance='ctl2'}",
            "60",
        )],
        quiet: &[(
            "slurmha_pacemaker_fencing_last_success_timestamp_seconds{node='ctl1',instance='ctl2'}",
            "0",
        )],
        ..Alert::COMMON
    },
    // Until a fence succeeds: by itself it will not be forgotten.
    Alert {
        name: "SlurmhaFencingFailed",
        failure: "A lost controller could not be fenced",
        severity: Severity::Critical,
        hold: 0,
        expression: "max by (node) (slurmha_pacemaker_fencing_last_failure_timestamp_seconds) > \
             max by (node) (slurmha_pacemaker_fencing_last_success_timestamp_seconds)",
        summary: "{{ $labels.node }} could not be fenced",
        description: "Nothing is taken over without that proof. `stonith_admin --history {{ \
             $labels.node }} --verbose`; does its BMC answer?",
        runbook: "fencing.md#slurmhafencingfailed",
        fires: &[
            (
                "slurmha_pacemaker_fencing_last_failure_timestamp_seconds{node='ctl1',instance='ctl2'}",
                "100",
            ),
            (
                "slurmha_pacemaker_fencing_last_success_timestamp_seconds{node='ctl1',instance='ctl2'}",
                "0",
            ),
        ],
        quiet: &[
            (
                "slurmha_pacemaker_fencing_last_failure_timestamp_seconds{node='ctl1',instance='ctl2'}",
                "100",
            ),
            (
                "slurmha_pacemaker_fencing_last_success_timestamp_seconds{node='ctl1',instance='ctl2'}",
                "110",
            ),
        ],
        ..Alert::COMMON
    },
    Alert {
        name: "SlurmhaFencingPending",
        failure: "A fence does not come to an end",
        severity: Severity::Critical,
        hold: 120,
        expression: "max by (node) (slurmha_pacemaker_fencing_pending) == 1",
        summary: "{{ $labels.node }} is being fenced for two minutes",
        description: "Everything waits for it. `stonith_admin --history {{ $labels.node }} \
             --verbose`; does its BMC answer?",
        runbook: "fencing.md#slurmhafencingpending",
        fires: &[("slurmha_pacemaker_fencing_pending{node='ctl1',instance='ctl2'}", "1")],
        quiet: &[(
            "slurmha_pacemaker_fencing_pending{node='ctl1',instance='ctl2'}",
            "1+0x2 0+0x200",
        )],
        ..Alert::COMMON
    },
];
