// SPDX-License-Identifier: Apache-2.0
//! Where the console listens, and with which certificate.

use crate::layout::{
    ALERTMANAGER_MESH_PORT, ALERTMANAGER_PORT, DRBD_PORT, DURABLE_PORT, EXPORTER_PORT,
    NODE_EXPORTER_PORT, PROMETHEUS_PORT, SLURMCTLD_PORT, SLURMDBD_PORT,
};
use crate::site::diagnostic::Diagnostic;
use crate::site::fragment::Fragment;
use crate::site::fragments::{Console, SiteFile};
use crate::site::reader::Report;
use crate::site::rule;
use crate::site::spanned::Spanned;

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

pub(super) fn check(file: &SiteFile, report: &mut Report) {
    let Some(console) = &file.console else { return };
    check_port(console, report);
    check_certificate(console, report);
}

fn check_port(console: &Spanned<Console>, report: &mut Report) {
    let Some(port) = &console.port else { return };
    let is_taken = TAKEN.iter().any(|taken| u64::from(*taken) == port.value);
    if PORTS.contains(&port.value) && !is_taken {
        return;
    }
    let why =
        if is_taken { "another part of the cluster has it" } else { "it is none of 1024 to 65535" };
    report.push(Diagnostic::new(
        &rule::CONSOLE_PORT,
        port.span.clone(),
        format!("the console cannot listen at port {}: {why}", port.value),
        "write 9818, or remove the line",
    ));
}

fn check_certificate(console: &Spanned<Console>, report: &mut Report) {
    let (present, absent) = match (&console.certificate_file, &console.key_file) {
        (Some(file), None) if console.lacks("key_file") => (&file.span, "key_file"),
        (None, Some(file)) if console.lacks("certificate_file") => (&file.span, "certificate_file"),
        _ => return,
    };
    report.push(Diagnostic::new(
        &rule::CONSOLE_CERTIFICATE,
        present.clone(),
        format!("a certificate of your own needs `{absent}`, too"),
        format!(
            "add `{absent}`, or remove this line: each machine then makes a certificate for itself"
        ),
    ));
}
