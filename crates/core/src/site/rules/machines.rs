// SPDX-License-Identifier: Apache-2.0
//! Which machine may be what, and how often.

use std::collections::{BTreeMap, HashMap};

use super::roster::{Mention, mentions, role_name};
use super::{and_more, whole_file};
use crate::site::diagnostic::{Diagnostic, Span};
use crate::site::fragment::Fragment;
use crate::site::fragments::{SiteFile, items};
use crate::site::model::Role;
use crate::site::reader::Report;
use crate::site::rule::{self, Rule};

pub(super) fn check(file: &SiteFile, report: &mut Report) {
    check_controller_count(file, report);
    check_pairs(&mentions(file), report);
    if file.lacks("time") {
        report.push(Diagnostic::new(
            &rule::NO_TIME_SERVERS,
            whole_file(file),
            "the file names no time servers, and munge refuses requests between clocks that differ",
            "add:\n[time]\nservers = [\"0.pool.ntp.org\"]   # or [] when there are none on purpose",
        ));
    }
}

fn check_controller_count(file: &SiteFile, report: &mut Report) {
    let controllers = items(file.controller.as_ref());
    let unread = file.controller.is_none() && !file.lacks("controller");
    if controllers.len() == 2 || unread {
        return;
    }
    let span = match controllers {
        [] => whole_file(file),
        [only] => only.span.clone(),
        [_, _, third, ..] => third.span.clone(),
        [_, _] => return,
    };
    let help = match controllers.len() {
        0 | 1 => "write one [[controller]] table for each of the two machines",
        _ => "keep two; another machine can be the [arbiter], which gives the third vote",
    };
    let message = format!("there must be two controllers, not {}", controllers.len());
    report.push(Diagnostic::new(&rule::NOT_TWO_CONTROLLERS, span, message, help));
}

/// A clash between two mentions of one name.
struct Clash<'f> {
    rule: &'static Rule,
    name: &'f str,
    first: (&'f Span, Role),
    second: (&'f Span, Role),
    count: usize,
}

/// Reports each pair of values once, with the first name that clashes.
fn check_pairs(mentions: &[Mention<'_>], report: &mut Report) {
    let mut known: HashMap<String, Vec<&Mention<'_>>> = HashMap::new();
    let mut clashes: BTreeMap<(usize, usize, &str), Clash<'_>> = BTreeMap::new();
    for mention in mentions {
        let (Some(key), Some((name, span))) = (mention.key(), mention.name) else { continue };
        let others = known.entry(key).or_default();
        for other in others.iter() {
            let (Some(rule), Some((_, first))) = (clash(other, mention), other.name) else {
                continue;
            };
            let (first, second) = ((first, other.role), (span, mention.role));
            clashes
                .entry((first.0.start, span.start, rule.code))
                .or_insert(Clash { rule, name, first, second, count: 0 })
                .count += 1;
        }
        // More mentions of one name add nothing, and could be many.
        if others.len() < 4 {
            others.push(mention);
        }
    }
    clashes.values().for_each(|clash| report.push(clash.diagnostic()));
}

fn clash(first: &Mention<'_>, second: &Mention<'_>) -> Option<&'static Rule> {
    let addresses = first.address.zip(second.address);
    match (first.role, second.role) {
        (a, b) if a == b => Some(&rule::DUPLICATE_MACHINE),
        (Role::Controller, Role::Arbiter) => Some(&rule::ARBITER_IS_A_CONTROLLER),
        (Role::Controller, Role::Monitoring) => Some(&rule::MONITORING_ON_WATCHED_MACHINE),
        (Role::Controller, Role::Gateway) | (Role::Gateway, Role::Compute) => {
            Some(&rule::VPN_GATEWAY_INSIDE)
        }
        (Role::Controller, _) => Some(&rule::CONTROLLER_HAS_OTHER_ROLE),
        (Role::Monitoring, Role::Compute) => Some(&rule::MONITORING_ON_WATCHED_MACHINE),
        _ if addresses.is_some_and(|((a, _), (b, _))| a != b) => Some(&rule::TWO_ADDRESSES),
        _ => None,
    }
}

impl Clash<'_> {
    fn diagnostic(&self) -> Diagnostic {
        let name = and_more(self.name, self.count);
        let role = role_name(self.second.1);
        let (message, help) = match self.rule.code {
            code if code == rule::DUPLICATE_MACHINE.code => {
                (format!("{name}: {role} twice"), "remove one of the two, or correct its name")
            }
            code if code == rule::ARBITER_IS_A_CONTROLLER.code => (
                format!("{name} is a controller and the arbiter"),
                "let another machine be the arbiter, such as a login node: the third vote must \
                 survive the machine that it decides about",
            ),
            code if code == rule::MONITORING_ON_WATCHED_MACHINE.code => (
                format!("{name} is {} and {role}", role_name(self.first.1)),
                "use a login node, the arbiter or a machine of its own: who watches must outlive a \
                 controller, and jobs must not starve it",
            ),
            code if code == rule::VPN_GATEWAY_INSIDE.code => (
                format!("{name} is {} and {role}", role_name(self.first.1)),
                "use a login node or a machine of its own: what can be reached from outside is \
                 what is attacked first",
            ),
            code if code == rule::TWO_ADDRESSES.code => (
                format!("{name} has one address here and another one there"),
                "write the same address in both places, or correct one of the names",
            ),
            _ => (
                format!("{name} is a controller and {role}"),
                "use another machine: users' work can starve the control plane, and a fence \
                 would kill it",
            ),
        };
        let diagnostic = Diagnostic::new(self.rule, self.second.0.clone(), message, help);
        if self.first.0 == self.second.0 {
            return diagnostic;
        }
        diagnostic.related(self.first.0.clone(), format!("first as {}", role_name(self.first.1)))
    }
}
