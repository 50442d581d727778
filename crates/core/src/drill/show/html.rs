// SPDX-License-Identifier: Apache-2.0
//! A report as one HTML file.

mod ledger;
mod log;
mod picture;

use maud::{Markup, html};

use super::page::{page, verdict_class};
use super::text::{NEVER, NOT_AWAITED};
use crate::drill::evidence::Evidence;
use crate::drill::invariant::{Judgement, Outcome};
use crate::drill::report::{Outage, Report};
use crate::drill::time::short;
use crate::drill::words::moment;
use crate::state_save::Takeover;

/// The report, with the evidence behind it.
pub fn render_html(report: &Report, evidence: &Evidence) -> String {
    let verdict = report.verdict.word();
    let title = format!("Drill {} on cluster {}: {verdict}", report.title(), report.cluster);
    let body = html! {
        (head(report))
        (figures(report))
        section {
            h2 { "What happened" }
            p.note { "Seconds after " (report.scenario.event()) ". What is coloured has a text: point at it." }
            (picture::picture(report, evidence))
        }
        (invariants(&report.invariants))
        (writers(report))
        @if let Some(takeover) = &report.takeover { (state(takeover)) }
        (aftermath(report))
        (ledger::ledger(report, evidence))
        (log::log(report, evidence))
        (about(report, evidence))
    };
    page(&title, &body)
}

fn head(report: &Report) -> Markup {
    let sentence = report.sentence();
    html! {
        header {
            p.verdict.(verdict_class(report.verdict)) { (report.verdict.word()) }
            h1 { "Drill " (report.title()) " on cluster " (report.cluster) }
            p { (report.cut.strftime("%Y-%m-%d %H:%M:%S UTC")) ": " (sentence) }
            @if !report.reasons.is_empty() {
                ul { @for reason in &report.reasons { li { (reason) } } }
            }
        }
    }
}

/// What one wants to know first.
fn figures(report: &Report) -> Markup {
    let jobs = &report.jobs;
    html! {
        section.figures {
            (outage("no submission accepted", Some(&report.submit_outage), report, NEVER))
            (outage("no request answered", Some(&report.rpc_outage), report, NEVER))
            (outage("no job began", report.start_outage.as_ref(), report, NEVER))
            @if let Some(accounting) = &report.accounting_outage {
                (outage("accounting did not answer", Some(accounting), report, NOT_AWAITED))
            }
            (figure("acknowledged jobs", jobs.acknowledged, &format!("{} of them found", jobs.found)))
            (figure("lost", jobs.lost.len(), "acknowledged, and unknown in the end"))
            (figure("ran twice", jobs.duplicated.len(), "from the jobs' own marks"))
            @match report.writers_max {
                Some(max) => (figure("writers at a time", max, "at most, as it was seen")),
                None => (figure("writers at a time", "?", "could not be told")),
            }
        }
    }
}

fn figure(what: &str, value: impl ToString, more: &str) -> Markup {
    html! { div.figure { strong { (value.to_string()) } span { (what) } small { (more) } } }
}

fn outage(what: &str, outage: Option<&Outage>, report: &Report, never: &str) -> Markup {
    let Some(outage) = outage else { return figure(what, "?", "could not be told") };
    let from = moment(report.scenario.event(), outage.start_s);
    if outage.ended {
        let until = moment(report.scenario.event(), outage.end_s);
        figure(what, format!("{} s", short(outage.seconds())), &format!("{from} to {until}"))
    } else {
        let value = format!("> {} s", short(outage.seconds()));
        figure(what, value, &format!("since {from}, {never}"))
    }
}

fn invariants(judgements: &[Judgement]) -> Markup {
    html! {
        section {
            h2 { "What had to hold" }
            table {
                @for judgement in judgements {
                    @let (class, word) = outcome(judgement.outcome);
                    tr {
                        td.(class) { (word) }
                        td {
                            (judgement.invariant.sentence())
                            @for finding in &judgement.findings { br; small { (finding) } }
                        }
                    }
                }
            }
        }
    }
}

fn outcome(outcome: Outcome) -> (&'static str, &'static str) {
    match outcome {
        Outcome::Held => ("good", "held"),
        Outcome::WithLoss => ("warn", "with loss"),
        Outcome::Broken => ("bad", "broken"),
    }
}

fn writers(report: &Report) -> Markup {
    html! {
        section {
            h2 { "Who could write" }
            table {
                thead { tr { th { "controller" } th.number { "from" } th.number { "to" } th { "seen" } } }
                @for (node, intervals) in &report.writers {
                    @for interval in intervals {
                        tr {
                            td { (node) }
                            td.number { (short(interval.start_s)) " s" }
                            td.number { (short(interval.end_s)) " s" }
                            td { (interval.signs.join(", ")) }
                        }
                    }
                }
            }
            @if let Some(age) = report.saved_state_age_s {
                p { "slurmctld's job table was " (short(age)) " s old at " (report.scenario.gravest().event()) "." }
            }
        }
    }
}

fn state(takeover: &Takeover) -> Markup {
    html! {
        section {
            h2 { "State after the unclean end" }
            ul {
                @for line in super::text::takeover(takeover) { li { (line) } }
            }
        }
    }
}

fn aftermath(report: &Report) -> Markup {
    html! {
        section {
            h2 { "Afterwards" }
            ul { @for line in super::text::afterwards(report) { li { (line) } } }
        }
    }
}

fn about(report: &Report, evidence: &Evidence) -> Markup {
    let scenario = &report.scenario;
    html! {
        section {
            h2 { "How it was done" }
            p {
                "Run " code { (report.run) } ": " (scenario.load.mix.word()) " submissions at a rate of " (scenario.load.rate) "/s by "
                code { (scenario.load.user) } " from " (report.client)
                @if scenario.load.durable { ", each waiting until it was saved" }
                ", " (scenario.bounds.warm_up.as_secs()) " s before the fault and at least "
                (scenario.bounds.cool_down.as_secs()) " s after scheduling was back."
            }
            table {
                thead { tr { th { "clock of" } th.number { "differs by" } th.number { "at most wrong by" } } }
                @for (node, offset) in &evidence.clocks {
                    tr {
                        td { (node) }
                        td.number { (format!("{:.3} s", offset.add_s)) }
                        td.number { (format!("{:.3} s", offset.error_s)) }
                    }
                }
            }
            @for trouble in &report.troubles { p.bad { "Trouble with the drill itself: " (trouble) } }
            p.note { "Made by slurmha " (env!("CARGO_PKG_VERSION")) " from the evidence of this run, which is kept beside this file." }
        }
    }
}
