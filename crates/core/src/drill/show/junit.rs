// SPDX-License-Identifier: Apache-2.0
//! A report in the form that CI servers read: a suite with a test case for
//! each invariant.
//!
//! There is no standard; this is the part on which the readers agree
//! (attributes of `testsuite`, `testcase`, `failure`, `property`).

use crate::drill::invariant::{Judgement, Outcome};
use crate::drill::report::{Outage, Report};
use crate::drill::time::short;
use crate::xml::Element;

/// The report as XML.
pub fn render_junit(report: &Report) -> String {
    let broken = report.invariants.iter().filter(|it| it.outcome == Outcome::Broken).count();
    let count = |element: Element| {
        element
            .with("tests", report.invariants.len().to_string())
            .with("failures", broken.to_string())
            .with("time", short(report.rpc_outage.seconds()))
    };
    let suite = Element::new("testsuite")
        .with("name", format!("drill {}", report.title()))
        .with("timestamp", report.cut.strftime("%Y-%m-%dT%H:%M:%S").to_string())
        .with("hostname", report.client.as_str());
    let cases = report.invariants.iter().map(|judgement| case(report, judgement));
    let suite = count(suite).child(properties(report)).children(cases);
    let suites = count(Element::new("testsuites").with("name", "slurmha")).child(suite);
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{}", suites.to_xml())
}

fn case(report: &Report, judgement: &Judgement) -> Element {
    let case = Element::new("testcase")
        .with("classname", format!("slurmha.drill.{}", report.scenario.fault_names()))
        .with("name", judgement.invariant.sentence());
    if judgement.outcome != Outcome::Broken {
        return case;
    }
    case.child(
        Element::new("failure")
            .with("type", "broken")
            .with("message", judgement.findings.join("; ")),
    )
}

/// What was measured, and what was lost without being a failure.
fn properties(report: &Report) -> Element {
    let property = |name: &str, value: String| {
        Element::new("property").with("name", name).with("value", value)
    };
    let outage = |outage: &Outage| short(outage.seconds());
    let mut all = vec![
        property("cluster", report.cluster.clone()),
        property("verdict", report.verdict.word().to_owned()),
        property("submit_outage_s", outage(&report.submit_outage)),
        property("rpc_outage_s", outage(&report.rpc_outage)),
        property("jobs.acknowledged", report.jobs.acknowledged.to_string()),
        property("jobs.lost", report.jobs.lost.len().to_string()),
        property("jobs.duplicated", report.jobs.duplicated.len().to_string()),
    ];
    let losses = report.invariants.iter().filter(|it| it.outcome == Outcome::WithLoss);
    all.extend(losses.map(|judgement| property("loss", judgement.findings.join("; "))));
    Element::new("properties").children(all)
}
