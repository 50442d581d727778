// SPDX-License-Identifier: Apache-2.0
//! The copy on the other controller.

use super::{Alert, Severity};

pub(super) const ALERTS: &[Alert] = &[
    Alert {
        name: "SlurmhaDrbdDown",
        failure: "A controller takes no part in the replication",
        severity: Severity::Critical,
        hold: 120,
        expression: "slurmha_drbd_up == 0",
        summary: "DRBD is down on {{ $labels.instance }}",
        description: "There is one copy, and nobody to take over. `crm_mon -1rf`; `dmesg | grep \
             drbd`; `modprobe drbd`.",
        runbook: "drbd.md#slurmhadrbddown",
        fires: &[("slurmha_drbd_up{instance='ctl2'}", "0")],
        quiet: &[("slurmha_drbd_up{instance='ctl2'}", "1")],
        ..Alert::COMMON
    },
    Alert {
        name: "SlurmhaDrbdStandAlone",
        failure: "Both sides have data of their own (split brain), or refuse each other",
        severity: Severity::Critical,
        expression: "slurmha_drbd_connection{state='StandAlone'} == 1",
        summary: "DRBD on {{ $labels.instance }} does not talk to the other side any more",
        description: "It will not come back by itself. Read `dmesg | grep drbd` before you type \
             anything: a choice throws one side's data away.",
        runbook: "drbd.md#slurmhadrbdstandalone",
        fires: &[("slurmha_drbd_connection{state='StandAlone',instance='ctl1'}", "1")],
        quiet: &[("slurmha_drbd_connection{state='StandAlone',instance='ctl1'}", "0")],
        ..Alert::COMMON
    },
    Alert {
        name: "SlurmhaDrbdDisconnected",
        failure: "What is written is not replicated",
        hold: 120,
        expression: "slurmha_drbd_connection{state='Connected'} == 0",
        summary: "DRBD on {{ $labels.instance }} has no connection",
        description: "The other copy gets old. `drbdsetup status slurm_data`; is the replication \
             link up (`ip -statistics link`)?",
        runbook: "drbd.md#slurmhadrbddisconnected",
        follows: &[
            "SlurmhaControllerDown",
            "SlurmhaDrbdStandAlone",
            "SlurmhaControllerOffline",
            "SlurmhaDrbdDown",
        ],
        fires: &[("slurmha_drbd_connection{state='Connected',instance='ctl1'}", "0")],
        quiet: &[("slurmha_drbd_connection{state='Connected',instance='ctl1'}", "1")],
        ..Alert::COMMON
    },
    Alert {
        name: "SlurmhaDrbdActiveDiskBad",
        failure: "The active controller works on bad or remote data",
        severity: Severity::Critical,
        expression: "slurmha_drbd_disk{state='UpToDate'} == 0 and on (instance) slurmha_active == \
             1",
        summary: "The {{ $labels.volume }} disk of the active {{ $labels.instance }} is not \
             UpToDate",
        description: "It lives on the other side's copy, and moves to it by itself within a minute \
             when its own disk is gone. `drbdsetup status slurm_data`, `dmesg`, `smartctl -a`.",
        runbook: "drbd.md#slurmhadrbdactivediskbad",
        fires: &[
            ("slurmha_drbd_disk{volume='state',state='UpToDate',instance='ctl1'}", "0"),
            ("slurmha_active{instance='ctl1'}", "1"),
        ],
        quiet: &[
            ("slurmha_drbd_disk{volume='state',state='UpToDate',instance='ctl1'}", "0"),
            ("slurmha_active{instance='ctl1'}", "0"),
        ],
        ..Alert::COMMON
    },
    Alert {
        name: "SlurmhaDrbdDiskless",
        failure: "A disk under DRBD has failed",
        severity: Severity::Critical,
        expression: "slurmha_drbd_disk{state='Diskless'} == 1",
        summary: "DRBD has dropped the {{ $labels.volume }} disk of {{ $labels.instance }}",
        description: "After an I/O error DRBD detaches. `dmesg | grep -e drbd -e 'I/O error'`; \
             replace the disk.",
        runbook: "drbd.md#slurmhadrbddiskless",
        follows: &["SlurmhaDrbdDown"],
        like: &["instance"],
        fires: &[("slurmha_drbd_disk{volume='state',state='Diskless',instance='ctl2'}", "1")],
        quiet: &[("slurmha_drbd_disk{volume='state',state='Diskless',instance='ctl2'}", "0")],
        ..Alert::COMMON
    },
    // Inconsistent is what a resync's target is, for as long as it runs.
    Alert {
        name: "SlurmhaDrbdNotUpToDate",
        failure: "The passive controller could not take over",
        hold: 1800,
        expression: "slurmha_drbd_disk{state=~'Inconsistent|Outdated|Consistent|other'} == 1",
        summary: "The {{ $labels.volume }} disk of {{ $labels.instance }} is {{ $labels.state }}",
        description: "For half an hour. Is a resync running (`drbdsetup status slurm_data`)? If \
             not, connect: `drbdadm adjust slurm_data`.",
        runbook: "drbd.md#slurmhadrbdnotuptodate",
        follows: &["SlurmhaDrbdDisconnected", "SlurmhaDrbdStandAlone"],
        fires: &[("slurmha_drbd_disk{volume='state',state='Outdated',instance='ctl2'}", "1")],
        quiet: &[(
            "slurmha_drbd_disk{volume='state',state='Inconsistent',instance='ctl2'}",
            "1+0x80 0+0x200",
        )],
        ..Alert::COMMON
    },
    Alert {
        name: "SlurmhaDrbdOutOfSync",
        failure: "The copies differ and nothing repairs it",
        hold: 600,
        expression: "slurmha_drbd_out_of_sync_bytes > 0 and on (instance, volume) \
             slurmha_drbd_resync_ratio == 1",
        summary: "{{ $value | humanize1024 }}B of {{ $labels.volume }} are out of sync on {{ \
             $labels.instance }}",
        description: "No resync runs. After `drbdadm verify` this is what it found: `drbdadm \
             disconnect slurm_data && drbdadm connect slurm_data` on the controller that is not \
             active repairs it.",
        runbook: "drbd.md#slurmhadrbdoutofsync",
        follows: &["SlurmhaControllerDown", "SlurmhaDrbdDisconnected", "SlurmhaDrbdStandAlone"],
        fires: &[
            ("slurmha_drbd_out_of_sync_bytes{volume='state',instance='ctl1'}", "4096"),
            ("slurmha_drbd_resync_ratio{volume='state',instance='ctl1'}", "1"),
        ],
        quiet: &[
            ("slurmha_drbd_out_of_sync_bytes{volume='state',instance='ctl1'}", "4096"),
            ("slurmha_drbd_resync_ratio{volume='state',instance='ctl1'}", "0.5"),
        ],
        ..Alert::COMMON
    },
    // A new resync lets the ratio fall from 1: a window that saw that has to pass
    // first, so it holds for longer than the window.
    Alert {
        name: "SlurmhaDrbdResyncSlow",
        failure: "A resync does not get on",
        hold: 1200,
        expression: "slurmha_drbd_resync_ratio < 1 and delta(slurmha_drbd_resync_ratio[15m]) < \
             0.005",
        summary: "The resync of {{ $labels.volume }} is at {{ $value | humanizePercentage }} and \
             does not get on",
        description: "Until it is done there is one copy. `drbdsetup status slurm_data \
             --statistics`; is the replication link slow or lossy?",
        runbook: "drbd.md#slurmhadrbdresyncslow",
        fires: &[("slurmha_drbd_resync_ratio{volume='state',instance='ctl1'}", "0.4")],
        quiet: &[(
            "slurmha_drbd_resync_ratio{volume='state',instance='ctl1'}",
            "1+0x10 0+0.004x220",
        )],
        ..Alert::COMMON
    },
    // Between the loss of the other side and its fence I/O waits for seconds.
    Alert {
        name: "SlurmhaDrbdSuspended",
        failure: "Every write of the control plane hangs",
        severity: Severity::Critical,
        expression: "slurmha_drbd_suspended == 1",
        summary: "DRBD on {{ $labels.instance }} has suspended I/O",
        description: "It waits for proof that the other side is dead. `journalctl -t \
             slurmha-fence-peer -n 5` says what is missing.",
        runbook: "fence-peer.md",
        fires: &[("slurmha_drbd_suspended{instance='ctl1'}", "1")],
        quiet: &[("slurmha_drbd_suspended{instance='ctl1'}", "1+0x2 0+0x200")],
        ..Alert::COMMON
    },
    Alert {
        name: "SlurmhaDrbdFencingOff",
        failure: "DRBD does not wait until a lost peer is fenced",
        severity: Severity::Critical,
        hold: 300,
        expression: "slurmha_safeguard_in_force{safeguard='drbd_fencing'} == 0",
        summary: "DRBD on {{ $labels.instance }} would go on without proof that its peer is dead",
        description: "After the next cut between the controllers both can write, and the data of \
             one are lost. `slurmha plan`; if that finds nothing, on {{ $labels.instance }}: \
             `drbdadm adjust slurm_data`.",
        runbook: "drbd.md#slurmhadrbdfencingoff",
        fires: &[("slurmha_safeguard_in_force{safeguard='drbd_fencing',instance='ctl1'}", "0")],
        quiet: &[
            ("slurmha_safeguard_in_force{safeguard='drbd_fencing',instance='ctl1'}", "1"),
            ("slurmha_safeguard_in_force{safeguard='state_mount',instance='ctl1'}", "0"),
        ],
        ..Alert::COMMON
    },
];
