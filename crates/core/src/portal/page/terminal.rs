// SPDX-License-Identifier: Apache-2.0
//! A terminal on the login node.

use maud::html;

use super::frame::{Frame, Here, page};

/// The page; its script does the rest.
pub fn terminal_page(frame: Frame<'_>, host: &str) -> String {
    let body = html! {
        section.wide.terminal aria-labelledby="terminal-title" {
            h2 #terminal-title { "Terminal on " (host) }
            p #terminal-told .told role="status" { "Connecting …" }
            div #terminal {}
            noscript { p.told { "A terminal needs the page's script. With ssh there is one without a browser." } }
        }
        link rel="stylesheet" href="/xterm.css";
        script type="module" src="/terminal.js" {}
    };
    page(frame, Here::Terminal, "Terminal", &body)
}
