// SPDX-License-Identifier: Apache-2.0
//! Pages for browsers: systemd starts what has ended again for ever, so that neither unit
//! ever counts as failed, and one that hangs runs.

use super::{Alert, Severity, When};

pub(super) const ALERTS: &[Alert] = &[
    Alert {
        name: "SlurmhaPortalDown",
        failure: "The portal does not answer browsers",
        severity: Severity::Critical,
        expression: "slurmha_portal_up == 0",
        summary: "The portal on {{ $labels.instance }} does not answer",
        description: "Users see no page there; jobs and ssh are not concerned. On \
             {{ $labels.instance }}: `journalctl -u slurmha-pages -n 5` says why, `systemctl restart \
             slurmha-portal` is the cure as a rule.",
        runbook: "pages.md#slurmhaportaldown",
        when: When::Portal,
        fires: &[("slurmha_portal_up{instance='login1'}", "0")],
        // A restart of the portal that meets two looks.
        quiet: &[("slurmha_portal_up{instance='login1'}", "1+0x10 0 0 1+0x200")],
        ..Alert::COMMON
    },
    Alert {
        name: "SlurmhaPortalClosed",
        failure: "The portal answers, and nobody can sign in",
        severity: Severity::Critical,
        expression: "slurmha_portal_sessions_up == 0",
        summary: "No session can start behind the portal on {{ $labels.instance }}",
        description: "The socket is gone at which sessions start; those that run go on. `systemctl \
             start slurmha-portal-session.socket` on {{ $labels.instance }}.",
        runbook: "pages.md#slurmhaportalclosed",
        when: When::Portal,
        fires: &[("slurmha_portal_sessions_up{instance='login1'}", "0")],
        quiet: &[("slurmha_portal_sessions_up{instance='login1'}", "NaN NaN NaN 1+0x200")],
        ..Alert::COMMON
    },
    // There is one on each controller and monitoring host.
    Alert {
        name: "SlurmhaConsoleDown",
        failure: "A console does not answer browsers",
        expression: "slurmha_console_up == 0",
        summary: "The console on {{ $labels.instance }} does not answer",
        description: "The others show the same. On {{ $labels.instance }}: `journalctl -u \
             slurmha-pages -n 5` says why, `systemctl restart slurmha-console` is the cure as a rule.",
        runbook: "pages.md#slurmhaconsoledown",
        when: When::Console,
        fires: &[("slurmha_console_up{instance='ctl1'}", "0")],
        quiet: &[("slurmha_console_up{instance='ctl1'}", "1+0x10 0 0 1+0x200")],
        ..Alert::COMMON
    },
    // Those that a machine made for itself last for ever.
    Alert {
        name: "SlurmhaCertificateExpires",
        failure: "A page's certificate is about to expire",
        hold: 3600,
        expression: "slurmha_page_certificate_expiry_timestamp_seconds - time() < 14 * 86400",
        summary: "The certificate of the {{ $labels.page }} on {{ $labels.instance }} has {{ $value \
             | humanizeDuration }} left",
        description: "Then browsers warn, and refuse where they are told to. Put the new one into \
             the files that the site file names, and `slurmha apply`.",
        runbook: "pages.md#slurmhacertificateexpires",
        when: When::Pages,
        fires: &[(
            "slurmha_page_certificate_expiry_timestamp_seconds{page='portal',instance='login1'}",
            "864000",
        )],
        quiet: &[(
            "slurmha_page_certificate_expiry_timestamp_seconds{page='portal',instance='login1'}",
            "1728000",
        )],
        ..Alert::COMMON
    },
    // What it has told goes with it when it is stopped, and gets old when it hangs. Five
    // minutes are an interval of a minute, five times missed.
    Alert {
        name: "SlurmhaPagesBlind",
        failure: "Nobody looks whether portal and console answer",
        expression: "time() - node_textfile_mtime_seconds{file=~'.*slurmha-pages.prom'} > 300 or on \
             (instance) node_systemd_unit_state{name='slurmha-pages.service',state='active'} == 0",
        summary: "Nobody looks at the pages of {{ $labels.instance }}",
        description: "No alert about them can fire. `systemctl restart slurmha-pages` on \
             {{ $labels.instance }}; `journalctl -u slurmha-pages -n 20`.",
        runbook: "pages.md#slurmhapagesblind",
        when: When::Pages,
        fires: &[(
            "node_systemd_unit_state{name='slurmha-pages.service',state='active',instance='login1'}",
            "0",
        )],
        quiet: &[
            (
                "node_systemd_unit_state{name='slurmha-pages.service',state='active',instance='login1'}",
                "1",
            ),
            (
                "node_textfile_mtime_seconds{file='/var/lib/prometheus/node-exporter/slurmha-pages.prom',instance='login1'}",
                "0+15x200",
            ),
        ],
        ..Alert::COMMON
    },
];
