// SPDX-License-Identifier: Apache-2.0
//! Whether the machines are fit for the site, before anything is changed.
//!
//! A rule can pass, fail, or be unable to tell; the last is never taken for
//! one of the others.

mod addresses;
mod devices;
mod homes;
mod identities;
mod kernel;
mod packages;
mod people;
mod ports;
mod repository;
mod stalls;
mod time;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use serde::Serialize;

use crate::desired::MachineWants;
use crate::observe::{Observation, ObserveRequest, PreflightRequest};
use crate::site::{self, Diagnostic, Machine, NodeName, Role, Site};

/// A machine's answer, or why there is none.
pub type Answer = Result<Observation, NoAnswer>;

/// Why a machine could not be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoAnswer {
    /// What failed, as a sentence.
    pub why: String,
    /// What to type to see it; may be empty.
    pub cure: String,
}

/// Answer of one rule about one machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Name of the rule, such as `clock`.
    pub rule: &'static str,
    /// The machine, or nothing when the rule is about all of them.
    pub machine: Option<NodeName>,
    /// The answer.
    pub verdict: Verdict,
    /// What was found, as a sentence.
    pub message: String,
    /// What to do; empty when there is nothing to do.
    pub cure: String,
    /// Where it stands in the site file, when it is about the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
}

/// A place in the site file; both count from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The character in it.
    pub column: usize,
}

/// How a rule can answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// As it should be.
    Pass,
    /// Works, with something to know.
    Warn,
    /// The rule could not tell.
    Unknown,
    /// Not as it should be.
    Fail,
}

impl Finding {
    fn new(rule: &'static str, machine: &NodeName, verdict: Verdict, message: String) -> Self {
        let (machine, cure) = (Some(machine.clone()), String::new());
        Self { rule, machine, verdict, message, cure, place: None }
    }

    fn pass(rule: &'static str, machine: &NodeName, message: impl Into<String>) -> Self {
        Self::new(rule, machine, Verdict::Pass, message.into())
    }

    fn fail(
        rule: &'static str,
        machine: &NodeName,
        message: impl Into<String>,
        cure: impl Into<String>,
    ) -> Self {
        Self { cure: cure.into(), ..Self::new(rule, machine, Verdict::Fail, message.into()) }
    }

    fn warn(
        rule: &'static str,
        machine: &NodeName,
        message: impl Into<String>,
        cure: impl Into<String>,
    ) -> Self {
        Self { cure: cure.into(), ..Self::new(rule, machine, Verdict::Warn, message.into()) }
    }

    fn unknown(rule: &'static str, machine: &NodeName, message: impl Into<String>) -> Self {
        Self::new(rule, machine, Verdict::Unknown, message.into())
    }
}

/// What is wrong with the text of a site file, in the form of the other findings.
pub fn of_file(text: &str, diagnostics: &[Diagnostic]) -> Vec<Finding> {
    let finding = |diagnostic: &Diagnostic| {
        let (line, column) = site::line_and_column(text, diagnostic.span.start);
        Finding {
            rule: diagnostic.code,
            machine: None,
            verdict: if diagnostic.is_error() { Verdict::Fail } else { Verdict::Warn },
            message: diagnostic.message.clone(),
            cure: diagnostic.help.clone(),
            place: Some(Place { line, column }),
        }
    };
    diagnostics.iter().take(site::MOST_SHOWN).map(finding).collect()
}

/// What `check` has to see of a machine: of what a plan needs, that which a rule reads, and
/// the rest. The controllers are watched for stalls for a while.
pub fn request(site: &Site, wants: &MachineWants, stalls: Duration) -> ObserveRequest {
    let ObserveRequest { packages, users, groups, people, homes, devices, .. } =
        wants.request(site);
    let is_controller = wants.machine.roles.contains(&Role::Controller);
    let preflight = Some(PreflightRequest {
        unused_address: is_controller.then_some(site.vip),
        stalls: is_controller.then_some(stalls),
        fetch: repository::wanted(site, &wants.machine),
    });
    ObserveRequest {
        packages,
        users,
        groups,
        people,
        homes,
        devices,
        preflight,
        ..ObserveRequest::default()
    }
}

/// A machine that answered, with what it should be.
struct Seen<'a> {
    machine: &'a Machine,
    observed: &'a Observation,
}

impl Seen<'_> {
    fn name(&self) -> &NodeName {
        &self.machine.name
    }

    fn is(&self, role: Role) -> bool {
        self.machine.roles.contains(&role)
    }
}

/// Every rule about every machine, failures last so that they are on the
/// screen when the text has scrolled.
pub fn check(site: &Site, answers: &BTreeMap<NodeName, Answer>) -> Vec<Finding> {
    let machines = site.machines();
    let mut findings = Vec::new();
    let mut seen = Vec::new();
    for machine in &machines {
        match answers.get(&machine.name) {
            Some(Ok(observed)) => {
                findings.push(Finding::pass(
                    "reachable",
                    &machine.name,
                    "answers over ssh as root",
                ));
                seen.push(Seen { machine, observed });
            }
            Some(Err(NoAnswer { why, cure })) => {
                findings.push(Finding::fail("reachable", &machine.name, why, cure));
            }
            None => findings.push(Finding::unknown("reachable", &machine.name, "was not asked")),
        }
    }
    for rules in [
        kernel::check,
        packages::check,
        repository::check,
        time::check,
        stalls::check,
        identities::check,
        people::check,
        homes::check,
        addresses::check,
        ports::check,
        devices::check,
    ] {
        findings.extend(rules(site, &seen));
    }
    findings.sort_by_key(|finding| finding.verdict);
    findings
}

/// What most machines have decides what is right for the others.
fn most_frequent<T: Ord>(values: impl Iterator<Item = T>) -> Option<T> {
    let mut counts: BTreeMap<T, usize> = BTreeMap::new();
    for value in values {
        *counts.entry(value).or_default() += 1;
    }
    counts.into_iter().max_by_key(|(_, count)| *count).map(|(value, _)| value)
}

/// Whether anything failed.
pub fn has_failures(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| finding.verdict == Verdict::Fail)
}

/// The findings as text; passes are only counted unless `all` is set.
pub fn explain(findings: &[Finding], all: bool) -> String {
    let mut text = String::new();
    for finding in findings.iter().filter(|f| all || f.verdict != Verdict::Pass) {
        let word = match finding.verdict {
            Verdict::Pass => "ok",
            Verdict::Warn => "warn",
            Verdict::Unknown => "?",
            Verdict::Fail => "FAIL",
        };
        let machine = finding.machine.as_ref().map_or("all", NodeName::as_str);
        let _ = writeln!(text, "{word:<5} {machine:<10} {:<12} {}", finding.rule, finding.message);
        if !finding.cure.is_empty() {
            let _ = writeln!(text, "      hint: {}", finding.cure);
        }
    }
    let count = |verdict| findings.iter().filter(|f| f.verdict == verdict).count();
    let _ = writeln!(
        text,
        "{} passed, {} warnings, {} could not be told, {} failed",
        count(Verdict::Pass),
        count(Verdict::Warn),
        count(Verdict::Unknown),
        count(Verdict::Fail)
    );
    text
}
