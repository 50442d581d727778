// SPDX-License-Identifier: Apache-2.0
//! Where the console listens, with which certificate, and who may act in it.

use super::listener::{check_certificate, check_port, dex_ports, grafana_port};
use crate::layout::CONSOLE_PORT;
use crate::site::diagnostic::{Diagnostic, Span};
use crate::site::fragment::Fragment as _;
use crate::site::fragments::{Console, SiteFile, items};
use crate::site::reader::Report;
use crate::site::rule;
use crate::site::spanned::Spanned;

pub(super) fn check(file: &SiteFile, report: &mut Report) {
    let Some(console) = &file.console else { return };
    check_own_port(file, console, report);
    let (certificate, key) = (console.certificate_file.as_ref(), console.key_file.as_ref());
    check_certificate(&console.value, certificate, key, &rule::CONSOLE_CERTIFICATE, report);
    check_actions(console, report);
}

/// Every monitoring host has both the console and Grafana, and can have Dex. The default is looked
/// at, too, because Grafana's line can name it.
fn check_own_port(file: &SiteFile, console: &Spanned<Console>, report: &mut Report) {
    let who = ("the console", CONSOLE_PORT, &rule::CONSOLE_PORT);
    let default = Spanned::new(u64::from(CONSOLE_PORT), console.span.clone());
    let port = console.port.as_ref().or(console.lacks("port").then_some(&default));
    let others: Vec<u64> =
        grafana_port(file).into_iter().chain(dex_ports(file).iter().copied()).collect();
    check_port(port, who, &others, report);
}

/// A password of their own, which those who only look do not have.
fn check_actions(console: &Console, report: &mut Report) {
    let actions = items(console.actions.as_ref());
    let password = console.actions_password_file.as_ref();
    let looking = console.password_file.as_ref();
    let mut say = |span: Span, what: &str, cure: &str| {
        report.push(Diagnostic::new(&rule::CONSOLE_ACTIONS, span, what, cure));
    };
    match (actions.first(), password) {
        (Some(first), None) if console.lacks("actions_password_file") => say(
            first.span.clone(),
            "actions need `actions_password_file`: a password that is asked for at each of them",
            "add `actions_password_file`, or remove `actions`: then the page only shows",
        ),
        (None, Some(password)) => say(
            password.span.clone(),
            "a password for actions is of no use without `actions`",
            "add `actions = [\"switchover\"]`, or remove this line",
        ),
        (Some(_), Some(password)) if looking.is_some_and(|it| it.0 == password.0) => say(
            password.span.clone(),
            "who may look is not who may act: the two passwords are in one file",
            "write another password into another file, and name that one here",
        ),
        _ => {}
    }
}
