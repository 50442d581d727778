// SPDX-License-Identifier: Apache-2.0
//! What is asked of everything that listens to browsers.

use crate::layout::{
    ALERTMANAGER_MESH_PORT, ALERTMANAGER_PORT, CONSOLE_PORT, DRBD_PORT, DURABLE_PORT,
    EXPORTER_PORT, GRAFANA_PORT, NODE_EXPORTER_PORT, PORTAL_PORT, PROMETHEUS_PORT, SLURMCTLD_PORT,
    SLURMDBD_PORT,
};
use crate::site::diagnostic::Diagnostic;
use crate::site::fragment::Fragment;
use crate::site::fragments::SiteFile;
use crate::site::reader::Report;
use crate::site::rule::Rule;
use crate::site::spanned::Spanned;
use crate::site::value::FilePath;

/// What a process without rights can listen at (ip(7)).
const PORTS: std::ops::RangeInclusive<u64> = 1024..=65535;

/// Slurm's 6818 is slurmd's, qnetd's 5403 the arbiter's.
const TAKEN: [u16; 11] = [
    SLURMCTLD_PORT,
    6818,
    SLURMDBD_PORT,
    DURABLE_PORT,
    5403,
    DRBD_PORT,
    EXPORTER_PORT,
    NODE_EXPORTER_PORT,
    PROMETHEUS_PORT,
    ALERTMANAGER_PORT,
    ALERTMANAGER_MESH_PORT,
];

/// A port that nobody else has; `what` listens there, at `default` without the line.
/// `others` are ports that the file gives to somebody else.
pub(super) fn check_port(
    port: Option<&Spanned<u64>>,
    (what, default, rule): (&str, u16, &'static Rule),
    others: &[u64],
    report: &mut Report,
) {
    let Some(port) = port else { return };
    let is_taken =
        TAKEN.iter().any(|taken| u64::from(*taken) == port.value) || others.contains(&port.value);
    if PORTS.contains(&port.value) && !is_taken {
        return;
    }
    let why =
        if is_taken { "another part of the cluster has it" } else { "it is none of 1024 to 65535" };
    report.push(Diagnostic::new(
        rule,
        port.span.clone(),
        format!("{what} cannot listen at port {}: {why}", port.value),
        match port.value == u64::from(default) {
            true => format!("write another one, such as port = {}", default + 1),
            false => format!("write {default}, or remove the line"),
        },
    ));
}

/// Where Grafana listens, if the site has it.
pub(super) fn grafana_port(file: &SiteFile) -> Option<u64> {
    let grafana = file.monitoring.as_ref()?.grafana.as_ref()?;
    effective_port(&grafana.value, grafana.port.as_ref(), GRAFANA_PORT)
}

/// Where the console listens, if the site has it.
pub(super) fn console_port(file: &SiteFile) -> Option<u64> {
    let console = file.console.as_ref()?;
    effective_port(&console.value, console.port.as_ref(), CONSOLE_PORT)
}

/// Where the portal listens, if the site has it.
pub(super) fn portal_port(file: &SiteFile) -> Option<u64> {
    let portal = file.portal.as_ref()?;
    effective_port(&portal.value, portal.port.as_ref(), PORTAL_PORT)
}

/// Where Dex listens, if the site has it: its own port and that of its metrics, which no key of
/// `ood_portal.yml` changes (decision 27).
pub(super) fn dex_ports(file: &SiteFile) -> &'static [u64] {
    match file.ondemand.as_ref().and_then(|ondemand| ondemand.dex.as_ref()) {
        Some(_) => &[5556, 5558],
        None => &[],
    }
}

/// Nothing for a port that could not be read: the default is not what somebody meant there.
fn effective_port<F: Fragment>(
    table: &F,
    port: Option<&Spanned<u64>>,
    default: u16,
) -> Option<u64> {
    let default = table.lacks("port").then_some(u64::from(default));
    port.map(|port| port.value).or(default)
}

/// Both halves of a certificate or none.
pub(super) fn check_certificate<F: Fragment>(
    table: &F,
    certificate_file: Option<&Spanned<FilePath>>,
    key_file: Option<&Spanned<FilePath>>,
    rule: &'static Rule,
    report: &mut Report,
) {
    let (present, absent) = match (certificate_file, key_file) {
        (Some(file), None) if table.lacks("key_file") => (&file.span, "key_file"),
        (None, Some(file)) if table.lacks("certificate_file") => (&file.span, "certificate_file"),
        _ => return,
    };
    report.push(Diagnostic::new(
        rule,
        present.clone(),
        format!("a certificate of your own needs `{absent}`, too"),
        format!(
            "add `{absent}`, or remove this line: each machine then makes a certificate for itself"
        ),
    ));
}
