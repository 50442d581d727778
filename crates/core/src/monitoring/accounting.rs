// SPDX-License-Identifier: Apache-2.0
//! slurmdbd, MariaDB, and the space on the replicated volumes.

use super::{Alert, Severity};

pub(super) const ALERTS: &[Alert] = &[
    Alert {
        name: "SlurmhaSlurmdbdDown",
        failure: "Accounting does not answer",
        hold: 120,
        expression: "slurmha_slurmdbd_up == 0",
        summary: "slurmdbd on {{ $labels.instance }} does not answer",
        description: "Records wait in slurmctld, and there is a limit to that. On {{ \
             $labels.instance }}: `crm_mon -1rf`; `journalctl -u slurmdbd -n 50`.",
        runbook: "accounting.md#slurmhaslurmdbddown",
        follows: &["SlurmhaNoActiveController", "SlurmhaMariadbDown"],
        fires: &[("slurmha_slurmdbd_up{instance='ctl1'}", "0")],
        quiet: &[("slurmha_slurmdbd_up{instance='ctl1'}", "0+0x4 1+0x200")],
        ..Alert::COMMON
    },
    Alert {
        name: "SlurmhaMariadbDown",
        failure: "The database does not answer",
        hold: 120,
        expression: "slurmha_mariadb_up == 0",
        summary: "MariaDB on {{ $labels.instance }} does not answer",
        description: "No accounting. On {{ $labels.instance }}: `crm_mon -1rf`; `journalctl -u \
             mariadb -n 50`; `df /srv/slurmha/database`.",
        runbook: "accounting.md#slurmhamariadbdown",
        follows: &["SlurmhaNoActiveController"],
        fires: &[("slurmha_mariadb_up{instance='ctl1'}", "0")],
        quiet: &[("slurmha_mariadb_up{instance='ctl1'}", "0+0x4 1+0x200")],
        ..Alert::COMMON
    },
    // The queue is empty when slurmdbd takes what it gets.
    Alert {
        name: "SlurmhaDbdQueue",
        failure: "Accounting records pile up",
        hold: 120,
        expression: "slurmha_slurmctld_dbd_queue > 0",
        summary: "{{ $value }} accounting records wait in slurmctld",
        description: "They are in memory and in the saved state; at MaxDBDMsgs (10000 or more) \
             slurmctld throws some away. `sacctmgr show cluster`; `journalctl -u slurmdbd -n \
             50`.",
        runbook: "accounting.md#slurmhadbdqueue",
        follows: &["SlurmhaSlurmdbdDown", "SlurmhaMariadbDown", "SlurmhaDbdQueueFilling"],
        fires: &[("slurmha_slurmctld_dbd_queue{instance='ctl1'}", "7")],
        quiet: &[("slurmha_slurmctld_dbd_queue{instance='ctl1'}", "7+0x3 0+0x200")],
        ..Alert::COMMON
    },
    // Half of the least that MaxDBDMsgs can be by default (slurm.conf(5)).
    Alert {
        name: "SlurmhaDbdQueueFilling",
        failure: "Accounting records are about to be lost",
        severity: Severity::Critical,
        expression: "slurmha_slurmctld_dbd_queue > 5000",
        summary: "{{ $value }} accounting records wait, and 10000 are the limit",
        description: "Bring slurmdbd back now; what is thrown away is missing from the accounts \
             for ever.",
        runbook: "accounting.md#slurmhadbdqueuefilling",
        fires: &[("slurmha_slurmctld_dbd_queue{instance='ctl1'}", "6000")],
        quiet: &[("slurmha_slurmctld_dbd_queue{instance='ctl1'}", "4000")],
        ..Alert::COMMON
    },
    // As `slurmha status` judges it; "full" is told earlier than there, while there
    // is still room to act in.
    Alert {
        name: "SlurmhaVolumeNearlyFull",
        failure: "A replicated volume fills up",
        hold: 300,
        expression: "slurmha_volume_available_bytes / slurmha_volume_size_bytes < 0.1",
        summary: "The {{ $labels.volume }} volume has {{ $value | humanizePercentage }} left",
        description: "`du -x /srv/slurmha/{{ $labels.volume }} | sort -n | tail`; purge \
             (`slurmdbd.conf(5)`, Purge...) or enlarge it.",
        runbook: "accounting.md#slurmhavolumenearlyfull",
        follows: &["SlurmhaVolumeFull"],
        like: &["instance", "volume"],
        fires: &[
            ("slurmha_volume_available_bytes{volume='database',instance='ctl1'}", "7"),
            ("slurmha_volume_size_bytes{volume='database',instance='ctl1'}", "100"),
        ],
        quiet: &[
            ("slurmha_volume_available_bytes{volume='database',instance='ctl1'}", "20"),
            ("slurmha_volume_size_bytes{volume='database',instance='ctl1'}", "100"),
        ],
        ..Alert::COMMON
    },
    Alert {
        name: "SlurmhaVolumeFull",
        failure: "A replicated volume is full",
        severity: Severity::Critical,
        expression: "slurmha_volume_available_bytes / slurmha_volume_size_bytes < 0.03",
        summary: "The {{ $labels.volume }} volume is full",
        description: "slurmctld cannot save its state, or MariaDB cannot write. Make room now: `du \
             -x /srv/slurmha/{{ $labels.volume }} | sort -n | tail`.",
        runbook: "accounting.md#slurmhavolumefull",
        fires: &[
            ("slurmha_volume_available_bytes{volume='state',instance='ctl1'}", "1"),
            ("slurmha_volume_size_bytes{volume='state',instance='ctl1'}", "100"),
        ],
        quiet: &[
            ("slurmha_volume_available_bytes{volume='state',instance='ctl1'}", "5"),
            ("slurmha_volume_size_bytes{volume='state',instance='ctl1'}", "100"),
        ],
        ..Alert::COMMON
    },
];
