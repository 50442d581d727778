// SPDX-License-Identifier: Apache-2.0
//! What all pages have in common: one file, no network, no script; for a
//! screen, a phone, and paper.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::drill::report::Verdict;

const STYLE: &str = include_str!("page.css");

/// Nothing may be loaded, whatever a job's name or a log line says.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// A whole page.
pub(super) fn page(title: &str, body: &Markup) -> String {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body { (body) }
        }
    }
    .into_string()
}

/// The class of a verdict, for its colour.
pub(super) fn verdict_class(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "good",
        Verdict::PassWithLoss => "warn",
        Verdict::Fail => "bad",
    }
}
