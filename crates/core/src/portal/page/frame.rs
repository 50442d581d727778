// SPDX-License-Identifier: Apache-2.0
//! What all pages have in common.

use jiff::Timestamp;
use maud::{Markup, PreEscaped, html};

use crate::portal::text::span;
use crate::web_page::{self, served_head};

/// Around each page.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// The cluster's name.
    pub cluster: &'a str,
    /// Who has signed in.
    pub user: Option<&'a str>,
    /// That the scheduler does not answer.
    pub away: Option<Away>,
    /// Whether there are terminals.
    pub has_terminal: bool,
}

/// The scheduler does not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Away {
    /// For how many seconds, as far as is known; `None` when it has not answered
    /// since this portal runs.
    pub since_s: Option<u64>,
}

/// Which page is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Here {
    /// The user's jobs.
    Jobs,
    /// One job.
    Job,
    /// The form.
    Submit,
    /// Partitions and nodes.
    Nodes,
    /// A terminal.
    Terminal,
}

impl Here {
    /// Seconds between two looks of the page's script.
    fn every_s(self) -> u8 {
        match self {
            Self::Jobs => 2,
            Self::Submit => 3,
            Self::Job | Self::Nodes | Self::Terminal => 5,
        }
    }
}

/// A page for somebody who has signed in.
pub(super) fn page(frame: Frame<'_>, here: Here, title: &str, body: &Markup) -> String {
    let is_here = |it| (here == it).then_some("page");
    let content = html! {
        a.skip href="#content" { "To the content" }
        header {
            h1 { (frame.cluster) }
            nav aria-label="Pages" {
                a href="/" aria-current=[is_here(Here::Jobs)] { "Jobs" }
                a href="/submit" aria-current=[is_here(Here::Submit)] { "Submit" }
                a href="/nodes" aria-current=[is_here(Here::Nodes)] { "Nodes" }
                @if frame.has_terminal {
                    a href="/terminal" aria-current=[is_here(Here::Terminal)] { "Terminal" }
                }
            }
            @if let Some(user) = frame.user {
                form.out method="post" action="/logout" {
                    span { (user) }
                    button { "Sign out" }
                }
            }
        }
        div #banner data-live role="status" { (banner(frame.away)) }
        main #content tabindex="-1" { (body) }
    };
    document(frame.cluster, title, Some(here.every_s()), "", &content)
}

/// A page that says one thing, and where to go on.
pub fn message_page(frame: Frame<'_>, title: &str, text: &str) -> String {
    let content = html! {
        header { h1 { (frame.cluster) } nav aria-label="Pages" { a href="/" { "Jobs" } a href="/submit" { "Submit" } } }
        main { section.wide { h2 { (title) } p.told { (text) } } }
    };
    document(frame.cluster, title, None, "", &content)
}

/// The whole file.
pub(super) fn document(
    cluster: &str,
    title: &str,
    every_s: Option<u8>,
    class: &str,
    content: &Markup,
) -> String {
    let script = html! { script type="module" src="/portal.js" {} };
    let head = served_head(&format!("{title}: {cluster}"), "/portal.css", &script);
    let body = html! {
        body class=[(!class.is_empty()).then_some(class)] data-every=[every_s] { (content) }
    };
    web_page::document(&head, &body)
}

/// What is known of a scheduler that does not answer, and no more.
fn banner(away: Option<Away>) -> Markup {
    html! {
        @if let Some(away) = away {
            p.away {
                (mark("warning"))
                span {
                    b {
                        "The scheduler does not answer"
                        // What ticks is not read out again and again.
                        @if let Some(seconds) = away.since_s { span.since aria-hidden="true" { ", for " (span(seconds)) " now" } }
                        "."
                    }
                    " It may be moving to the other controller. Jobs that run go on; what you have typed is kept. "
                    "What you see is from before."
                }
            }
        }
    }
}

/// A shape beside each colour.
pub(super) fn mark(tone: &str) -> Markup {
    let shape = match tone {
        "good" => {
            r#"<circle cx="8" cy="8" r="7" stroke="none"/><path d="M4.5 8.3 7 10.8l4.6-5.2"/>"#
        }
        "notice" => {
            r#"<path class="fill" d="M8 .8 15.2 8 8 15.2.8 8z"/><path d="M8 4.6v4M8 11v.6"/>"#
        }
        "warning" => r#"<path class="fill" d="M8 1 15.5 14.6H.5z"/><path d="M8 5.6v4.6M8 12v.6"/>"#,
        "bad" => {
            r#"<path class="fill" d="M5 .8h6L15.2 5v6L11 15.2H5L.8 11V5z"/><path d="m5.2 5.2 5.6 5.6m0-5.6-5.6 5.6"/>"#
        }
        _ => {
            r#"<circle class="hollow" cx="8" cy="8" r="6.6"/><path class="own" d="M6 6.3c0-2.6 4-2.4 4 0 0 1.6-2 1.6-2 3.2M8 11.4v.6"/>"#
        }
    };
    html! { svg.mark.(tone) viewBox="0 0 16 16" aria-hidden="true" { (PreEscaped(shape)) } }
}

/// How a state looks: Slurm's word with the shape of its tone.
pub(super) fn state(word: &str) -> Markup {
    let plain = word.split([' ', '+']).next().unwrap_or_default();
    let tone = match plain {
        "COMPLETED" | "RUNNING" => "good",
        "PENDING" | "COMPLETING" | "CONFIGURING" | "SUSPENDED" | "REQUEUED" => "notice",
        "CANCELLED" | "PREEMPTED" | "REQUEUE_HOLD" | "SPECIAL_EXIT" => "warning",
        "FAILED" | "TIMEOUT" | "NODE_FAIL" | "OUT_OF_MEMORY" | "BOOT_FAIL" | "DEADLINE" => "bad",
        _ => "unknown",
    };
    let words = plain.to_ascii_lowercase().replace('_', " ");
    html! { span.state.(tone) { (mark(tone)) (words) } }
}

/// A moment in UTC, which the script turns into the browser's time.
pub(super) fn when(time: Timestamp) -> Markup {
    let text = time.strftime("%Y-%m-%d %H:%M UTC").to_string();
    html! { time datetime=(time) { (text) } }
}
