// SPDX-License-Identifier: Apache-2.0
//! What Prometheus, Alertmanager, the node exporters and Grafana read.
//!
//! Debian 12: Prometheus 2.42.0, Alertmanager 0.25.0, node exporter 1.5.0.
//! Nothing here uses an option that came later.

mod alertmanager;
mod grafana;
mod options;
mod prometheus;
mod rules;

pub use alertmanager::alertmanager;
pub use grafana::{GRAFANA_UNIT, Grafana, grafana};
pub use options::{
    ALERTMANAGER_UNIT, NODE_EXPORTER_UNIT, PROMETHEUS_UNIT, node_exporter, on_a_host,
    units_of_a_host,
};
pub use prometheus::prometheus;
pub use rules::rules;

/// Prometheus' configuration.
pub const PROMETHEUS_FILE: &str = "/etc/prometheus/prometheus.yml";
/// The alerts.
pub const RULES_FILE: &str = "/etc/prometheus/slurmha.rules.yml";
/// Alertmanager's configuration.
pub const ALERTMANAGER_FILE: &str = "/etc/prometheus/alertmanager.yml";
