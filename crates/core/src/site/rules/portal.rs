// SPDX-License-Identifier: Apache-2.0
//! Where the portal runs and listens, and with which certificate.

use super::listener::{check_certificate, check_port, console_port, dex_ports, grafana_port};
use super::login_hosts::check_hosts;
use crate::layout::PORTAL_PORT;
use crate::site::fragment::Fragment as _;
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
    // The default of a port that could not be read is not what somebody meant there.
    let port = portal.port.as_ref().or(portal.lacks("port").then_some(&default));
    check_port(port, who, &others(file), report);
    let (certificate, key) = (portal.certificate_file.as_ref(), portal.key_file.as_ref());
    check_certificate(&portal.value, certificate, key, &rule::PORTAL_CERTIFICATE, report);
}

/// A login node can be a monitoring host, too.
fn others(file: &SiteFile) -> Vec<u64> {
    let pages = grafana_port(file).into_iter().chain(console_port(file));
    pages.chain(dex_ports(file).iter().copied()).collect()
}
