// SPDX-License-Identifier: Apache-2.0
//! Every alert stands in the guide and leads to a runbook that is there.
//!
//! `UPDATE_EXPECTED=1 cargo test -p slurmha-core --test monitoring_docs` writes
//! the table of `docs/guide/monitoring.md` anew.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;

use slurmha_core::monitoring::{COMPONENTS, alerts};
use slurmha_core::runbook::{RUNBOOKS, anchor_of};

const BEGIN: &str = "<!-- alerts -->\n";
const END: &str = "<!-- /alerts -->\n";

fn docs(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(path)
}

fn read(path: &str) -> String {
    std::fs::read_to_string(docs(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn table() -> String {
    let mut text =
        "| component | failure | alert | severity | runbook |\n|---|---|---|---|---|\n".to_owned();
    for component in &COMPONENTS {
        for alert in component.alerts {
            let page = alert.runbook.split('#').next().unwrap_or_default();
            let _ = writeln!(
                text,
                "| {} | {} | `{}` | {} | [{page}](../runbooks/{}) |",
                component.name,
                alert.failure,
                alert.name,
                alert.severity.as_str(),
                alert.runbook
            );
        }
    }
    text
}

#[test]
fn the_guide_has_every_alert() {
    let page = read("guide/monitoring.md");
    let begin = page.find(BEGIN).expect("the beginning of the table") + BEGIN.len();
    let end = page.find(END).expect("the end of the table");
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        let page = format!("{}{}{}", &page[..begin], table(), &page[end..]);
        std::fs::write(docs("guide/monitoring.md"), page).expect("the page is written");
        return;
    }
    assert!(page[begin..end] == table(), "the table is stale: see the head of this file");
}

fn anchors(page: &str) -> BTreeSet<String> {
    let headings = page.lines().filter_map(|line| Some(line.strip_prefix('#')?.trim_matches('#')));
    headings.map(anchor_of).collect()
}

#[test]
fn every_runbook_is_in_the_binary() {
    let files = std::fs::read_dir(docs("runbooks")).expect("the runbooks").flatten();
    let names: BTreeSet<String> =
        files.map(|file| file.file_name().to_string_lossy().replace(".md", "")).collect();
    let known: BTreeSet<String> =
        RUNBOOKS.iter().map(|book| book.name.to_owned()).chain(["README".to_owned()]).collect();
    assert_eq!(names, known);
}

#[test]
fn every_runbook_and_its_anchor_are_there() {
    for (_, alert) in alerts() {
        let (file, anchor) = alert.runbook.split_once('#').unwrap_or((alert.runbook, ""));
        let page = read(&format!("runbooks/{file}"));
        assert!(anchor.is_empty() || anchors(&page).contains(anchor), "{}", alert.runbook);
    }
}

/// A heading that is named for an alert is that alert's.
#[test]
fn no_runbook_is_about_an_alert_that_is_gone() {
    let names: BTreeSet<&str> = alerts().map(|(_, alert)| alert.name).collect();
    for entry in std::fs::read_dir(docs("runbooks")).expect("the runbooks").flatten() {
        let page = std::fs::read_to_string(entry.path()).expect("a page");
        for heading in page.lines().filter_map(|line| line.strip_prefix("## Slurmha")) {
            let name = format!("Slurmha{heading}");
            assert!(names.contains(name.as_str()), "{}: {name}", entry.path().display());
        }
    }
}

/// Links between the runbooks lead to a heading.
#[test]
fn links_between_runbooks_lead_to_a_heading() {
    for entry in std::fs::read_dir(docs("runbooks")).expect("the runbooks").flatten() {
        let own = entry.file_name().to_string_lossy().into_owned();
        let page = std::fs::read_to_string(entry.path()).expect("a page");
        for link in page.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let Some((file, anchor)) = link.split_once('#') else { continue };
            let target = if file.is_empty() { own.as_str() } else { file };
            let there = anchors(&read(&format!("runbooks/{target}")));
            assert!(there.contains(anchor), "{own}: {link}");
        }
    }
}
