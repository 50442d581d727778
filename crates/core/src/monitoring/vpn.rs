// SPDX-License-Identifier: Apache-2.0
//! The way in from outside.

use super::{Alert, Severity, When};

pub(super) const ALERTS: &[Alert] = &[
    Alert {
        name: "SlurmhaVpnRulesMissing",
        failure: "A gateway's rules are gone: the VPN reaches more than it may",
        severity: Severity::Critical,
        hold: 60,
        expression: "slurmha_vpn_rules_present == 0 and on (instance) slurmha_vpn_interface_up == 1",
        summary: "{{ $labels.instance }} has WireGuard and no rules for it",
        description: "Whoever is connected reaches what the kernel forwards. `systemctl restart \
             slurmha-vpn` on {{ $labels.instance }}, and ask who emptied the rules (`nft flush ruleset`).",
        runbook: "vpn.md#slurmhavpnrulesmissing",
        when: When::Vpn,
        fires: &[
            ("slurmha_vpn_rules_present{instance='login1'}", "0"),
            ("slurmha_vpn_interface_up{instance='login1'}", "1"),
        ],
        quiet: &[
            ("slurmha_vpn_rules_present{instance='login1'}", "0"),
            ("slurmha_vpn_interface_up{instance='login1'}", "0"),
        ],
        ..Alert::COMMON
    },
    Alert {
        name: "SlurmhaVpnDown",
        failure: "A gateway lets nobody in",
        expression: "slurmha_vpn_interface_up == 0",
        summary: "{{ $labels.instance }} has no WireGuard interface",
        description: "Nobody comes in by {{ $labels.instance }}. `systemctl status slurmha-vpn`; \
             `journalctl -u slurmha-vpn -n 20`.",
        runbook: "vpn.md#slurmhavpndown",
        when: When::Vpn,
        fires: &[("slurmha_vpn_interface_up{instance='login1'}", "0")],
        quiet: &[("slurmha_vpn_interface_up{instance='login1'}", "1")],
        ..Alert::COMMON
    },
    Alert {
        name: "SlurmhaVpnStranger",
        failure: "A gateway lets in a key that nobody listed",
        hold: 600,
        expression: "slurmha_vpn_unlisted_peers > 0",
        summary: "{{ $labels.instance }} lets in {{ $value }} keys that are in no file",
        description: "Somebody used `wg set`. `slurmha vpn list site.toml` names the keys; \
             `slurmha apply site.toml` takes them away.",
        runbook: "vpn.md#slurmhavpnstranger",
        when: When::Vpn,
        fires: &[("slurmha_vpn_unlisted_peers{instance='login1'}", "1")],
        quiet: &[("slurmha_vpn_unlisted_peers{instance='login1'}", "0")],
        ..Alert::COMMON
    },
    Alert {
        name: "SlurmhaVpnBlind",
        failure: "A gateway does not tell how it is",
        // Five minutes are an interval of a minute, five times missed. Nothing but NaN is unlike
        // itself: it looks, and is told nothing.
        expression: "time() - node_textfile_mtime_seconds{file=~'.*slurmha-vpn.prom'} > 300 or on \
             (instance) node_systemd_unit_state{name='slurmha-vpn-metrics.timer',state='active'} == 0 \
             or on (instance) slurmha_vpn_interface_up != slurmha_vpn_interface_up or on (instance) \
             slurmha_vpn_rules_present != slurmha_vpn_rules_present",
        summary: "{{ $labels.instance }} does not tell how its VPN is",
        description: "No alert about its VPN can fire. `systemctl status slurmha-vpn-metrics.timer \
             slurmha-vpn-metrics`.",
        runbook: "vpn.md#slurmhavpnblind",
        when: When::Vpn,
        follows: &["SlurmhaMachineDown"],
        like: &["instance"],
        fires: &[(
            "node_textfile_mtime_seconds{file='/var/lib/prometheus/node-exporter/slurmha-vpn.prom',instance='login1'}",
            "-1000",
        )],
        quiet: &[
            (
                "node_textfile_mtime_seconds{file='/var/lib/prometheus/node-exporter/slurmha-vpn.prom',instance='login1'}",
                "0+15x200",
            ),
            (
                "node_systemd_unit_state{name='slurmha-vpn-metrics.timer',state='active',instance='login1'}",
                "1",
            ),
            ("slurmha_vpn_interface_up{instance='login1'}", "0"),
            ("slurmha_vpn_rules_present{instance='login1'}", "0"),
        ],
        ..Alert::COMMON
    },
];
