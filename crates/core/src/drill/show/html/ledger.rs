// SPDX-License-Identifier: Apache-2.0
//! Every submission, with what became of it.

use std::collections::BTreeMap;

use maud::{Markup, html};

use crate::drill::evidence::{Evidence, Submission};
use crate::drill::report::{Jobs, Report};
use crate::drill::time::{seconds, short};

pub(super) fn ledger(report: &Report, evidence: &Evidence) -> Markup {
    let fates = Fates::of(&report.jobs);
    html! {
        section.long {
            h2 { "Every submission" }
            @if let Some(why) = &report.jobs.unknown { p.bad { (why) } }
            details {
                summary { (evidence.submissions.len()) " submissions by " (report.client) }
                table {
                    thead { tr { th { "job" } th { "kind" } th.number { "id" } th.number { "sent" } th.number { "answered" } th { "what became of it" } } }
                    @for submission in &evidence.submissions {
                        @let (class, fate) = fates.of_submission(submission);
                        tr {
                            td { code { (submission.name) } }
                            td { (submission.work.words()) @if let Some(job) = &submission.waits_for { " (" (job) ")" } }
                            td.number { @if let Some((id, _)) = submission.acknowledged() { (id) } }
                            td.number { (at(evidence, submission.sent)) }
                            td.number { @if let Some(answer) = &submission.answer { (at(evidence, answer.at)) } }
                            td.(class) { (fate) }
                        }
                    }
                }
            }
        }
    }
}

fn at(evidence: &Evidence, moment: jiff::Timestamp) -> String {
    let moment = evidence.on_drill_clock(&evidence.client, moment);
    format!("{} s", short(seconds(evidence.cut, moment)))
}

/// What is worth saying of a job, by its name.
struct Fates(BTreeMap<String, (&'static str, String)>);

impl Fates {
    fn of(jobs: &Jobs) -> Self {
        let class = |unsaved: bool| if unsaved { "warn" } else { "bad" };
        let mut fates = BTreeMap::new();
        for name in &jobs.unfinished {
            fates.insert(name.clone(), ("bad", "had not ended when the drill did".to_owned()));
        }
        for job in &jobs.failed {
            let ran = if job.ran { ", but it ran to its end" } else { "" };
            fates.insert(job.name.clone(), (class(job.unsaved), format!("{}{ran}", job.end())));
        }
        for job in &jobs.duplicated {
            let starts: Vec<String> = job.starts_s.iter().map(|at| short(*at)).collect();
            let text = format!("ran more than once, began at {} s", starts.join(" and "));
            fates.insert(job.name.clone(), (class(job.unsaved), text));
        }
        for job in &jobs.lost {
            let ran = if job.ran { "lost, but it ran" } else { "lost" };
            let saved = if job.unsaved { ": not yet saved" } else { "" };
            fates.insert(job.name.clone(), (class(job.unsaved), format!("{ran}{saved}")));
        }
        for order in &jobs.orders.lost {
            let saved = if order.unsaved { ": not yet saved" } else { "" };
            let text = format!("the order to {} it is lost{saved}", order.what);
            fates.insert(order.name.clone(), (class(order.unsaved), text));
        }
        for name in &jobs.orders.early {
            fates.insert(name.clone(), ("bad", "began too early".to_owned()));
        }
        Self(fates)
    }

    fn of_submission(&self, submission: &Submission) -> (&'static str, String) {
        // Of an array, what is worth saying of the first such job of it.
        let mut jobs = submission.jobs().into_iter();
        if let Some((name, (class, fate))) = jobs.find_map(|job| self.0.get_key_value(&job)) {
            let of_array = name.strip_prefix(&submission.name).unwrap_or_default();
            return (class, format!("{of_array} {fate}").trim().to_owned());
        }
        match &submission.answer {
            None => ("warn", "no answer when the drill ended".to_owned()),
            Some(answer) => match &answer.result {
                Ok(_) => ("good", "found".to_owned()),
                Err(why) => ("warn", format!("refused: {why}")),
            },
        }
    }
}
