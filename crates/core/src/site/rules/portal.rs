// SPDX-License-Identifier: Apache-2.0
//! Where the portal runs and listens, and with which certificate.

use super::listener::{check_certificate, check_port};
use super::roster::{Mention, mentions};
use crate::layout::{CONSOLE_PORT, GRAFANA_PORT, PORTAL_PORT};
use crate::site::diagnostic::Diagnostic;
use crate::site::fragment::Fragment;
use crate::site::fragments::{Portal, SiteFile, items};
use crate::site::model::Role;
use crate::site::reader::Report;
use crate::site::rule;
use crate::site::spanned::Spanned;
use crate::site::value::HostName;

pub(super) fn check(file: &SiteFile, report: &mut Report) {
    let Some(portal) = &file.portal else { return };
    check_hosts(file, portal, report);
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

fn check_hosts(file: &SiteFile, portal: &Spanned<Portal>, report: &mut Report) {
    let hosts = items(portal.hosts.as_ref());
    if hosts.is_empty() && portal.hosts.is_some() {
        report.push(Diagnostic::new(
            &rule::PORTAL_HOST,
            portal.span.clone(),
            "no machine runs the portal",
            "name a login node, such as hosts = [\"login1\"], or remove the table",
        ));
    }
    let mentions = mentions(file);
    for (index, host) in hosts.iter().enumerate() {
        let earlier = hosts.iter().take(index).find(|other| is_same(&other.0, &host.0));
        if let Some((why, help)) = fault(file, &mentions, host, earlier.is_some()) {
            let message = format!("{} cannot run the portal: {why}", host.0);
            report.push(Diagnostic::new(&rule::PORTAL_HOST, host.span.clone(), message, help));
        }
    }
}

/// Why a machine is no host of the portal's, and what to do.
fn fault(
    file: &SiteFile,
    mentions: &[Mention<'_>],
    host: &HostName,
    is_second: bool,
) -> Option<(&'static str, &'static str)> {
    let is = |role: Role| {
        let mut with_role = mentions.iter().filter(|mention| mention.role == role);
        with_role.any(|mention| mention.name.is_some_and(|(name, _)| is_same(name, &host.0)))
    };
    let names_logins = file.login.is_some() || file.lacks("login");
    if is(Role::Controller) {
        Some((
            "it is a controller, whose control plane users' work can starve",
            "name a login node; every [[login]] can be one",
        ))
    } else if is_second {
        Some(("it stands in the list already", "name it once"))
    } else if !is(Role::Login) && names_logins {
        Some((
            "it is no login node, where users have their accounts and homes",
            "name a machine of a [[login]] table, or add one for it",
        ))
    } else {
        None
    }
}

fn is_same(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b)
}
