// SPDX-License-Identifier: Apache-2.0
//! Where the console listens, and with which certificate.

use super::listener::{check_certificate, check_port};
use crate::layout::CONSOLE_PORT;
use crate::site::fragments::SiteFile;
use crate::site::reader::Report;
use crate::site::rule;

pub(super) fn check(file: &SiteFile, report: &mut Report) {
    let Some(console) = &file.console else { return };
    let who = ("the console", CONSOLE_PORT, &rule::CONSOLE_PORT);
    check_port(console.port.as_ref(), who, &[], report);
    let (certificate, key) = (console.certificate_file.as_ref(), console.key_file.as_ref());
    check_certificate(&console.value, certificate, key, &rule::CONSOLE_CERTIFICATE, report);
}
