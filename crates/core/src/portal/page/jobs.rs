// SPDX-License-Identifier: Apache-2.0
//! A user's jobs: those that run, wait, and have ended.

use maud::{Markup, html};

use super::frame::{Frame, Here, mark, page, state, when};
use crate::portal::protocol::EndedJob;
use crate::portal::queue::JobRow;
use crate::portal::reason::words;
use crate::portal::text::{span, visible};

/// Rows of one kind on a page.
const ROWS: usize = 100;

/// What the page is made from.
#[derive(Clone, Copy, Debug)]
pub struct JobsPage<'a> {
    /// The user's jobs that wait or run; `None` when nothing is known yet.
    pub jobs: Option<&'a [JobRow]>,
    /// How many of everybody's lines wait.
    pub all_waiting: usize,
    /// How many seconds ago it was so, where that is long.
    pub age_s: Option<u64>,
    /// Those that have ended, or why that is not known.
    pub ended: Result<&'a [EndedJob], &'a str>,
    /// Of those that wait, how many are passed over.
    pub from: usize,
}

/// The page.
pub fn jobs_page(frame: Frame<'_>, it: &JobsPage<'_>) -> String {
    let jobs = it.jobs.unwrap_or_default();
    let running: Vec<&JobRow> = jobs.iter().filter(|job| !job.is_waiting()).collect();
    let waiting: Vec<&JobRow> = jobs.iter().filter(|job| job.is_waiting()).collect();
    let body = html! {
        div #live data-live {
            @if let Some(age) = it.age_s { p.note { "As of " (span(age)) " ago." } }
            section.wide aria-labelledby="running-title" {
                h2 #running-title { "Running" (count(running.len())) }
                @if it.jobs.is_none() { p.empty { "Not known yet." } }
                @else if running.is_empty() { p.empty { "None of your jobs runs." } }
                @else { (running_table(&running)) }
            }
            section.wide aria-labelledby="waiting-title" {
                h2 #waiting-title { "Waiting" (count(waiting.len())) }
                @if it.jobs.is_none() { p.empty { "Not known yet." } }
                @else if waiting.is_empty() { p.empty { "None of your jobs waits. " a href="/submit" { "Submit one" } } }
                @else { (waiting_list(&waiting, it)) }
            }
            section.wide aria-labelledby="ended-title" {
                h2 #ended-title { "Ended" }
                @match it.ended {
                    Err(why) => p.empty { (why) },
                    Ok([]) => p.empty { "None in the last days." },
                    Ok(ended) => (ended_table(ended)),
                }
            }
        }
    };
    page(frame, Here::Jobs, "Jobs", &body)
}

fn several(count: &str, what: &str) -> String {
    let plural = if count == "1" { "" } else { "s" };
    format!("{count} {what}{plural}")
}

fn count(count: usize) -> Markup {
    html! { @if count > 0 { span.count { (count) } } }
}

fn link(job: &str, id: &str) -> Markup {
    html! { a href={ "/jobs/" (job) } { (id) } }
}

fn running_table(running: &[&JobRow]) -> Markup {
    html! {
        div.scroll { table {
            thead { tr { th { "Job" } th { "Name" } th { "Where" } th { "Time" } th { "State" } } }
            tbody {
                @for job in running.iter().take(ROWS) {
                    tr {
                        td { (link(&job.job.to_string(), &job.id)) }
                        td.name { bdi { (visible(&job.name)) } }
                        td { (job.partition) span.soft { " " (visible(&job.node_list)) } }
                        td.time { (time_bar(job)) }
                        td { (state(&job.state)) }
                    }
                }
            }
        } }
        @if running.len() > ROWS { p.note { "The first " (ROWS) " of " (running.len()) "." } }
    }
}

fn time_bar(job: &JobRow) -> Markup {
    let elapsed = job.elapsed_s.map(span);
    html! {
        @if let Some(elapsed) = &elapsed { (elapsed) }
        @if let Some(limit) = job.limit_s { span.soft { " of " (span(limit)) } }
        @if let Some(percent) = job.percent() {
            meter.notice min="0" max="100" value=(percent) aria-label={ "Job " (job.id) ": part of its time" } { (percent) " %" }
        }
    }
}

fn waiting_list(waiting: &[&JobRow], it: &JobsPage<'_>) -> Markup {
    let from = if it.from < waiting.len() { it.from } else { 0 };
    let shown = &waiting[from..(from + ROWS).min(waiting.len())];
    html! {
        ul.waiting {
            @for job in shown {
                li {
                    (mark("notice"))
                    div {
                        p { (link(&job.job.to_string(), &job.id)) " " bdi.name { (visible(&job.name)) } span.soft { " in " (job.partition) ", " (several(&job.nodes, "node")) ", " (several(&job.cpus, "processor")) } }
                        p { (why(&job.reason)) @if let Some(begins) = job.begins { " Expected to start " (when(begins)) "." } }
                    }
                }
            }
        }
        p.note {
            @if waiting.len() > ROWS { (from + 1) " to " (from + shown.len()) " of " (waiting.len()) ". " }
            @if from > 0 { a href="/" { "First" } " " }
            @if from + shown.len() < waiting.len() { a href={ "/?from=" (from + ROWS) } { "Next" } " " }
            (it.all_waiting) " jobs of everybody wait in this cluster."
        }
    }
}

/// Why a job waits, and what can be done.
pub(super) fn why(reason: &str) -> Markup {
    html! {
        @match words(reason) {
            Some(words) => { (words.why) " " @if !words.cure.is_empty() { b { (words.cure) } " " } span.soft { "(" (visible(reason)) ")" } },
            None => { "Slurm says: " (visible(reason)) "." },
        }
    }
}

fn ended_table(ended: &[EndedJob]) -> Markup {
    html! {
        div.scroll { table {
            thead { tr { th { "Job" } th { "Name" } th { "Where" } th { "Ended" } th { "Exit" } th { "State" } } }
            tbody {
                @for job in ended.iter().take(ROWS) {
                    tr {
                        td { (link(&job.job.to_string(), &job.job.to_string())) }
                        td.name { bdi { (visible(&job.name)) } }
                        td { (job.partition) }
                        td { @if let Some(ended) = job.ended { (when(ended)) } }
                        td { (job.exit) }
                        td { (state(&job.state)) }
                    }
                }
            }
        } }
    }
}
