// SPDX-License-Identifier: Apache-2.0
//! Where the portal runs and listens, and with which certificate.

use super::listener::{check_certificate, check_port};
use super::login_hosts::check_hosts;
use crate::layout::{CONSOLE_PORT, GRAFANA_PORT, PORTAL_PORT};
use crate::site::fragments::SiteFile;
use crate::site::reader::Report;
use crate::site::rule;
use crate::site::spanned::Spanned;

pub(super) fn check(file: &SiteFile, report: &mut Report) {
    let Some(portal) = &file.portal else { return };
    let hosts = portal.hosts.as_ref();
    check_hosts(file, hosts, &portal.span, ("the portal", &rule::PORTAL_HOST), report);
    let who = ("the portal", PORTAL_PORT, &rule::PORTAL_PORT);
    let default = Spanned::new(u64::from(PORTAL_PORT), portal.span.clone());
    let port = portal.port.as_ref().unwrap_or(&default);
    check_port(Some(port), who, &others(file), report);
    let (certificate, key) = (portal.certificate_file.as_ref(), portal.key_file.as_ref());
    check_certificate(&portal.value, certificate, key, &rule::PORTAL_CERTIFICATE, report);
}

/// A login node can be a monitoring host, too.
fn others(file: &SiteFile) -> Vec<u64> {
    let port = |port: Option<&Spanned<u64>>, default: u16| {
        port.map_or_else(|| u64::from(default), |port| port.value)
    };
    let monitoring = file.monitoring.as_ref();
    let grafana = monitoring.and_then(|monitoring| monitoring.grafana.as_ref());
    let grafana = grafana.map(|grafana| port(grafana.port.as_ref(), GRAFANA_PORT));
    let console = file.console.as_ref().map(|it| port(it.port.as_ref(), CONSOLE_PORT));
    grafana.into_iter().chain(console).collect()
}
