// SPDX-License-Identifier: Apache-2.0
//! Every machine: power, disks, memory, clock, daemons.

use super::{Alert, Severity, When};

pub(super) const ALERTS: &[Alert] = &[
    // Of compute nodes Slurm tells, and it knows which are meant to be off.
    Alert {
        name: "SlurmhaMachineDown",
        failure: "A login node, the arbiter or a monitoring host is down",
        hold: 120,
        expression: "up{job='node',role!~'controller|compute'} == 0",
        summary: "{{ $labels.instance }} is down",
        description: "Its exporter does not answer. `ssh {{ $labels.instance }} systemctl status \
             prometheus-node-exporter`. Is it the arbiter, the third vote is gone, too.",
        runbook: "machines.md#slurmhamachinedown",
        fires: &[("up{job='node',role='login',instance='login1'}", "0")],
        quiet: &[("up{job='node',role='compute',instance='cn1'}", "0")],
        ..Alert::COMMON
    },
    Alert {
        name: "SlurmhaMachineRestarted",
        failure: "A machine of the control plane was started anew",
        severity: Severity::Info,
        hold: 0,
        expression: "time() - node_boot_time_seconds{role!='compute'} < 900",
        summary: "{{ $labels.instance }} has started {{ $value | humanizeDuration }} ago",
        description: "What happened before: `journalctl --boot=-1 --pager-end` on {{ \
             $labels.instance }}.",
        runbook: "machines.md#slurmhamachinerestarted",
        fires: &[("node_boot_time_seconds{role='login',instance='login1'}", "0")],
        quiet: &[("node_boot_time_seconds{role='login',instance='login1'}", "-900")],
        ..Alert::COMMON
    },
    // What a compute node lacks its own health check tells Slurm (slurm.conf(5),
    // `HealthCheckProgram`).
    Alert {
        name: "SlurmhaDiskFull",
        failure: "A local file system is full",
        severity: Severity::Critical,
        hold: 300,
        expression: "node_filesystem_avail_bytes{role!='compute',fstype=~'ext.|xfs|btrfs',mountpoint!~'/srv/slurmha/.*'} \
             / node_filesystem_size_bytes < 0.03 or \
             node_filesystem_files_free{role!='compute',fstype=~'ext.|xfs|btrfs',mountpoint!~'/srv/slurmha/.*'} / \
             node_filesystem_files < 0.03",
        summary: "{{ $labels.mountpoint }} on {{ $labels.instance }} is full",
        description: "Bytes or inodes. `df -h`, `df -i`, `du -x {{ $labels.mountpoint }} | sort -n \
             | tail`; `journalctl --vacuum-size=500M`.",
        runbook: "machines.md#slurmhadiskfull",
        fires: &[
            ("node_filesystem_avail_bytes{fstype='ext4',mountpoint='/',instance='login1'}", "2"),
            ("node_filesystem_size_bytes{fstype='ext4',mountpoint='/',instance='login1'}", "100"),
        ],
        quiet: &[
            ("node_filesystem_avail_bytes{fstype='ext4',mountpoint='/',instance='login1'}", "5"),
            ("node_filesystem_size_bytes{fstype='ext4',mountpoint='/',instance='login1'}", "100"),
        ],
        ..Alert::COMMON
    },
    Alert {
        name: "SlurmhaDiskFilling",
        failure: "A local file system will be full tomorrow",
        hold: 3600,
        expression: "node_filesystem_avail_bytes{role!='compute',fstype=~'ext.|xfs|btrfs',mountpoint!~'/srv/slurmha/.*'} \
             / node_filesystem_size_bytes < 0.3 and \
             predict_linear(node_filesystem_avail_bytes{role!='compute',fstype=~'ext.|xfs|btrfs',mountpoint!~'/srv/slurmha/.*'}[6h], \
             86400) < 0",
        summary: "{{ $labels.mountpoint }} on {{ $labels.instance }} will be full within a day",
        description: "`du -x {{ $labels.mountpoint }} | sort -n | tail`: what grows?",
        runbook: "machines.md#slurmhadiskfilling",
        follows: &["SlurmhaDiskFull"],
        like: &["instance", "mountpoint"],
        fires: &[
            (
                "node_filesystem_avail_bytes{fstype='ext4',mountpoint='/',instance='login1'}",
                "2000-1x400",
            ),
            ("node_filesystem_size_bytes{fstype='ext4',mountpoint='/',instance='login1'}", "10000"),
        ],
        quiet: &[
            ("node_filesystem_avail_bytes{fstype='ext4',mountpoint='/',instance='login1'}", "2000"),
            ("node_filesystem_size_bytes{fstype='ext4',mountpoint='/',instance='login1'}", "10000"),
        ],
        ..Alert::COMMON
    },
    Alert {
        name: "SlurmhaRootReadOnly",
        failure: "A machine's disk has failed",
        severity: Severity::Critical,
        hold: 120,
        expression: "node_filesystem_readonly{mountpoint='/',role!='compute'} == 1",
        summary: "/ on {{ $labels.instance }} is read-only",
        description: "The kernel remounts it after an error. `dmesg | grep -i -e ext4 -e 'I/O \
             error'`; replace the disk.",
        runbook: "machines.md#slurmharootreadonly",
        fires: &[(
            "node_filesystem_readonly{mountpoint='/',role='controller',instance='ctl1'}",
            "1",
        )],
        quiet: &[(
            "node_filesystem_readonly{mountpoint='/',role='controller',instance='ctl1'}",
            "0",
        )],
        ..Alert::COMMON
    },
    // munge refuses what is five minutes apart (munged(8), the default time to live).
    // Measured against the clock of the host that looks.
    Alert {
        name: "SlurmhaClockWrong",
        failure: "A clock is wrong: munge will refuse every request",
        severity: Severity::Critical,
        hold: 120,
        expression: "abs(node_time_seconds - timestamp(node_time_seconds)) > 30",
        summary: "The clock of {{ $labels.instance }} is {{ $value | humanizeDuration }} off",
        description: "`chronyc tracking`, `chronyc sources`; `chronyc makestep` when the source is \
             right. If all machines are off, it is the monitoring host's clock.",
        runbook: "machines.md#slurmhaclockwrong",
        fires: &[("node_time_seconds{instance='cn1'}", "100+15x200")],
        quiet: &[("node_time_seconds{instance='cn1'}", "5+15x200")],
        ..Alert::COMMON
    },
    Alert {
        name: "SlurmhaClockUnsynchronised",
        failure: "A clock runs free",
        hold: 1800,
        expression: "node_timex_sync_status == 0",
        summary: "The clock of {{ $labels.instance }} follows nobody",
        description: "It will drift until munge refuses its requests. `chronyc sources` on {{ \
             $labels.instance }}.",
        runbook: "machines.md#slurmhaclockunsynchronised",
        when: When::TimeServers,
        fires: &[("node_timex_sync_status{instance='cn1'}", "0")],
        quiet: &[("node_timex_sync_status{instance='cn1'}", "1")],
        ..Alert::COMMON
    },
    // A compute node's memory belongs to the jobs.
    Alert {
        name: "SlurmhaMemoryExhausted",
        failure: "A machine is about to kill a process",
        hold: 300,
        expression: "node_memory_MemAvailable_bytes{role!='compute'} / node_memory_MemTotal_bytes \
             < 0.05",
        summary: "{{ $labels.instance }} has {{ $value | humanizePercentage }} of its memory left",
        description: "`ps --sort=-rss -eo rss,user,args | head` on {{ $labels.instance }}.",
        runbook: "machines.md#slurmhamemoryexhausted",
        fires: &[
            ("node_memory_MemAvailable_bytes{role='controller',instance='ctl1'}", "3"),
            ("node_memory_MemTotal_bytes{role='controller',instance='ctl1'}", "100"),
        ],
        quiet: &[
            ("node_memory_MemAvailable_bytes{role='compute',instance='cn1'}", "3"),
            ("node_memory_MemTotal_bytes{role='compute',instance='cn1'}", "100"),
        ],
        ..Alert::COMMON
    },
    Alert {
        name: "SlurmhaOutOfMemoryKill",
        failure: "The kernel has killed a process for its memory",
        hold: 0,
        // Where people work it counts what goes beyond a person's own limit, too.
        expression: "increase(node_vmstat_oom_kill{role!~'compute|login'}[15m]) > 0",
        summary: "The kernel of {{ $labels.instance }} has killed a process to get memory",
        description: "`journalctl -k -g 'out of memory'` on {{ $labels.instance }} says which.",
        runbook: "machines.md#slurmhaoutofmemorykill",
        fires: &[("node_vmstat_oom_kill{role='controller',instance='ctl1'}", "0+0x10 1+0x100")],
        quiet: &[("node_vmstat_oom_kill{role='login',instance='login1'}", "0+0x10 1+0x100")],
        ..Alert::COMMON
    },
    // Of the units that slurmha looks after; Pacemaker's own three are told by it.
    Alert {
        name: "SlurmhaUnitFailed",
        failure: "A daemon has failed",
        hold: 120,
        expression: "node_systemd_unit_state{state='failed',role!='compute',\
             name!~'(slurmctld|slurmdbd|mariadb).service'} == 1",
        summary: "{{ $labels.name }} has failed on {{ $labels.instance }}",
        description: "`systemctl status {{ $labels.name }}`, `journalctl -u {{ $labels.name }} -n \
             50` on {{ $labels.instance }}; then `systemctl restart`.",
        runbook: "machines.md#slurmhaunitfailed",
        fires: &[(
            "node_systemd_unit_state{state='failed',name='chrony.service',role='login',instance='login1'}",
            "1",
        )],
        quiet: &[
            (
                "node_systemd_unit_state{state='failed',name='chrony.service',role='login',instance='login1'}",
                "0",
            ),
            (
                "node_systemd_unit_state{state='failed',name='slurmctld.service',role='controller',instance='ctl2'}",
                "1",
            ),
        ],
        ..Alert::COMMON
    },
    Alert {
        name: "SlurmhaNodeExporterDown",
        failure: "A controller's disks and memory are not watched",
        hold: 300,
        expression: "up{job='node'} == 0 and on (instance) up{job='slurmha'} == 1",
        summary: "The node exporter of {{ $labels.instance }} does not answer",
        description: "`systemctl status prometheus-node-exporter` on {{ $labels.instance }}.",
        runbook: "machines.md#slurmhanodeexporterdown",
        fires: &[
            ("up{job='node',role='controller',instance='ctl1'}", "0"),
            ("up{job='slurmha',instance='ctl1'}", "1"),
        ],
        quiet: &[
            ("up{job='node',role='controller',instance='ctl1'}", "0"),
            ("up{job='slurmha',instance='ctl1'}", "0"),
        ],
        ..Alert::COMMON
    },
];
