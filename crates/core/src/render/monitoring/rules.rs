// SPDX-License-Identifier: Apache-2.0
//! The alerts as Prometheus reads them.

use std::fmt::Write as _;

use super::RULES_FILE;
use crate::config_file::ConfigFile;
use crate::monitoring::{Alert, COMPONENTS, Component};
use crate::render::yaml::quoted;
use crate::runbook;
use crate::site::{Monitoring, Site};

/// Prometheus' rules: a group for each component, each alert of the catalogue
/// that concerns the site.
pub fn rules(site: &Site, monitoring: &Monitoring) -> ConfigFile {
    let interval_s = monitoring.interval.as_secs();
    let mut text = crate::render::header("#");
    text.push_str("\ngroups:\n");
    for component in &COMPONENTS {
        let _ = writeln!(text, "  - name: {}\n    rules:", quoted(component.name));
        for alert in component.alerts.iter().filter(|alert| alert.concerns(site)) {
            text.push_str(&rule(site, component, alert, interval_s));
        }
    }
    let mut file = ConfigFile::new(RULES_FILE, text);
    file.validate = Some(["promtool", "check", "rules", "{}"].map(str::to_owned).into());
    file
}

fn rule(site: &Site, component: &Component, alert: &Alert, interval_s: u64) -> String {
    let mut text = format!(
        "      - alert: {}
        expr: {}
        for: \"{}s\"
        labels: {{severity: \"{}\", component: {}}}
        annotations:
          summary: {}
          description: {}
          runbook: {}
",
        quoted(alert.name),
        quoted(alert.expression),
        alert.hold_at(interval_s),
        alert.severity.as_str(),
        quoted(component.name),
        quoted(alert.summary),
        quoted(alert.description),
        quoted(&format!("slurmha runbook {}", alert.name)),
    );
    if let Some(url) = url(site, alert) {
        let _ = writeln!(text, "          runbook_url: {}", quoted(&url));
    }
    text
}

/// Where the console shows it. It is on every monitoring host, and who reads an alert
/// has heard from one.
fn url(site: &Site, alert: &Alert) -> Option<String> {
    let (console, host) = (site.console.as_ref()?, site.monitoring.as_ref()?.hosts.first()?);
    Some(format!("https://{}:{}{}", host.address, console.port, runbook::path(alert)?))
}
