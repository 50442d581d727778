// SPDX-License-Identifier: Apache-2.0
//! What all pages have in common: one file, no network, no script; for a
//! screen, a phone, and paper.

use maud::{Markup, PreEscaped, html};

use crate::drill::report::Verdict;
use crate::web_page::document;

const STYLE: &str = include_str!("page.css");

/// Nothing may be loaded, whatever a job's name or a log line says.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// A whole page.
pub(super) fn page(title: &str, body: &Markup) -> String {
    let head = html! {
        meta http-equiv="Content-Security-Policy" content=(POLICY);
        title { (title) }
        style { (PreEscaped(STYLE)) }
    };
    document(&head, &html! { body { (body) } })
}

/// The class of a verdict, for its colour.
pub(super) fn verdict_class(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "good",
        Verdict::PassWithLoss => "warn",
        Verdict::Fail => "bad",
    }
}
