// SPDX-License-Identifier: Apache-2.0
//! Runbooks in a terminal: Markdown is made to be read as it is.

use std::fmt::Write as _;

use super::{RUNBOOKS, place};
use crate::monitoring::{Alert, COMPONENTS};

/// Every alert with what it means, by component, and the pages that belong to none.
pub fn index() -> String {
    let mut text = String::new();
    for component in &COMPONENTS {
        let _ = writeln!(text, "{}", component.name);
        for alert in component.alerts {
            let (name, severity) = (alert.name, alert.severity.as_str());
            let _ = writeln!(text, "  {name:<34} {severity:<9} {}", alert.failure);
        }
    }
    text.push_str("\npages\n");
    for book in RUNBOOKS {
        let _ = writeln!(text, "  {:<34} {}", book.name, book.title());
    }
    text
}

/// What an alert means, how to look, what to type.
pub fn of_alert(alert: &Alert) -> String {
    let mut text = format!("{} ({}): {}\n", alert.name, alert.severity.as_str(), alert.failure);
    if let Some((book, anchor)) = place(alert) {
        let body = book.section(anchor).unwrap_or(book.text);
        let _ = writeln!(text, "\n{body}\n\nMore: slurmha runbook {}", book.name);
    }
    text
}
