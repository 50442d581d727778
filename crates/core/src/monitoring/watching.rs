// SPDX-License-Identifier: Apache-2.0
//! Who watches: exporters, Prometheus, Alertmanager.

use super::{Alert, Severity};

pub(super) const ALERTS: &[Alert] = &[
    Alert {
        name: "SlurmhaExporterDown",
        failure: "A controller says nothing about the cluster",
        hold: 120,
        expression: "up{job='slurmha'} == 0 and on (instance) up{job='node'} == 1",
        summary: "slurmha-exporter on {{ $labels.instance }} does not answer",
        description: "On {{ $labels.instance }}: `systemctl status slurmha-exporter`; `journalctl \
             -u slurmha-exporter -n 20`.",
        runbook: "monitoring.md#slurmhaexporterdown",
        fires: &[
            ("up{job='slurmha',instance='ctl1'}", "0"),
            ("up{job='node',instance='ctl1'}", "1"),
        ],
        quiet: &[
            ("up{job='slurmha',instance='ctl1'}", "1"),
            ("up{job='node',instance='ctl1'}", "1"),
        ],
        ..Alert::COMMON
    },
    // A program that is down has an alert of its own.
    Alert {
        name: "SlurmhaExporterBlind",
        failure: "Something cannot be asked",
        hold: 120,
        expression: "slurmha_collector_up{collector!~'slurmctld|slurmdbd|mariadb'} == 0 or \
             slurmha_collector_up{collector='slurmctld'} == 0 unless on (instance) \
             slurmha_slurmctld_up == 0 or slurmha_collector_up{collector='slurmdbd'} == 0 unless \
             on (instance) slurmha_slurmdbd_up == 0 or slurmha_collector_up{collector='mariadb'} \
             == 0 unless on (instance) slurmha_mariadb_up == 0",
        summary: "{{ $labels.instance }} cannot ask {{ $labels.collector }}",
        description: "Its state is unknown, and no alert about it can fire. `journalctl -u \
             slurmha-exporter -n 20` on {{ $labels.instance }}; `slurmha status`.",
        runbook: "monitoring.md#slurmhaexporterblind",
        fires: &[
            ("slurmha_collector_up{collector='slurmctld',instance='ctl1'}", "0"),
            ("slurmha_slurmctld_up{instance='ctl1'}", "1"),
        ],
        quiet: &[
            ("slurmha_collector_up{collector='drbd',instance='ctl1'}", "0+0x4 1+0x200"),
            ("slurmha_collector_up{collector='slurmctld',instance='ctl1'}", "0"),
            ("slurmha_slurmctld_up{instance='ctl1'}", "0"),
        ],
        ..Alert::COMMON
    },
    Alert {
        name: "SlurmhaMonitoringDown",
        failure: "One of those who watch is down",
        hold: 120,
        expression: "up{job=~'prometheus|alertmanager'} == 0",
        summary: "{{ $labels.job }} on {{ $labels.instance }} does not answer",
        description: "`systemctl status prometheus prometheus-alertmanager` on {{ $labels.instance \
             }}. With one host nobody tells you this: hence the sign of life.",
        runbook: "monitoring.md#slurmhamonitoringdown",
        follows: &["SlurmhaMachineDown"],
        like: &["instance"],
        fires: &[("up{job='alertmanager',instance='login1'}", "0")],
        quiet: &[("up{job='alertmanager',instance='login1'}", "1")],
        ..Alert::COMMON
    },
    Alert {
        name: "SlurmhaRulesFailing",
        failure: "Rules cannot be evaluated",
        hold: 0,
        expression: "increase(prometheus_rule_evaluation_failures_total[15m]) > 0",
        summary: "Prometheus on {{ $labels.instance }} cannot evaluate {{ $labels.rule_group }}",
        description: "Alerts of that group may not fire. `journalctl -u prometheus -n 20` on {{ \
             $labels.instance }} names the rule.",
        runbook: "monitoring.md#slurmharulesfailing",
        fires: &[(
            "prometheus_rule_evaluation_failures_total{rule_group='slurmha',instance='login1'}",
            "0+1x200",
        )],
        quiet: &[(
            "prometheus_rule_evaluation_failures_total{rule_group='slurmha',instance='login1'}",
            "5",
        )],
        ..Alert::COMMON
    },
    Alert {
        name: "SlurmhaNotificationsFailing",
        failure: "Alerts do not reach people",
        severity: Severity::Critical,
        hold: 120,
        expression: "increase(alertmanager_notifications_failed_total[10m]) > 0",
        summary: "Alertmanager on {{ $labels.instance }} cannot deliver by {{ $labels.integration \
             }}",
        description: "`journalctl -u prometheus-alertmanager -n 20` on {{ $labels.instance }}: the \
             mail server, the URL, the password?",
        runbook: "monitoring.md#slurmhanotificationsfailing",
        fires: &[(
            "alertmanager_notifications_failed_total{integration='email',instance='login1'}",
            "0+1x200",
        )],
        quiet: &[(
            "alertmanager_notifications_failed_total{integration='email',instance='login1'}",
            "4",
        )],
        ..Alert::COMMON
    },
    Alert {
        name: "SlurmhaAlertmanagerUnreachable",
        failure: "Prometheus cannot pass its alerts on",
        severity: Severity::Critical,
        hold: 120,
        // Dropped is what no Alertmanager took; errors are counted of each alone.
        expression: "increase(prometheus_notifications_dropped_total[5m]) > 0 or \
             prometheus_notifications_alertmanagers_discovered < 1",
        summary: "Prometheus on {{ $labels.instance }} does not reach an Alertmanager",
        description: "`systemctl status prometheus-alertmanager` on each monitoring host.",
        runbook: "monitoring.md#slurmhaalertmanagerunreachable",
        fires: &[("prometheus_notifications_dropped_total{instance='login1'}", "0+1x200")],
        quiet: &[
            ("prometheus_notifications_errors_total{instance='login1'}", "0+1x200"),
            ("prometheus_notifications_dropped_total{instance='login1'}", "7"),
            ("prometheus_notifications_alertmanagers_discovered{instance='login1'}", "1"),
        ],
        ..Alert::COMMON
    },
    Alert {
        name: "SlurmhaAlertmanagersApart",
        failure: "The two Alertmanagers do not see each other",
        hold: 300,
        expression: "alertmanager_cluster_members < 2",
        summary: "Alertmanager on {{ $labels.instance }} is alone",
        description: "Everything is told twice, and silences hold on one side only. TCP and UDP \
             9094 between the two?",
        runbook: "monitoring.md#slurmhaalertmanagersapart",
        follows: &["SlurmhaMonitoringDown", "SlurmhaMachineDown"],
        fires: &[("alertmanager_cluster_members{instance='login1'}", "1")],
        quiet: &[("alertmanager_cluster_members{instance='login1'}", "2")],
        ..Alert::COMMON
    },
    Alert {
        name: "SlurmhaConfigReloadFailed",
        failure: "Those who watch run with an old configuration",
        hold: 120,
        expression: "prometheus_config_last_reload_successful == 0 or \
             alertmanager_config_last_reload_successful == 0",
        summary: "{{ $labels.job }} on {{ $labels.instance }} could not read its configuration",
        description: "Somebody changed it by hand: `promtool check config \
             /etc/prometheus/prometheus.yml`, `amtool check-config \
             /etc/prometheus/alertmanager.yml`; `slurmha apply` writes it anew.",
        runbook: "monitoring.md#slurmhaconfigreloadfailed",
        fires: &[(
            "prometheus_config_last_reload_successful{job='prometheus',instance='login1'}",
            "0",
        )],
        quiet: &[(
            "prometheus_config_last_reload_successful{job='prometheus',instance='login1'}",
            "1",
        )],
        ..Alert::COMMON
    },
    // When it stops coming, nobody watches. It goes to the heartbeats only.
    Alert {
        name: "SlurmhaWatchdog",
        failure: "None: it always fires",
        severity: Severity::Info,
        hold: 0,
        expression: "vector(1)",
        summary: "The monitoring works",
        description: "It always fires; be alarmed when it does not come.",
        runbook: "monitoring.md#slurmhawatchdog",
        fires: &[("up{job='node',instance='ctl1'}", "1")],
        quiet: &[],
        ..Alert::COMMON
    },
];
