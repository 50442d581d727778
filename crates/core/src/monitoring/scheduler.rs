// SPDX-License-Identifier: Apache-2.0
//! slurmctld, where it runs.

use super::{Alert, Severity};

pub(super) const ALERTS: &[Alert] = &[
    Alert {
        name: "SlurmhaSlurmctldDown",
        failure: "The scheduler does not answer",
        severity: Severity::Critical,
        expression: "slurmha_slurmctld_up == 0",
        summary: "slurmctld on {{ $labels.instance }} does not answer",
        description: "Nobody can submit; jobs that run go on. On {{ $labels.instance }}: `crm_mon \
             -1rf`; `journalctl -u slurmctld -n 50`.",
        runbook: "scheduler.md#slurmhaslurmctlddown",
        follows: &["SlurmhaNoActiveController"],
        fires: &[("slurmha_slurmctld_up{instance='ctl1'}", "0")],
        quiet: &[("slurmha_slurmctld_up{instance='ctl1'}", "0+0x4 1+0x200")],
        ..Alert::COMMON
    },
    // slurmctld works on 256 requests at once (MAX_SERVER_THREADS, slurmctld.h, which
    // sdiag(1) names as the bottleneck).
    Alert {
        name: "SlurmhaSlurmctldThreads",
        failure: "The scheduler drowns in requests",
        hold: 120,
        expression: "slurmha_slurmctld_server_threads > 200",
        summary: "slurmctld is at {{ $value }} of 256 threads",
        description: "Clients will time out. `sdiag` lists who asks for what and how often; a loop \
             around squeue is the usual cause.",
        runbook: "scheduler.md#slurmhaslurmctldthreads",
        fires: &[("slurmha_slurmctld_server_threads{instance='ctl1'}", "240")],
        quiet: &[("slurmha_slurmctld_server_threads{instance='ctl1'}", "150")],
        ..Alert::COMMON
    },
    Alert {
        name: "SlurmhaAgentQueue",
        failure: "Messages to nodes pile up",
        hold: 300,
        expression: "slurmha_slurmctld_agent_queue > 100",
        summary: "{{ $value }} messages wait in slurmctld",
        description: "Nodes do not answer, and starts and ends of jobs are late. `sinfo -R`; \
             `scontrol show node` of those that do not respond.",
        runbook: "scheduler.md#slurmhaagentqueue",
        fires: &[("slurmha_slurmctld_agent_queue{instance='ctl1'}", "400")],
        quiet: &[("slurmha_slurmctld_agent_queue{instance='ctl1'}", "60")],
        ..Alert::COMMON
    },
    // slurmctld 22.05 saves seconds after each change, and every 300 s without one
    // (PERIODIC_CHECKPOINT, slurmctld.h). After a start the file may be as old as the
    // outage until then, so it has to hold for longer than that.
    Alert {
        name: "SlurmhaSavedStateOld",
        failure: "A failover would lose the last jobs",
        severity: Severity::Critical,
        hold: 420,
        expression: "slurmha_slurmctld_saved_state_age_seconds > 600",
        summary: "slurmctld's saved state is {{ $value | humanizeDuration }} old",
        description: "What came since is in memory alone. On {{ $labels.instance }}: `df \
             /srv/slurmha/state`; `journalctl -u slurmctld -p err`. Do not restart or move it \
             before it has saved.",
        runbook: "scheduler.md#slurmhasavedstateold",
        follows: &["SlurmhaSlurmctldDown"],
        fires: &[("slurmha_slurmctld_saved_state_age_seconds{instance='ctl1'}", "700")],
        quiet: &[(
            "slurmha_slurmctld_saved_state_age_seconds{instance='ctl1'}",
            "9000+15x20 0+15x20 0+15x20 0+15x20",
        )],
        ..Alert::COMMON
    },
    // Less than a minute is over before somebody has read it. No move makes it true:
    // a slurmctld that has just started has noted nothing yet.
    Alert {
        name: "SlurmhaSchedulerStandsStill",
        failure: "The clock was ahead: no job starts, and none may be saved",
        severity: Severity::Critical,
        hold: 0,
        expression: "slurmha_slurmctld_noted_ahead_seconds > 60",
        summary: "slurmctld starts no job for another {{ $value | humanizeDuration }}",
        description: "The clock of {{ $labels.instance }} was ahead, and slurmctld waits for the \
             time at which it has noted its last work. There: `date`, `chronyc tracking`; when that \
             is right, `crm_resource --restart --resource slurmctld`. Do not kill it: what it has \
             taken may be in memory alone.",
        runbook: "scheduler.md#slurmhaschedulerstandsstill",
        fires: &[("slurmha_slurmctld_noted_ahead_seconds{instance='ctl1'}", "590-15x30")],
        quiet: &[("slurmha_slurmctld_noted_ahead_seconds{instance='ctl1'}", "350-15x20 0+0x100")],
        ..Alert::COMMON
    },
    // Told for an hour: it is about what has happened, and nobody can put it right.
    Alert {
        name: "SlurmhaJobsLost",
        failure: "A failover has lost jobs that were accepted",
        hold: 0,
        expression: "slurmha_takeover_jobs{fate='lost'} > 0 and on (instance) \
             time() - slurmha_takeover_timestamp_seconds < 3600",
        summary: "{{ $value }} accepted jobs were lost in the takeover by {{ $labels.instance }}",
        description: "They came after the last save of the job table. Which, and where their \
             scripts are: `cat /var/lib/slurmha/takeover.json` there. Tell their owners.",
        runbook: "scheduler.md#slurmhajobslost",
        fires: &[
            ("slurmha_takeover_jobs{fate='lost',instance='ctl1'}", "2"),
            ("slurmha_takeover_timestamp_seconds{instance='ctl1'}", "60"),
        ],
        quiet: &[
            ("slurmha_takeover_jobs{fate='lost',instance='ctl1'}", "0"),
            ("slurmha_takeover_jobs{fate='repaired',instance='ctl1'}", "1"),
            ("slurmha_takeover_timestamp_seconds{instance='ctl1'}", "60"),
        ],
        ..Alert::COMMON
    },
    // A cycle ends after 2 s at the latest by default (max_sched_time,
    // slurm.conf(5)): at half of that many do not get to the end of the queue.
    Alert {
        name: "SlurmhaSchedulingSlow",
        failure: "Scheduling takes too long",
        hold: 900,
        expression: "slurmha_slurmctld_cycle_mean_seconds > 1",
        summary: "A scheduling cycle takes {{ $value | humanizeDuration }} on average",
        description: "Requests wait meanwhile. `sdiag`: queue depth, backfill; SchedulerParameters \
             such as `default_queue_depth`, `partition_job_depth`.",
        runbook: "scheduler.md#slurmhaschedulingslow",
        fires: &[("slurmha_slurmctld_cycle_mean_seconds{instance='ctl1'}", "1.5")],
        quiet: &[("slurmha_slurmctld_cycle_mean_seconds{instance='ctl1'}", "0.8")],
        ..Alert::COMMON
    },
    Alert {
        name: "SlurmhaStateMountWeak",
        failure: "A power cut could empty the scripts of accepted jobs",
        severity: Severity::Critical,
        hold: 300,
        expression: "slurmha_safeguard_in_force{safeguard='state_mount'} == 0",
        summary: "The state volume on {{ $labels.instance }} is mounted without nodelalloc,commit=1",
        description: "A job is accepted before its script is on the disk, and the next power cut \
             can lose it. `slurmha plan`; if that finds nothing: `crm_resource --restart --resource \
             state`, which stops the scheduler for a while.",
        runbook: "scheduler.md#slurmhastatemountweak",
        fires: &[("slurmha_safeguard_in_force{safeguard='state_mount',instance='ctl1'}", "0")],
        quiet: &[("slurmha_safeguard_in_force{safeguard='state_mount',instance='ctl1'}", "1")],
        ..Alert::COMMON
    },
];
