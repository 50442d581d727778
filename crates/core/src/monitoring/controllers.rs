// SPDX-License-Identifier: Apache-2.0
//! The two controllers, which of them is active, and the VIP.

use super::{Alert, Severity};

pub(super) const ALERTS: &[Alert] = &[
    // Two exporters on two ports, looked at at two times: both silent is no lost
    // packet, so it is told at the next look. The worst case at an interval of 15 s:
    // 15 s until the next look, 10 s until it gives up, 15 s until the rules are
    // looked at, 5 s in Alertmanager.
    Alert {
        name: "SlurmhaControllerDown",
        failure: "A controller has lost its power, its network or its kernel",
        severity: Severity::Critical,
        hold: 0,
        expression: "up{job='slurmha'} == 0 and on (instance) up{job='node'} == 0",
        summary: "Controller {{ $labels.instance }} is down",
        description: "Neither exporter answers. The other controller should have taken over: \
             `slurmha status` says. One more failure ends the service.",
        runbook: "controllers.md#slurmhacontrollerdown",
        fires: &[
            ("up{job='slurmha',instance='ctl1'}", "0"),
            ("up{job='node',instance='ctl1'}", "0"),
        ],
        quiet: &[
            ("up{job='slurmha',instance='ctl1'}", "0"),
            ("up{job='node',instance='ctl1'}", "1"),
        ],
        ..Alert::COMMON
    },
    Alert {
        name: "SlurmhaNoActiveController",
        failure: "Nobody runs the scheduler",
        severity: Severity::Critical,
        // Where one exporter alone is silent the other one does not speak for both.
        expression: "(sum(slurmha_active) or vector(0)) == 0 unless on () (up{job='slurmha'} == 0 \
             and on (instance) up{job='node'} == 1)",
        summary: "No controller is active",
        description: "DRBD is Primary on neither controller, so that nothing of the control plane \
             runs. `slurmha status` says why; jobs that run go on.",
        runbook: "controllers.md#slurmhanoactivecontroller",
        fires: &[
            ("slurmha_active{instance='ctl1'}", "0"),
            ("slurmha_active{instance='ctl2'}", "0"),
        ],
        quiet: &[
            ("slurmha_active{instance='ctl2'}", "0"),
            ("up{job='slurmha',instance='ctl1'}", "0"),
            ("up{job='node',instance='ctl1'}", "1"),
        ],
        ..Alert::COMMON
    },
    // The two are looked at at different times: right after a move both can
    // have been active when they were looked at.
    Alert {
        name: "SlurmhaTwoActiveControllers",
        failure: "Both controllers are active",
        severity: Severity::Critical,
        expression: "sum(slurmha_active) > 1",
        summary: "Both controllers are active",
        description: "DRBD is Primary on both, which it is configured never to allow. Stop one \
             side at once: `pcs node standby` on the one that does not hold the VIP.",
        runbook: "controllers.md#slurmhatwoactivecontrollers",
        fires: &[
            ("slurmha_active{instance='ctl1'}", "1"),
            ("slurmha_active{instance='ctl2'}", "1"),
        ],
        quiet: &[
            ("slurmha_active{instance='ctl1'}", "1"),
            ("slurmha_active{instance='ctl2'}", "0"),
        ],
        ..Alert::COMMON
    },
    Alert {
        name: "SlurmhaVipNowhere",
        failure: "The VIP is on no machine",
        severity: Severity::Critical,
        expression: "sum(slurmha_vip_present) == 0 unless on () (up{job='slurmha'} == 0 and on \
             (instance) up{job='node'} == 1)",
        summary: "The VIP is on no controller",
        description: "No client reaches the scheduler. `crm_mon -1rf` on a controller: is the \
             resource `vip` failed or stopped?",
        runbook: "controllers.md#slurmhavipnowhere",
        follows: &["SlurmhaNoActiveController"],
        fires: &[
            ("slurmha_vip_present{instance='ctl1'}", "0"),
            ("slurmha_vip_present{instance='ctl2'}", "0"),
        ],
        quiet: &[
            ("slurmha_vip_present{instance='ctl2'}", "0"),
            ("up{job='slurmha',instance='ctl1'}", "0"),
            ("up{job='node',instance='ctl1'}", "1"),
        ],
        ..Alert::COMMON
    },
    Alert {
        name: "SlurmhaVipTwice",
        failure: "The VIP is on both machines",
        severity: Severity::Critical,
        expression: "sum(slurmha_vip_present) > 1",
        summary: "The VIP is on both controllers",
        description: "Clients reach now one, now the other. On the controller that is not active: \
             `ip address show`, then take it away with `ip address delete`.",
        runbook: "controllers.md#slurmhaviptwice",
        fires: &[
            ("slurmha_vip_present{instance='ctl1'}", "1"),
            ("slurmha_vip_present{instance='ctl2'}", "1"),
        ],
        quiet: &[
            ("slurmha_vip_present{instance='ctl1'}", "1"),
            ("slurmha_vip_present{instance='ctl2'}", "0"),
        ],
        ..Alert::COMMON
    },
    Alert {
        name: "SlurmhaVipElsewhere",
        failure: "The VIP is not where the scheduler runs",
        severity: Severity::Critical,
        expression: "slurmha_vip_present == 1 and on (instance) slurmha_active == 0",
        summary: "The VIP is on {{ $labels.instance }}, which is not active",
        description: "Clients reach a machine on which nothing listens. `crm_mon -1rf`; `pcs \
             constraint` shows what keeps them apart.",
        runbook: "controllers.md#slurmhavipelsewhere",
        follows: &["SlurmhaNoActiveController"],
        fires: &[
            ("slurmha_vip_present{instance='ctl1'}", "1"),
            ("slurmha_active{instance='ctl1'}", "0"),
        ],
        quiet: &[
            ("slurmha_vip_present{instance='ctl1'}", "1"),
            ("slurmha_active{instance='ctl1'}", "1"),
        ],
        ..Alert::COMMON
    },
    // `slurmha apply` and maintenance by hand need some minutes of it.
    Alert {
        name: "SlurmhaControllerStandby",
        failure: "A controller was set aside and forgotten",
        hold: 600,
        expression: "max by (node, state) \
             (slurmha_pacemaker_node_state{state=~'standby|maintenance'}) == 1",
        summary: "{{ $labels.node }} is in {{ $labels.state }}",
        description: "It would not take over. `pcs node unstandby {{ $labels.node }}` or `pcs node \
             unmaintenance {{ $labels.node }}`.",
        runbook: "controllers.md#slurmhacontrollerstandby",
        follows: &["SlurmhaMaintenanceMode"],
        fires: &[(
            "slurmha_pacemaker_node_state{node='ctl2',state='standby',instance='ctl1'}",
            "1",
        )],
        quiet: &[(
            "slurmha_pacemaker_node_state{node='ctl2',state='standby',instance='ctl1'}",
            "1+0x30 0+0x200",
        )],
        ..Alert::COMMON
    },
    Alert {
        name: "SlurmhaControllerUnclean",
        failure: "A controller is neither in the cluster nor proved dead",
        severity: Severity::Critical,
        hold: 120,
        expression: "max by (node, state) (slurmha_pacemaker_node_state{state=~'unclean|pending'}) \
             == 1",
        summary: "{{ $labels.node }} is {{ $labels.state }}",
        description: "Pacemaker waits for it or for its fence, and may start nothing until then. \
             `stonith_admin --history '*' --verbose`.",
        runbook: "fencing.md#slurmhafencingfailed",
        fires: &[(
            "slurmha_pacemaker_node_state{node='ctl2',state='unclean',instance='ctl1'}",
            "1",
        )],
        quiet: &[(
            "slurmha_pacemaker_node_state{node='ctl2',state='unclean',instance='ctl1'}",
            "1+0x3 0+0x200",
        )],
        ..Alert::COMMON
    },
    Alert {
        name: "SlurmhaControllerOffline",
        failure: "Pacemaker does not run on a controller that does",
        hold: 300,
        expression: "max by (node) (slurmha_pacemaker_node_state{state='offline'}) == 1",
        summary: "{{ $labels.node }} is not in the cluster",
        description: "The machine may run, but it would not take over. On it: `systemctl status \
             corosync pacemaker`.",
        runbook: "controllers.md#slurmhacontrolleroffline",
        follows: &["SlurmhaControllerDown"],
        fires: &[(
            "slurmha_pacemaker_node_state{node='ctl2',state='offline',instance='ctl1'}",
            "1",
        )],
        quiet: &[(
            "slurmha_pacemaker_node_state{node='ctl2',state='offline',instance='ctl1'}",
            "0",
        )],
        ..Alert::COMMON
    },
    Alert {
        name: "SlurmhaReachesNobody",
        failure: "A controller's link to the cluster network is dead",
        severity: Severity::Critical,
        expression: "max by (node) (slurmha_pacemaker_node_reaches_nobody) == 1",
        summary: "{{ $labels.node }} reaches nobody in the cluster network",
        description: "If it was active, the role has moved. On it: `ip -statistics link`; look at \
             the cable and the switch.",
        runbook: "reaches-nobody.md",
        fires: &[("slurmha_pacemaker_node_reaches_nobody{node='ctl1',instance='ctl2'}", "1")],
        quiet: &[("slurmha_pacemaker_node_reaches_nobody{node='ctl1',instance='ctl2'}", "0")],
        ..Alert::COMMON
    },
    Alert {
        name: "SlurmhaWatcherDown",
        failure: "Nobody notices daemons that hang",
        hold: 120,
        expression: "slurmha_watch_running == 0",
        summary: "slurmha-watch does not run on {{ $labels.instance }}",
        description: "A daemon that is frozen would be noticed late or never. On {{ \
             $labels.instance }}: `systemctl status slurmha-watch pacemaker`.",
        runbook: "controllers.md#slurmhawatcherdown",
        fires: &[("slurmha_watch_running{instance='ctl1'}", "0")],
        quiet: &[("slurmha_watch_running{instance='ctl1'}", "1")],
        ..Alert::COMMON
    },
];
