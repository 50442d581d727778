// SPDX-License-Identifier: Apache-2.0
//! The runbooks of docs/runbooks, as a part of the binary: who is woken by an
//! alert has neither the repository at hand nor, perhaps, a way to the internet.

mod page;
mod text;

use crate::monitoring::{Alert, alerts};

pub use page::{index_page, page};
pub use text::{index, of_alert};

/// One file of docs/runbooks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Runbook {
    /// The file's name, without `.md`.
    pub name: &'static str,
    /// Markdown.
    pub text: &'static str,
}

macro_rules! books {
    ($($name:literal)*) => {
        &[$(Runbook {
            name: $name,
            text: include_str!(concat!("../../../docs/runbooks/", $name, ".md")),
        }),*]
    };
}

/// All of them, by name.
pub const RUNBOOKS: &[Runbook] = books![
    "accounting" "controllers" "corosync" "damaged-state" "drbd" "fence-peer" "fencing" "machines"
    "monitoring" "nodes" "pacemaker" "pages" "reaches-nobody" "restore-state" "scheduler" "vpn"
];

impl Runbook {
    /// Its heading.
    pub fn title(&self) -> &'static str {
        let heading = self.text.lines().find_map(|line| line.strip_prefix("# "));
        heading.unwrap_or(self.name)
    }

    /// What stands under a heading, up to the next one; all of it without an anchor.
    /// `None` when there is no such heading.
    pub fn section(&self, anchor: &str) -> Option<&'static str> {
        if anchor.is_empty() {
            return Some(self.text.split_once('\n').map_or("", |(_, rest)| rest).trim());
        }
        let begin = headings(self.text).find(|(_, heading)| anchor_of(heading) == anchor)?.0;
        let section = &self.text[begin..];
        let body = section.split_once('\n').map_or("", |(_, rest)| rest);
        let end = headings(body).next().map_or(body.len(), |(at, _)| at);
        Some(body[..end].trim())
    }
}

/// What somebody asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// An alert, of this component.
    Alert(&'static str, &'static Alert),
    /// A whole page.
    Book(&'static Runbook),
}

/// Looks for an alert or a page by its name, however it is spelt: as Prometheus tells it,
/// without `Slurmha`, in small letters, as a file.
///
/// # Errors
/// The names that it is a part of or that come near, when there is none.
pub fn find(asked: &str) -> Result<Found, Vec<&'static str>> {
    let plain = |name: &str| {
        let name = name.trim().to_lowercase();
        let name = name.strip_suffix(".md").unwrap_or(&name);
        name.strip_prefix("slurmha").unwrap_or(name).to_owned()
    };
    let asked = plain(asked);
    if let Some((component, alert)) = alerts().find(|(_, alert)| plain(alert.name) == asked) {
        return Ok(Found::Alert(component, alert));
    }
    if let Some(book) = RUNBOOKS.iter().find(|book| plain(book.name) == asked) {
        return Ok(Found::Book(book));
    }
    let names = RUNBOOKS.iter().map(|it| it.name).chain(alerts().map(|(_, alert)| alert.name));
    let likeness = |name: &str| {
        let is_part = !asked.is_empty() && name.contains(&asked);
        if is_part { 1.0 } else { strsim::jaro_winkler(&asked, name) }
    };
    let mut near: Vec<(f64, &'static str)> =
        names.map(|name| (likeness(&plain(name)), name)).collect();
    near.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    Err(near.into_iter().filter(|(like, _)| *like > 0.8).take(5).map(|(_, name)| name).collect())
}

/// The page of an alert, and the place on it.
pub fn place(alert: &Alert) -> Option<(&'static Runbook, &'static str)> {
    let (file, anchor) = alert.runbook.split_once('#').unwrap_or((alert.runbook, ""));
    let book = RUNBOOKS.iter().find(|book| file.strip_suffix(".md") == Some(book.name))?;
    Some((book, anchor))
}

/// Where a console serves it.
pub fn path(alert: &Alert) -> Option<String> {
    let (book, anchor) = place(alert)?;
    let anchor = if anchor.is_empty() { String::new() } else { format!("#{anchor}") };
    Some(format!("/runbooks/{}{anchor}", book.name))
}

/// A heading's anchor as GitHub makes it: lower case, blanks as hyphens, other signs left out.
pub fn anchor_of(heading: &str) -> String {
    let is_kept = |c: &char| c.is_alphanumeric() || matches!(c, '-' | '_' | ' ');
    let kept: String = heading.trim().to_lowercase().chars().filter(is_kept).collect();
    kept.replace(' ', "-")
}

/// Headings with their places in the text. A line of a command that begins with `#` is indented.
fn headings(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    text.split_inclusive('\n').filter_map(move |line| {
        let begin = at;
        at += line.len();
        let words = line.strip_prefix('#')?.trim_start_matches('#');
        words.starts_with(' ').then(|| (begin, words.trim()))
    })
}

#[cfg(test)]
mod tests;
