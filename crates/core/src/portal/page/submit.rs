// SPDX-License-Identifier: Apache-2.0
//! The form with which a job is submitted.

use maud::{Markup, html};

use super::frame::{Frame, Here, page};
use crate::portal::cluster::Cluster;
use crate::portal::form::Form;
use crate::portal::protocol::LONGEST_SCRIPT;
use crate::portal::template::TEMPLATES;

/// What the page is made from.
#[derive(Clone, Copy, Debug)]
pub struct SubmitPage<'a> {
    /// What stands in the form.
    pub form: &'a Form,
    /// Where jobs can run, if that is known.
    pub cluster: Option<&'a Cluster>,
    /// What became of the last attempt.
    pub outcome: Option<&'a Outcome>,
}

/// What became of an attempt that is no job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It will not be accepted as it is.
    No(String),
    /// Nothing was done; the same form can be sent again.
    Away(String),
    /// It may have become a job: the user decides.
    Lost(String),
    /// It is under way.
    UnderWay,
    /// The form has become this job before it was changed.
    Changed(String),
}

/// The page.
pub fn submit_page(frame: Frame<'_>, it: &SubmitPage<'_>) -> String {
    let body = html! {
        nav.templates aria-label="Templates" {
            span { "Begin with:" }
            @for template in TEMPLATES { a href={ "/submit?template=" (template.id) } data-template { (template.title) } }
        }
        form.submit method="post" action="/submit" data-most=(LONGEST_SCRIPT) {
            input type="hidden" name="token" value=(it.form.token);
            div.told #told role="status" tabindex="-1" { @if let Some(outcome) = it.outcome { (told(outcome)) } }
            section.editor aria-labelledby="script-title" {
                h2 #script-title { label for="script" { "Script" } }
                textarea #script name="script" rows="22" spellcheck="false" autocapitalize="none" autocomplete="off" wrap="off" required { "\n" (it.form.script) }
                p.note.upload hidden { label { "Or take a file: " input #file type="file"; } }
            }
            section.options aria-labelledby="options-title" {
                h2 #options-title { "Options" }
                p.note { "What is left empty is as the script says, or as is usual here." }
                (field("Name", html! { input name="name" value=(it.form.name) maxlength="200" autocomplete="off"; }))
                (field("Partition", partition(it)))
                (field("Nodes", number("nodes", &it.form.nodes)))
                (field("Tasks", number("tasks", &it.form.tasks)))
                (field("Processors per task", number("cpus_per_task", &it.form.cpus_per_task)))
                (field("Memory per node, MiB", number("memory_mb", &it.form.memory_mb)))
                (field("Minutes at most", number("minutes", &it.form.minutes)))
                button.go { "Submit" }
            }
        }
    };
    page(frame, Here::Submit, "Submit", &body)
}

fn told(outcome: &Outcome) -> Markup {
    html! {
        @match outcome {
            Outcome::No(why) => p.wrong { (why) },
            Outcome::Away(why) => p { b { "Nothing was submitted: " } (why) " Send the form again; it is one job, however often you do." },
            Outcome::UnderWay => p { "It is on the way. Send the form again to see what became of it; it is one job, however often you do." },
            Outcome::Changed(job) => p { "This form has become " a href={ "/jobs/" (job) } { "job " (job) } " already, before it was changed. Send it again to make another job of what it says now." },
            Outcome::Lost(why) => {
                p { b { "It may have been accepted, and no answer came. " } (why) }
                p { "Look among your " a href="/" { "jobs" } " first. " button name="again" value="yes" { "It is not there: submit it again" } }
            },
        }
    }
}

fn field(name: &str, input: Markup) -> Markup {
    html! { label.field { span { (name) } (input) } }
}

fn number(name: &str, value: &str) -> Markup {
    html! { input name=(name) value=(value) inputmode="numeric" pattern="[0-9]*" autocomplete="off"; }
}

fn partition(it: &SubmitPage<'_>) -> Markup {
    let chosen = &it.form.partition;
    let partitions = it.cluster.map(|cluster| cluster.partitions.as_slice()).unwrap_or_default();
    let is_known = partitions.iter().any(|it| it.name == *chosen);
    html! {
        @if partitions.is_empty() {
            input name="partition" value=(chosen) autocomplete="off";
        } @else {
            select name="partition" {
                option value="" selected[chosen.is_empty()] { "as the script says" }
                @if !chosen.is_empty() && !is_known { option value=(chosen) selected { (chosen) } }
                @for partition in partitions {
                    option value=(partition.name) selected[partition.name == *chosen] { (partition.name) ", up to " (partition.limit) }
                }
            }
        }
    }
}
