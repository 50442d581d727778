// SPDX-License-Identifier: Apache-2.0
//! Can people come in, and who is there?

use super::model::good_below;
use super::words::ANSWERS;
use super::{Dashboard, Panel, Query, Row, Tone, Unit, Word};

pub(super) const DASHBOARD: Dashboard = Dashboard {
    name: "access",
    title: "Access",
    about: "Can people come in, and who is there?",
    rows: &[
        Row { title: "Now", panels: NOW },
        Row { title: "Pages for browsers", panels: PAGES },
        Row { title: "What happened", panels: HAPPENED },
    ],
    chooses_machines: false,
};

const NO_VPN: &str = "a site without VPN";

/// Without rules whoever is connected reaches more than they may.
const LOADED: &[Word] = &[Word::new(0, "missing", Tone::Bad), Word::new(1, "loaded", Tone::Good)];

/// Whoever sends has a handshake every two minutes (REKEY_AFTER_TIME, section 6.1 of
/// WireGuard's paper); after three nobody is there.
const CONNECTED: &str = "count(time() - slurmha_vpn_peer_last_handshake_timestamp_seconds < 180) or \
     0 * count(slurmha_vpn_interface_up)";

const NOW: &[Panel] = &[
    Panel {
        title: "Gateways",
        about: "Whether WireGuard's interface is there.",
        width: 6,
        words: ANSWERS,
        queries: &[Query::new("slurmha_vpn_interface_up", "{{instance}}").or_nothing(NO_VPN)],
        ..Panel::STAT
    },
    Panel {
        title: "Rules",
        about: "What keeps those who are connected to ssh on login nodes and the portal.",
        width: 6,
        words: LOADED,
        queries: &[Query::new("slurmha_vpn_rules_present", "{{instance}}").or_nothing(NO_VPN)],
        ..Panel::STAT
    },
    Panel {
        title: "Connected",
        about: "Machines with a handshake in the last three minutes.",
        width: 6,
        queries: &[Query::new(CONNECTED, "").or_nothing(NO_VPN)],
        ..Panel::STAT
    },
    Panel {
        title: "Strangers",
        about: "Keys that a gateway lets in and the site file does not have.",
        width: 6,
        levels: &good_below(1.0, Tone::Bad),
        queries: &[Query::new("sum(slurmha_vpn_unlisted_peers)", "").or_nothing(NO_VPN)],
        ..Panel::STAT
    },
];

const NO_PORTAL: &str = "a site without portal";
const NO_CONSOLE: &str = "a site without console";

const PAGES: &[Panel] = &[
    Panel {
        title: "Portals",
        about: "Whether the portal's sign-in page came within ten seconds, asked on its own host.",
        width: 8,
        words: ANSWERS,
        queries: &[Query::new("slurmha_portal_up", "{{instance}}").or_nothing(NO_PORTAL)],
        ..Panel::STAT
    },
    Panel {
        title: "Sign-in",
        about: "Whether users' sessions can start behind the portal.",
        width: 8,
        words: ANSWERS,
        queries: &[Query::new("slurmha_portal_sessions_up", "{{instance}}").or_nothing(NO_PORTAL)],
        ..Panel::STAT
    },
    Panel {
        title: "Consoles",
        about: "Whether each console's sign-in page came within ten seconds.",
        width: 8,
        words: ANSWERS,
        queries: &[Query::new("slurmha_console_up", "{{instance}}").or_nothing(NO_CONSOLE)],
        ..Panel::STAT
    },
    Panel {
        title: "How soon pages answer",
        about: "With TLS, on the machine itself. A gap where a page did not answer.",
        width: 24,
        unit: Unit::Seconds,
        queries: &[
            Query::new("slurmha_portal_answer_seconds", "portal on {{instance}}")
                .or_nothing(NO_PORTAL),
            Query::new("slurmha_console_answer_seconds", "console on {{instance}}")
                .or_nothing(NO_CONSOLE),
        ],
        ..Panel::COMMON
    },
];

const HAPPENED: &[Panel] = &[
    Panel {
        title: "Who is there",
        about: "Seconds since each machine's last handshake: below 180 while it is connected.",
        width: 24,
        unit: Unit::Seconds,
        queries: &[Query::new(
            "time() - (slurmha_vpn_peer_last_handshake_timestamp_seconds > 0)",
            "{{peer}} at {{instance}}",
        )
        .or_nothing("a site without VPN, or one into which nobody came")],
        ..Panel::COMMON
    },
    Panel {
        title: "Sent by people",
        about: "What came through each tunnel.",
        unit: Unit::BytesPerSecond,
        queries: &[Query::new(
            "rate(slurmha_vpn_peer_receive_bytes_total[$__rate_interval])",
            "{{peer}} at {{instance}}",
        )
        .or_nothing(NO_VPN)],
        ..Panel::COMMON
    },
    Panel {
        title: "Sent to people",
        about: "What went through each tunnel.",
        unit: Unit::BytesPerSecond,
        queries: &[Query::new(
            "rate(slurmha_vpn_peer_transmit_bytes_total[$__rate_interval])",
            "{{peer}} at {{instance}}",
        )
        .or_nothing(NO_VPN)],
        ..Panel::COMMON
    },
];
