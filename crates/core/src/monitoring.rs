// SPDX-License-Identifier: Apache-2.0
//! The alerts: each way in which a component of the site fails, or is about to.
//!
//! One file per component. An [`Alert`] is data: Prometheus' rules, the
//! inhibitions between them, the table of the guide and the cases with which
//! `promtool test rules` tries each alert all come from here.
//!
//! # Silence while things are moved
//!
//! A planned move takes 10 to 40 s. The exporter asks every 15 s, Prometheus
//! looks every 15 s, and the rules are looked at as often, so that what such a
//! move makes true for a moment (nobody active, the VIP nowhere, slurmctld not
//! answering) is seen for up to 85 s. It has to hold for [`HOLD`] before it is
//! told. `tests/monitoring_rules.rs` plays the longest move and asks for
//! silence. That a machine is gone is told at once: no move makes it true.
//!
//! # Unknown is not down
//!
//! What an exporter could not read is NaN, and a comparison with NaN is false:
//! no alert claims what nobody knows. `SlurmhaExporterBlind` tells that
//! something is not known.

mod accounting;
mod controllers;
mod corosync;
mod drbd;
mod fencing;
mod machines;
mod nodes;
mod pacemaker;
mod pages;
mod scheduler;
mod vpn;
mod watching;

use crate::site::Site;

/// Seconds after which what a planned move makes true is no planned move.
pub const HOLD: u32 = 90;

/// How soon somebody has to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Users notice, or the next failure loses data: now.
    Critical,
    /// The next failure would be noticed by users: today.
    Warning,
    /// Worth knowing.
    Info,
}

impl Severity {
    /// The word in the label `severity`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}

/// Which sites have an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Every site.
    Always,
    /// Those whose lost machines get their power cut.
    Fenced,
    /// Those with a VPN.
    Vpn,
    /// Those with a portal.
    Portal,
    /// Those with a console.
    Console,
    /// Those with either.
    Pages,
    /// Those with time servers: without one the kernel's clock is never
    /// "synchronised", however well the machines agree.
    TimeServers,
}

/// Series as the exporters would send them, with their value. A plain number
/// stays as it is; anything else is in the notation of
/// `promtool test rules`, a value for each 15 s.
pub type Series = &'static [(&'static str, &'static str)];

/// One thing that can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alert {
    /// Its name in Prometheus.
    pub name: &'static str,
    /// What has failed, for the table of the guide.
    pub failure: &'static str,
    /// How soon somebody has to look.
    pub severity: Severity,
    /// Seconds for which the expression has to hold, at an interval of 15 s.
    pub hold: u32,
    /// PromQL; true where it gives a value.
    pub expression: &'static str,
    /// One line, in Prometheus' templates.
    pub summary: &'static str,
    /// What it means and what to type first, in Prometheus' templates.
    pub description: &'static str,
    /// File in `docs/runbooks`, with the anchor where there is one.
    pub runbook: &'static str,
    /// Which sites have it.
    pub when: When,
    /// Alerts that explain this one: while one of them is there, this one is
    /// not told.
    pub follows: &'static [&'static str],
    /// Labels in which it has to be like an alert that explains it, beside the
    /// cluster: a full disk explains nothing of another machine's.
    pub like: &'static [&'static str],
    /// Series with which it fires.
    pub fires: Series,
    /// Series that are nearly so bad, with which it does not.
    pub quiet: Series,
}

impl Alert {
    /// What most alerts have in common.
    const COMMON: Self = Self {
        name: "",
        failure: "",
        severity: Severity::Warning,
        hold: HOLD,
        expression: "",
        summary: "",
        description: "",
        runbook: "",
        when: When::Always,
        follows: &[],
        like: &[],
        fires: &[],
        quiet: &[],
    };

    /// Whether a site has it.
    pub fn concerns(&self, site: &Site) -> bool {
        match self.when {
            When::Always => true,
            When::Vpn => site.vpn.is_some(),
            When::Portal => site.portal.is_some(),
            When::Console => site.console.is_some(),
            When::Pages => site.portal.is_some() || site.console.is_some(),
            When::Fenced => site.is_fenced(),
            When::TimeServers => !site.time_servers.is_empty(),
        }
    }

    /// Seconds for which the expression has to hold at this interval: four
    /// looks at least, because what is moved is seen later then, too.
    pub fn hold_at(&self, interval_s: u64) -> u64 {
        let hold = u64::from(self.hold);
        if hold == 0 { 0 } else { hold.max(4 * interval_s) }
    }
}

/// The alerts about one component.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Component {
    /// Its name, the label `component` and the name of Prometheus' group.
    pub name: &'static str,
    /// Its alerts.
    pub alerts: &'static [Alert],
}

/// Every component, in the order of the guide.
pub const COMPONENTS: [Component; 12] = [
    Component { name: "controllers", alerts: controllers::ALERTS },
    Component { name: "pacemaker", alerts: pacemaker::ALERTS },
    Component { name: "corosync", alerts: corosync::ALERTS },
    Component { name: "drbd", alerts: drbd::ALERTS },
    Component { name: "fencing", alerts: fencing::ALERTS },
    Component { name: "scheduler", alerts: scheduler::ALERTS },
    Component { name: "accounting", alerts: accounting::ALERTS },
    Component { name: "nodes", alerts: nodes::ALERTS },
    Component { name: "vpn", alerts: vpn::ALERTS },
    Component { name: "pages", alerts: pages::ALERTS },
    Component { name: "machines", alerts: machines::ALERTS },
    Component { name: "monitoring", alerts: watching::ALERTS },
];

/// The alert that always fires: when it stops coming, nobody watches.
pub const WATCHDOG: &str = "SlurmhaWatchdog";

/// Every alert with its component's name.
pub fn alerts() -> impl Iterator<Item = (&'static str, &'static Alert)> {
    COMPONENTS
        .iter()
        .flat_map(|component| component.alerts.iter().map(|alert| (component.name, alert)))
}
