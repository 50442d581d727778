// SPDX-License-Identifier: Apache-2.0
//! The guide shows every dashboard as it is.
//!
//! `UPDATE_EXPECTED=1 cargo test -p slurmha-core --test dashboards_docs` draws the
//! pictures and writes that part of `docs/guide/dashboards.md` anew.

use std::fmt::Write as _;
use std::path::PathBuf;

use slurmha_core::dashboards::{DASHBOARDS, Dashboard, grafana, picture};

const PAGE: &str = "guide/dashboards.md";
const BEGIN: &str = "<!-- dashboards -->\n";
const END: &str = "<!-- /dashboards -->\n";

fn docs(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(path)
}

/// Whether the file is as expected; makes it so when that is asked for.
fn is(path: &str, expected: &str) -> bool {
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        std::fs::write(docs(path), expected).expect("the file is written");
        return true;
    }
    std::fs::read_to_string(docs(path)).is_ok_and(|found| found == expected)
}

fn picture_of(dashboard: &Dashboard) -> String {
    format!("pictures/dashboard-{}.svg", dashboard.name)
}

fn section(dashboard: &Dashboard) -> String {
    let mut text = format!(
        "### {}\n\n{} `{}`\n\n![Where its panels stand](../{})\n\n| panel | what it shows |\n|---|---|\n",
        dashboard.title,
        dashboard.about,
        grafana::file_name(dashboard),
        picture_of(dashboard)
    );
    for panel in dashboard.rows.iter().flat_map(|row| row.panels) {
        let _ = writeln!(text, "| {} | {} |", panel.title, panel.about);
    }
    text
}

#[test]
fn the_pictures_are_the_dashboards() {
    for dashboard in &DASHBOARDS {
        let path = picture_of(dashboard);
        assert!(
            is(&path, &picture::render(dashboard)),
            "{path} is stale: see the head of this file"
        );
    }
}

#[test]
fn the_guide_has_every_panel() {
    let page = std::fs::read_to_string(docs(PAGE)).expect("the page");
    let begin = page.find(BEGIN).expect("the beginning") + BEGIN.len();
    let end = page.find(END).expect("the end");
    let sections: Vec<String> = DASHBOARDS.iter().map(section).collect();
    let expected = format!("{}{}{}", &page[..begin], sections.join("\n"), &page[end..]);
    assert!(is(PAGE, &expected), "the page is stale: see the head of this file");
}
