// SPDX-License-Identifier: Apache-2.0
//! What every page of slurmha's has around it, whoever serves it.

use maud::{DOCTYPE, Markup, html};

/// A whole page: what no head does without, the rest of this one's, and the
/// element `body`.
pub(crate) fn document(head: &Markup, body: &Markup) -> String {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                (head)
            }
            (body)
        }
    }
    .into_string()
}

/// The head of a page that a server gives out with files beside it. Nothing
/// in it comes from another host, and nothing is inline: the policy of the
/// servers refuses both.
pub(crate) fn served_head(title: &str, stylesheet: &str, more: &Markup) -> Markup {
    html! {
        meta name="color-scheme" content="light dark";
        title { (title) }
        link rel="icon" href="/icon.svg";
        link rel="stylesheet" href=(stylesheet);
        (more)
    }
}
