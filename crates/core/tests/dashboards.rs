// SPDX-License-Identifier: Apache-2.0
//! Every dashboard fits Grafana's grid, says what it shows, and asks only for what
//! somebody exports, in what Prometheus reads.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::process::Command;

use serde_json::Value as Json;
use slurmha_core::dashboards::layout::{COLUMNS, Place, place};
use slurmha_core::dashboards::{
    DASHBOARDS, Dashboard, Expression, MARKS, Panel, View, grafana, queries,
};

/// `tests/metrics.rs` holds this page to what the exporter sends.
const METRICS: &str = include_str!("../../../docs/guide/metrics.md");

/// What others export, with the labels that are used here. Sources: the node exporter
/// 1.5.0, Alertmanager 0.25.0 and Prometheus 2.42.0 of Debian 12; Prometheus' own `up`
/// and `ALERTS`, with the labels that `render/monitoring` gives.
const FOREIGN: [(&str, &[&str]); 16] = [
    ("ALERTS", &["alertname", "alertstate", "severity"]),
    ("alertmanager_notifications_failed_total", &[]),
    ("node_boot_time_seconds", &["role"]),
    ("node_cpu_seconds_total", &["mode", "role", "instance"]),
    ("node_disk_io_time_seconds_total", &["role", "instance"]),
    ("node_disk_written_bytes_total", &["device"]),
    ("node_filesystem_avail_bytes", &["fstype", "role", "instance"]),
    ("node_filesystem_size_bytes", &[]),
    ("node_memory_MemAvailable_bytes", &["role", "instance"]),
    ("node_memory_MemTotal_bytes", &[]),
    ("node_network_receive_bytes_total", &["device", "role", "instance"]),
    ("node_network_transmit_bytes_total", &["device", "role", "instance"]),
    ("node_systemd_unit_state", &["state"]),
    ("node_timex_offset_seconds", &["role", "instance"]),
    ("prometheus_tsdb_head_series", &[]),
    ("up", &["job", "role", "instance"]),
];

fn panels() -> impl Iterator<Item = (&'static Dashboard, &'static Panel)> {
    DASHBOARDS.iter().flat_map(|dashboard| {
        dashboard.rows.iter().flat_map(move |row| row.panels.iter().map(move |it| (dashboard, it)))
    })
}

fn json(dashboard: &Dashboard) -> Json {
    serde_json::from_str(&grafana::render(dashboard)).expect("JSON")
}

fn overlap(a: Place, b: Place) -> bool {
    a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height
}

#[test]
fn nothing_overlaps_and_nothing_sticks_out() {
    for dashboard in &DASHBOARDS {
        let places: Vec<Place> = place(dashboard).iter().map(|item| item.place()).collect();
        for (index, a) in places.iter().enumerate() {
            assert!(a.width > 0 && a.height > 0 && a.x + a.width <= COLUMNS, "{a:?}");
            for b in &places[..index] {
                assert!(!overlap(*a, *b), "{}: {a:?} {b:?}", dashboard.title);
            }
        }
    }
}

#[test]
fn a_line_is_full_before_the_next_begins() {
    for dashboard in &DASHBOARDS {
        let mut widths: BTreeMap<u16, u8> = BTreeMap::new();
        for item in place(dashboard) {
            *widths.entry(item.place().y).or_default() += item.place().width;
        }
        // A gap at the right is a panel that somebody has forgotten, or a wrong width.
        let gaps: Vec<_> = widths.iter().filter(|(_, width)| **width != COLUMNS).collect();
        assert!(gaps.is_empty(), "{}: {gaps:?}", dashboard.title);
    }
}

