// SPDX-License-Identifier: Apache-2.0
//! The dashboards: what is looked at before, during and after a failure.
//!
//! One file per dashboard. A [`Dashboard`] is data: Grafana's JSON ([`grafana`]),
//! the pictures in the guide ([`picture`]) and the tests of every query come from
//! here.
//!
//! # Unknown is not zero
//!
//! What an exporter could not read is NaN, and a panel says "unknown" then. So
//! no query hides it: `max()`, which skips NaN, stands only where one controller
//! answers and the other does not know; `avg()`, which does not skip it, where
//! both have to be well. A panel that has no series at all says "unknown", too,
//! unless it says what that means ([`Panel::empty`]).
//!
//! # Colours
//!
//! They are those of Okabe and Ito, which people with any form of colour
//! blindness tell apart, and never alone: whatever has a colour has a word.

mod access;
mod accounting;
mod failover;
pub mod grafana;
pub mod layout;
mod machines;
mod model;
mod overview;
pub mod picture;
mod scheduler;
mod tone;
mod words;

pub use model::{Dashboard, Expression, Level, Mark, Panel, Query, Row, Unit, View, Word};
pub use tone::Tone;

/// Every dashboard, in the order of the guide.
pub const DASHBOARDS: [Dashboard; 6] = [
    overview::DASHBOARD,
    failover::DASHBOARD,
    scheduler::DASHBOARD,
    accounting::DASHBOARD,
    machines::DASHBOARD,
    access::DASHBOARD,
];

/// What is marked in every panel that has a time: what changes everything else.
pub const MARKS: [Mark; 3] = [
    Mark {
        name: "Moves",
        expression: "(slurmha_active == 1) unless (slurmha_active offset 1m == 1)",
        text: "{{instance}} became the active controller",
        value_is_time: false,
        tone: Tone::Good,
    },
    // Grafana wants milliseconds.
    Mark {
        name: "Fences",
        expression: "max by (node) \
                     (slurmha_pacemaker_fencing_last_success_timestamp_seconds) * 1000 > 0",
        text: "{{node}} was fenced",
        value_is_time: true,
        tone: Tone::Bad,
    },
    Mark {
        name: "Failed fences",
        expression: "max by (node) \
                     (slurmha_pacemaker_fencing_last_failure_timestamp_seconds) * 1000 > 0",
        text: "{{node}} could not be fenced",
        value_is_time: true,
        tone: Tone::Bad,
    },
];

/// A query as Prometheus itself reads it, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Title of the dashboard and of the panel.
    pub place: String,
    /// PromQL without Grafana's variables.
    pub expression: String,
    /// Why a healthy cluster may answer nothing; `None` where it has to answer.
    pub may_be_empty: Option<&'static str>,
}

/// Every query of every panel.
pub fn queries() -> Vec<Asked> {
    let panels = DASHBOARDS.iter().flat_map(|dashboard| {
        let panels = dashboard.rows.iter().flat_map(|row| row.panels);
        panels.map(|panel| (dashboard.title, panel))
    });
    let asked = panels.flat_map(|(dashboard, panel)| {
        panel.queries.iter().map(move |query| Asked {
            place: format!("{dashboard}: {}", panel.title),
            expression: without_variables(&query.text(panel.words)),
            may_be_empty: query.may_be_empty,
        })
    });
    asked.collect()
}

/// The expression with values for Grafana's variables: every machine, and an
/// interval in which there are samples even when Prometheus looks once a minute.
fn without_variables(expression: &str) -> String {
    expression.replace("$__rate_interval", "5m").replace("$machine", ".*").replace("$role", ".*")
}
