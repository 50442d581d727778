// SPDX-License-Identifier: Apache-2.0
//! The pages on which something is asked for: they need no script.

use jiff::Timestamp;
use maud::{Markup, html};

use super::{Action, Outcome, Refusal};
use crate::web_page::{document, served_head};

/// What is asked for on one page.
#[derive(Clone, Copy)]
pub struct Confirm<'a> {
    /// What it is.
    pub action: &'a Action,
    /// Why not now.
    pub refusal: Option<&'a Refusal>,
    /// How long the scheduler was away when the role last moved, in words.
    pub last_move: Option<&'a str>,
    /// What this session's forms carry.
    pub token: &'a str,
    /// What went wrong before.
    pub message: &'a str,
}

/// How something goes, or went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Course {
    /// What it is.
    pub title: String,
    /// Who asked for it.
    pub user: String,
    /// When it began, and what has been reached since.
    pub steps: Vec<(Timestamp, String)>,
    /// How it ended.
    pub outcome: Option<Outcome>,
}

/// Says what will happen, and asks for the password; or why it does not.
pub fn confirm(it: Confirm<'_>) -> String {
    let title = it.action.title();
    let content = html! {
        h1 { (title) }
        @if let Some(refusal) = it.refusal {
            (refused(refusal))
        } @else {
            h2 { "What will happen" }
            ul class="plain" {
                @for sentence in it.action.consequences() { li { (sentence) } }
                @if let (Action::Switchover(_), Some(last)) = (it.action, it.last_move) {
                    li { "Last time: " (last) "." }
                }
            }
            form method="post" action="/act" {
                p role="alert" class="wrong" { (it.message) }
                input type="hidden" name="verb" value=(it.action.verb());
                input type="hidden" name="controller" value=(it.action.controller());
                input type="hidden" name="token" value=(it.token);
                label {
                    "Password of the actions "
                    input name="password" type="password" autocomplete="off" required autofocus;
                }
                button { (title) }
            }
        }
        p { a href="/" { "Back to the cluster" } }
    };
    frame(&title, false, &content)
}

/// How the latest action goes; asked for again until it is over.
pub fn course(course: Option<&Course>) -> String {
    let Some(course) = course else {
        let content = html! {
            h1 { "Nothing has been done from here since this console began" }
            p { a href="/" { "Back to the cluster" } }
        };
        return frame("nothing done", false, &content);
    };
    let content = html! {
        h1 { (course.title) }
        p class="who" { "asked for by " (course.user) }
        ol class="plain" role="log" {
            @for (at, text) in &course.steps {
                li { time datetime=(at) { (at.strftime("%H:%M:%S UTC")) } " " (text) }
            }
        }
        @match &course.outcome {
            None => p role="status" { "Under way. This page asks again every two seconds." },
            Some(outcome) if outcome.code == 0 => {
                p role="status" class="done" { (outcome.text) }
            }
            Some(outcome) => {
                (refused(&Refusal { text: outcome.text.clone(), next: outcome.next.clone() }))
                p class="who" { "Exit status " (outcome.code) "." }
            }
        }
        p { a href="/" { "Back to the cluster" } }
    };
    frame(&course.title, course.outcome.is_none(), &content)
}

fn refused(refusal: &Refusal) -> Markup {
    html! {
        p role="alert" class="wrong refusal" { (refusal.text) }
        @for next in &refusal.next { p class="next" { (next) } }
    }
}

fn frame(title: &str, goes_on: bool, content: &Markup) -> String {
    let again = html! { @if goes_on { meta http-equiv="refresh" content="2"; } };
    let head = served_head(&format!("slurmha: {title}"), "/console.css", &again);
    document(&head, &html! { body class="login act" { main { article { (content) } } } })
}
