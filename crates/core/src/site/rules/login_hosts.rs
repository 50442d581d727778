// SPDX-License-Identifier: Apache-2.0
//! Which machines can run pages on which users work as themselves.

use super::roster::{Mention, mentions};
use crate::site::diagnostic::{Diagnostic, Span};
use crate::site::fragment::Fragment;
use crate::site::fragments::{Many, SiteFile, items};
use crate::site::model::Role;
use crate::site::reader::Report;
use crate::site::rule::Rule;
use crate::site::spanned::Spanned;
use crate::site::value::HostName;

/// Login nodes, each once, and at least one; `what` runs there.
pub(super) fn check_hosts(
    file: &SiteFile,
    hosts: Option<&Spanned<Many<HostName>>>,
    table: &Span,
    (what, rule): (&str, &'static Rule),
    report: &mut Report,
) {
    let named = items(hosts);
    if named.is_empty() && hosts.is_some() {
        report.push(Diagnostic::new(
            rule,
            table.clone(),
            format!("no machine runs {what}"),
            "name a login node, such as hosts = [\"login1\"], or remove the table",
        ));
    }
    let mentions = mentions(file);
    for (index, host) in named.iter().enumerate() {
        let earlier = named.iter().take(index).find(|other| is_same(&other.0, &host.0));
        if let Some((why, help)) = fault(file, &mentions, host, earlier.is_some()) {
            let message = format!("{} cannot run {what}: {why}", host.0);
            report.push(Diagnostic::new(rule, host.span.clone(), message, help));
        }
    }
}

/// Why a machine is no host, and what to do.
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