#[test]
fn every_panel_says_what_it_is() {
    for (dashboard, panel) in panels() {
        let place = format!("{}: {}", dashboard.title, panel.title);
        assert!(!panel.title.is_empty() && !panel.title.ends_with('.'), "{place}");
        assert!(panel.about.ends_with('.') && !panel.about.contains('\n'), "{place}");
        assert!(!panel.empty.is_empty(), "{place}");
        assert!((1..=26).contains(&panel.queries.len()), "{place}: letters name the queries");
        let told_apart = panel.queries.iter().all(|query| !query.legend.is_empty());
        let one_value = matches!(panel.view, View::Stat | View::Alerts);
        assert!(one_value || told_apart, "{place}: a series without a name");
        assert!(panel.view != View::Timeline || !panel.words.is_empty(), "{place}: no words");
        let numbers: BTreeSet<u8> = panel.words.iter().map(|word| word.value).collect();
        assert_eq!(numbers.len(), panel.words.len(), "{place}: a number with two words");
        assert!(panel.levels.is_sorted_by(|a, b| a.from < b.from), "{place}: levels");
    }
}

#[test]
fn names_and_ids_are_unique() {
    let uids: BTreeSet<String> = DASHBOARDS.iter().map(grafana::uid).collect();
    assert_eq!(uids.len(), DASHBOARDS.len());
    // Grafana's limit.
    assert!(uids.iter().all(|uid| uid.len() <= 40), "{uids:?}");
    for dashboard in &DASHBOARDS {
        let json = json(dashboard);
        let panels = json["panels"].as_array().expect("panels");
        let ids: BTreeSet<u64> = panels.iter().filter_map(|panel| panel["id"].as_u64()).collect();
        assert_eq!(ids.len(), panels.len(), "{}", dashboard.title);
    }
}

/// A number that is not known is nowhere 0, and nowhere the last one that was known.
#[test]
fn unknown_is_shown_as_unknown() {
    for dashboard in &DASHBOARDS {
        for panel in json(dashboard)["panels"].as_array().expect("panels") {
            if panel["type"] == "row" {
                continue;
            }
            let mappings = panel["fieldConfig"]["defaults"]["mappings"].as_array();
            let special = mappings.expect("mappings").last().expect("one").clone();
            let says = special["options"]["result"]["text"].as_str().expect("a text");
            assert!(special["options"]["match"].as_str().is_some_and(|it| it.contains("nan")));
            assert!(["unknown", "no alert"].contains(&says), "{}: {says}", panel["title"]);
            if panel["type"] == "stat" {
                assert_eq!(panel["options"]["reduceOptions"]["calcs"][0], "last");
            }
            for target in panel["targets"].as_array().expect("targets") {
                assert!(target["expr"].as_str().is_some_and(|it| !it.is_empty()));
                assert_eq!(target["datasource"]["uid"], "${datasource}");
            }
        }
    }
}

/// Names of our metrics with their labels, and the words in code of what they mean.
fn exported() -> BTreeMap<&'static str, (Vec<&'static str>, Vec<&'static str>)> {
    let rows = METRICS.lines().filter_map(|line| {
        let (series, meaning) = line.strip_prefix("| `slurmha_")?.split_once("` | ")?;
        let start = line.len() - series.len() - meaning.len() - "` | ".len() - "slurmha_".len();
        let series = &line[start..start + series.len() + "slurmha_".len()];
        let (name, labels) = series.trim_end_matches('}').split_once('{').unwrap_or((series, ""));
        let words = meaning.split('`').skip(1).step_by(2).collect();
        Some((name, (labels.split(',').filter(|label| !label.is_empty()).collect(), words)))
    });
    rows.collect()
}

/// The expression without texts, and without labels outside of `{}`.
fn names_and_selectors(expression: &str) -> Vec<(String, Vec<String>)> {
    let mut text = String::new();
    for (index, part) in expression.split('"').enumerate() {
        text.push_str(if index % 2 == 0 { part } else { "" });
    }
    for word in ["by (", "on (", "ignoring ("] {
        while let Some(at) = text.find(word) {
            let end = at + text[at..].find(')').expect("a closing bracket");
            text.replace_range(at..=end, " ");
        }
    }
    let mut found = Vec::new();
    let mut rest = text.as_str();
    while let Some(start) = rest.find(|c: char| c.is_ascii_alphabetic()) {
        let tail = &rest[start..];
        let end = tail.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(tail.len());
        let (name, after) = tail.split_at(end);
        let mut labels = Vec::new();
        rest = after;
        if let Some((inside, after)) = after.strip_prefix('{').and_then(|it| it.split_once('}')) {
            let label = |it: &str| it.split(['=', '!']).next().unwrap_or_default().to_owned();
            labels = inside.split(',').map(label).collect();
            rest = after;
        }
        found.push((name.to_owned(), labels));
    }
    found
}

