// SPDX-License-Identifier: Apache-2.0
//! Open OnDemand: where it runs and listens, whom it trusts, and what it needs.

use super::listener::{console_port, dex_ports, grafana_port, portal_port};
use super::login_hosts::check_hosts;
use crate::layout::ONDEMAND_PORT;
use crate::site::diagnostic::Diagnostic;
use crate::site::fragment::Fragment;
use crate::site::fragments::{Ondemand, OndemandDex, SiteFile};
use crate::site::reader::Report;
use crate::site::rule;
use crate::site::spanned::Spanned;

/// Ports of others that a login node can have: sshd, what Apache needs itself, the VPN is
/// UDP, slurmd, qnetd, the monitoring.
const TAKEN: [u16; 8] = [22, 80, 5403, 6818, 9090, 9093, 9094, 9100];

pub(super) fn check(file: &SiteFile, report: &mut Report) {
    let Some(ondemand) = &file.ondemand else { return };
    let hosts = ondemand.hosts.as_ref();
    let who = ("Open OnDemand", &rule::ONDEMAND_HOST);
    check_hosts(file, hosts, &ondemand.span, who, report);
    check_name(ondemand, report);
    check_port(file, ondemand, report);
    check_certificate(ondemand, report);
    check_auth(ondemand, report);
    check_node(ondemand, report);
}

fn check_name(ondemand: &Spanned<Ondemand>, report: &mut Report) {
    let Some(name) = &ondemand.servername else { return };
    if name.0.contains('.') && name.is_name() {
        return;
    }
    report.push(Diagnostic::new(
        &rule::ONDEMAND_SERVERNAME,
        name.span.clone(),
        format!("`{}` is no name with a domain", name.0),
        "write the name for which the certificate is made out: portal.example.edu",
    ));
}

fn check_port(file: &SiteFile, ondemand: &Spanned<Ondemand>, report: &mut Report) {
    let Some(port) = &ondemand.port else { return };
    let others = others(file);
    let is_free =
        |port: u64| !TAKEN.iter().any(|taken| u64::from(*taken) == port) && !others.contains(&port);
    let (why, help) = match port.value {
        // Where an authority looks (RFC 8737, section 3; mod_md's MDPortMap).
        other if ondemand.acme.is_some() && other != u64::from(ONDEMAND_PORT) => {
            ("the authority of [ondemand.acme] looks at 443", "write 443, or remove the line")
        }
        1..=65535 if is_free(port.value) => return,
        1..=65535 => ("another part of its host has it", "write 443, or remove the line"),
        _ => ("it is none of 1 to 65535", "write 443, or remove the line"),
    };
    report.push(Diagnostic::new(
        &rule::ONDEMAND_PORT,
        port.span.clone(),
        format!("Open OnDemand cannot listen at port {}: {why}", port.value),
        help,
    ));
}

/// Ports that the file gives to somebody else on a login node.
fn others(file: &SiteFile) -> Vec<u64> {
    let pages = [grafana_port(file), console_port(file), portal_port(file)];
    pages.into_iter().flatten().chain(dex_ports(file).iter().copied()).collect()
}

/// None is no choice: the generator tells browsers to insist on a certificate that they
/// trust for two years (`security_strict_transport`).
fn check_certificate(ondemand: &Spanned<Ondemand>, report: &mut Report) {
    let has = |key: &str| !ondemand.lacks(key);
    let (file, key, acme) = (has("certificate_file"), has("key_file"), has("acme"));
    let (message, help) = match (file, key, acme) {
        (true, true, false) | (false, false, true) => return,
        (false, false, false) => (
            "Open OnDemand has no certificate",
            "add `certificate_file` and `key_file`, or [ondemand.acme] with a `contact`",
        ),
        (_, _, true) => (
            "the certificate comes from a file and from [ondemand.acme]",
            "remove [ondemand.acme], or `certificate_file` and `key_file`",
        ),
        (false, true, false) => ("the key has no certificate", "add `certificate_file`"),
        (true, false, false) => ("the certificate has no key", "add `key_file`"),
    };
    let span = ondemand.span.clone();
    report.push(Diagnostic::new(&rule::ONDEMAND_CERTIFICATE, span, message, help));
}

fn check_auth(ondemand: &Spanned<Ondemand>, report: &mut Report) {
    if let (Some(_), Some(dex)) = (&ondemand.oidc, &ondemand.dex) {
        report.push(Diagnostic::new(
            &rule::ONDEMAND_AUTH,
            dex.span.clone(),
            "the provider of [ondemand.oidc] and Dex would both say who somebody is",
            "remove one of the two tables; without both, the host's PAM asks for a password",
        ));
    }
    if let Some(issuer) = ondemand.oidc.as_ref().and_then(|oidc| oidc.issuer.as_ref())
        && !issuer.0.starts_with("https://")
    {
        report.push(Diagnostic::new(
            &rule::ONDEMAND_ISSUER,
            issuer.span.clone(),
            "whoever is between the portal and this provider could be any user",
            "write its https:// URL",
        ));
    }
    if let Some(dex) = &ondemand.dex {
        check_bind(dex, report);
    }
}

fn check_bind(dex: &Spanned<OndemandDex>, report: &mut Report) {
    let (present, absent) = match (&dex.bind_dn, &dex.bind_password_file) {
        (Some(dn), None) if dex.lacks("bind_password_file") => (&dn.span, "bind_password_file"),
        (None, Some(file)) if dex.lacks("bind_dn") => (&file.span, "bind_dn"),
        _ => return,
    };
    report.push(Diagnostic::new(
        &rule::ONDEMAND_BIND,
        present.clone(),
        format!("an account in the directory needs `{absent}`, too"),
        format!("add `{absent}`, or remove this line when the directory answers everybody"),
    ));
}

/// Of a repository that the file names nothing is known.
fn check_node(ondemand: &Spanned<Ondemand>, report: &mut Report) {
    if ondemand.lacks("repository") && ondemand.lacks("node") {
        report.push(Diagnostic::new(
            &rule::ONDEMAND_NODE,
            ondemand.span.clone(),
            "Open OnDemand 4.2 needs Node.js 22, and Debian 12 has 18",
            "add [ondemand.node] with `key_file`, the key of NodeSource's repository; or write a \
             `repository` that has both",
        ));
    }
}
