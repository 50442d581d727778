// SPDX-License-Identifier: Apache-2.0
//! One job: how it is, and what it writes.

use maud::{Markup, html};

use super::frame::{Frame, Here, page, state, when};
use super::jobs::why;
use crate::portal::job::JobRef;
use crate::portal::protocol::{JobDetails, Piece, Stream};
use crate::portal::queue::is_waiting;
use crate::portal::text::{span, visible};

/// What the page is made from.
#[derive(Clone, Copy, Debug)]
pub struct JobPage<'a> {
    /// Which.
    pub job: JobRef,
    /// What Slurm knows, or why that is not known.
    pub details: Result<&'a JobDetails, &'a str>,
    /// How many seconds ago Slurm said that, where it says nothing now.
    pub age_s: Option<u64>,
    /// What it has written; nothing when the page's script reads it itself.
    pub written: &'a [Written],
    /// What became of something that was asked for.
    pub message: Option<&'a str>,
}

/// A file of the job, or why it cannot be read.
#[derive(Clone, Debug)]
pub struct Written {
    /// Which.
    pub stream: Stream,
    /// Its end.
    pub piece: Result<Piece, String>,
}

/// The page.
pub fn job_page(frame: Frame<'_>, it: &JobPage<'_>) -> String {
    let body = html! {
        @if let Some(message) = it.message { p.message role="status" { (message) } }
        section.wide #live data-live {
            @if let Some(age) = it.age_s { p.note { "As of " (span(age)) " ago." } }
            @match it.details {
                Ok(details) => (about(details)),
                Err(why) => { h2 { "Job " (it.job) } p.told { (why) } },
            }
        }
        @for written in it.written { (file(it.job, written)) }
    };
    page(frame, Here::Job, &format!("Job {}", it.job), &body)
}

fn about(it: &JobDetails) -> Markup {
    let is_waiting = is_waiting(&it.state);
    let is_there = matches!(
        it.state.as_str(),
        "RUNNING"
            | "SUSPENDED"
            | "COMPLETING"
            | "CONFIGURING"
            | "STOPPED"
            | "RESIZING"
            | "SIGNALING"
            | "STAGE_OUT"
    );
    let is_over = !is_waiting && !is_there;
    let row = |name: &str, value: Markup| html! { div { dt { (name) } dd { (value) } } };
    html! {
        h2.job { "Job " (it.job) " " bdi { (visible(&it.name)) } }
        p.how { (state(&it.state)) @if let Some(reason) = &it.reason { " " (why(reason)) } }
        dl.facts {
            (row("Partition", html! { (it.partition) }))
            @if !it.nodes.is_empty() { (row("Nodes", html! { (visible(&it.nodes)) })) }
            @if let Some(time) = it.submitted { (row("Submitted", when(time))) }
            @if let Some(time) = it.begins { (row(if is_waiting { "Expected to start" } else { "Began" }, when(time))) }
            @if let Some(time) = it.ends { (row(if is_over { "Ended" } else { "Ends by" }, when(time))) }
            @if it.restarts > 0 { (row("Started anew", html! { (it.restarts) " times" })) }
            @if is_over && let Some(exit) = &it.exit { (row("Exit", html! { (exit) })) }
            @if let Some(path) = &it.output_file { (row("Output", html! { bdi { (visible(path)) } })) }
            @if let Some(path) = &it.errors_file { (row("Errors", html! { bdi { (visible(path)) } })) }
        }
        @if !is_over {
            details.cancel {
                summary { "Cancel this job" }
                form method="post" action={ "/jobs/" (it.job) "/cancel" } {
                    p { "It ends at once; what it has written stays." }
                    button.danger { "Yes, cancel job " (it.job) }
                }
            }
        }
    }
}

fn file(job: JobRef, written: &Written) -> Markup {
    let (id, title) = match written.stream {
        Stream::Output => ("output", "Output"),
        Stream::Errors => ("errors", "Errors"),
    };
    let next = written.piece.as_ref().map_or(0, |piece| piece.next);
    html! {
        section.wide aria-labelledby={ (id) "-title" } {
            h2 id={ (id) "-title" } { (title) }
            @match &written.piece {
                Ok(piece) => {
                    @if piece.from > 0 { p.note { "The end; the first " (piece.from) " bytes are not shown." } }
                    @if piece.size.is_none() { p.empty { "There is no file yet." } }
                },
                Err(why) => p.empty { (why) },
            }
            pre.output tabindex="0" data-grows={ "/jobs/" (job) "/output?stream=" (id) } data-next=(next) {
                @if let Ok(piece) = &written.piece { "\n" (piece.text) }
            }
        }
    }
}
