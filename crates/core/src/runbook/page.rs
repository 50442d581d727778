// SPDX-License-Identifier: Apache-2.0
//! Runbooks in a browser.

use maud::{Markup, PreEscaped, html};
use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd};

use super::{RUNBOOKS, Runbook, anchor_of, path};
use crate::monitoring::COMPONENTS;
use crate::web_page::{document, served_head};

/// Every alert with the way to its place, and all pages.
pub fn index_page() -> String {
    let content = html! {
        h1 { "Runbooks" }
        p { "What an alert means, how to look, what to type. On every machine of the cluster: "
            code { "slurmha runbook NAME" } "." }
        @for component in &COMPONENTS {
            h2 { (component.name) }
            ul class="plain" {
                @for alert in component.alerts {
                    @if let Some(path) = path(alert) {
                        li { a href=(path) { (alert.name) } " " (alert.failure) }
                    }
                }
            }
        }
        h2 { "All pages" }
        ul class="plain" {
            @for book in RUNBOOKS {
                li { a href={ "/runbooks/" (book.name) } { (book.title()) } }
            }
        }
    };
    frame("runbooks", &content)
}

/// One page.
pub fn page(book: &Runbook) -> String {
    let mut body = String::new();
    pulldown_cmark::html::push_html(&mut body, events(book).into_iter());
    let content = html! {
        (PreEscaped(body))
        p { a href="/runbooks" { "All runbooks" } }
    };
    frame(book.title(), &content)
}

fn frame(title: &str, content: &Markup) -> String {
    let body = html! {
        body class="runbook" { main { (content) p { a href="/" { "Back to the cluster" } } } }
    };
    let head = served_head(&format!("slurmha: {title}"), "/console.css", &html! {});
    document(&head, &body)
}

/// The text with anchors at its headings, and with links that lead somewhere here.
fn events(book: &Runbook) -> Vec<Event<'_>> {
    let mut events: Vec<Event<'_>> = Parser::new_ext(book.text, Options::ENABLE_TABLES).collect();
    let mut dropped = false;
    for at in 0..events.len() {
        match &mut events[at] {
            Event::Start(Tag::Heading { .. }) => {
                let anchor = anchor_of(&words(&events[at + 1..]));
                if let Event::Start(Tag::Heading { id, .. }) = &mut events[at] {
                    *id = Some(anchor.into());
                }
            }
            Event::Start(Tag::Link { dest_url, .. }) => match destination(dest_url, book) {
                Some(here) => *dest_url = here.into(),
                None => {
                    dropped = true;
                    events[at] = Event::Start(Tag::Emphasis);
                }
            },
            Event::End(TagEnd::Link) if std::mem::take(&mut dropped) => {
                events[at] = Event::End(TagEnd::Emphasis);
            }
            // The runbooks have none; a page that a machine serves takes none from a file.
            Event::Html(text) | Event::InlineHtml(text) => {
                let text = std::mem::replace(text, CowStr::Borrowed(""));
                events[at] = Event::Text(text);
            }
            _ => {}
        }
    }
    events
}

/// The words of a heading, from behind its start.
fn words(events: &[Event<'_>]) -> String {
    let inside = events.iter().take_while(|it| !matches!(it, Event::End(TagEnd::Heading(_))));
    let words = inside.filter_map(|event| match event {
        Event::Text(text) | Event::Code(text) => Some(text.as_ref()),
        _ => None,
    });
    words.collect()
}

/// Where a link of the file leads to here: another runbook, or a place on one. The rest
/// of the documentation is not served.
fn destination(link: &str, own: &Runbook) -> Option<String> {
    let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
    let name = if file.is_empty() { own.name } else { file.strip_suffix(".md")? };
    if name == "README" {
        return Some("/runbooks".to_owned());
    }
    let book = RUNBOOKS.iter().find(|book| book.name == name)?;
    let anchor = if anchor.is_empty() { String::new() } else { format!("#{anchor}") };
    Some(format!("/runbooks/{}{anchor}", book.name))
}