const WORDS_OF_PROMQL: [&str; 15] = [
    "max", "sum", "avg", "count", "floor", "abs", "rate", "and", "or", "unless", "offset", "m",
    "vector", "bool", "time",
];

#[test]
fn only_what_somebody_exports_is_asked_for() {
    let ours = exported();
    assert!(ours.len() > 40, "{ours:?}");
    let foreign = BTreeMap::from(FOREIGN);
    let marks = MARKS.iter().map(|mark| (mark.name.to_owned(), mark.expression.to_owned()));
    let asked = queries().into_iter().map(|asked| (asked.place, asked.expression));
    for (place, expression) in asked.chain(marks) {
        let mut metrics = 0;
        for (name, labels) in names_and_selectors(&expression) {
            if WORDS_OF_PROMQL.contains(&name.as_str()) {
                continue;
            }
            metrics += 1;
            let known = match ours.get(name.as_str()) {
                Some((labels, _)) => labels.as_slice(),
                None => foreign.get(name.as_str()).unwrap_or_else(|| panic!("{place}: {name}")),
            };
            for label in labels {
                assert!(known.contains(&label.as_str()), "{place}: {name} has no label {label}");
            }
        }
        assert!(metrics > 0, "{place}: {expression}");
    }
}

/// A state without a number would be 0, which is no word.
#[test]
fn every_state_of_a_metric_has_a_word() {
    let ours = exported();
    let mut seen = 0;
    for (dashboard, panel) in panels() {
        for query in panel.queries {
            let Expression::State { metric, label, .. } = query.expression else { continue };
            let (labels, states) = &ours[metric];
            assert!(labels.contains(&label), "{metric}");
            let words: BTreeSet<&str> = panel.words.iter().map(|word| word.label).collect();
            assert_eq!(words, states.iter().copied().collect(), "{}", dashboard.title);
            assert!(panel.words.iter().all(|word| word.value > 0), "{metric}");
            seen += 1;
        }
    }
    assert_eq!(seen, 4, "pacemaker, and DRBD's role, connection and disks");
}

/// Prometheus reads every question, as the expression of a rule.
#[test]
#[allow(clippy::disallowed_methods, reason = "Prometheus' own checker is asked")]
fn prometheus_reads_every_question() {
    let mut text = "groups:\n  - name: dashboards\n    rules:\n".to_owned();
    let marks = MARKS.iter().map(|mark| mark.expression.to_owned());
    for expression in queries().into_iter().map(|asked| asked.expression).chain(marks) {
        // A rule that is there twice is an error.
        let number = text.lines().count();
        let _ = writeln!(text, "      - record: r{number}\n        expr: {expression:?}");
    }
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("rules.yml");
    std::fs::write(&file, text).expect("the rules are written");
    let output = Command::new("promtool").args(["check", "rules"]).arg(&file).output();
    let output = output.unwrap_or_else(|error| panic!("promtool: {error}; install prometheus"));
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&said));
}

/// What is asked where: read the difference when it changes.
#[test]
fn the_questions() {
    let list: Vec<String> = queries()
        .iter()
        .map(|asked| {
            let note = asked.may_be_empty.map_or(String::new(), |why| format!("  ({why})"));
            format!("{}{note}\n    {}", asked.place, asked.expression)
        })
        .collect();
    insta::assert_snapshot!(list.join("\n"));
}

#[test]
fn the_smallest_dashboard_as_grafana_reads_it() {
    let smallest = DASHBOARDS.iter().find(|dashboard| dashboard.name == "accounting");
    insta::assert_snapshot!(grafana::render(smallest.expect("it")));
}
