// SPDX-License-Identifier: Apache-2.0
//! What panels show, as Prometheus itself works it out from what the exporters send.

use std::fmt::Write as _;
use std::process::Command;

use slurmha_core::dashboards::{DASHBOARDS, MARKS, queries};

/// What the exporter sends of a healthy pair: `tests/metrics.rs`.
const HEALTHY: [(&str, &str); 2] = [
    ("ctl1", include_str!("snapshots/metrics__the_active_controller_of_a_healthy_pair.snap")),
    ("ctl2", include_str!("snapshots/metrics__the_passive_controller_of_a_healthy_pair.snap")),
];

/// What others send: a series of each that is asked for.
const FOREIGN: &str = r#"
up{job="node",role="controller",instance="ctl1"} 1
up{job="prometheus",instance="login1"} 1
alertmanager_notifications_failed_total{instance="login1",integration="email"} 0
prometheus_tsdb_head_series{instance="login1"} 9000
node_boot_time_seconds{role="controller",instance="ctl1"} 1000
node_cpu_seconds_total{role="controller",instance="ctl1",cpu="0",mode="idle"} 500
node_disk_io_time_seconds_total{role="controller",instance="ctl1",device="vda"} 5
node_filesystem_avail_bytes{role="controller",instance="ctl1",fstype="ext4",mountpoint="/"} 5
node_filesystem_size_bytes{role="controller",instance="ctl1",fstype="ext4",mountpoint="/"} 9
node_memory_MemAvailable_bytes{role="controller",instance="ctl1"} 5
node_memory_MemTotal_bytes{role="controller",instance="ctl1"} 9
node_network_receive_bytes_total{role="controller",instance="ctl1",device="eth0"} 5
node_network_transmit_bytes_total{role="controller",instance="ctl1",device="eth0"} 5
node_systemd_unit_state{instance="ctl1",name="munge.service",state="failed"} 0
node_timex_offset_seconds{role="controller",instance="ctl1"} 0.001
"#;

/// Series with their values, a number alone for the whole time.
type Series = Vec<(String, String)>;

fn series(instance: Option<&str>, exposition: &str) -> Series {
    let lines =
        exposition.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase()));
    let lines = lines
        .filter_map(|line| line.rsplit_once(' '))
        .filter(|(name, _)| instance.is_none() || name.starts_with("slurmha_"));
    let with_instance = |name: &str| match (instance, name.strip_suffix('}')) {
        (None, _) => name.to_owned(),
        (Some(instance), Some(open)) => format!("{open},instance=\"{instance}\"}}"),
        (Some(instance), None) => format!("{name}{{instance=\"{instance}\"}}"),
    };
    lines.map(|(name, value)| (with_instance(name), value.to_owned())).collect()
}

fn healthy() -> Series {
    let ours = HEALTHY.iter().flat_map(|(instance, text)| series(Some(instance), text));
    ours.chain(series(None, FOREIGN)).collect()
}

/// What is expected of an expression after ten minutes.
struct Case {
    place: String,
    expression: String,
    expected: &'static str,
}

/// Asks Prometheus; the panic names the expressions that come to something else.
#[allow(clippy::disallowed_methods, reason = "Prometheus itself is asked")]
fn ask(series: &Series, cases: &[Case]) {
    let mut text = "rule_files: []\nevaluation_interval: 15s\ntests:\n  - interval: 15s\n    \
                    input_series:\n"
        .to_owned();
    for (name, value) in series {
        let values = match value.parse::<f64>() {
            // In its notation a NaN cannot be counted.
            Ok(number) if number.is_nan() => ["NaN"; 61].join(" "),
            Ok(_) => format!("{value}x60"),
            Err(_) => value.clone(),
        };
        let _ = writeln!(text, "      - {{series: {name:?}, values: {values:?}}}");
    }
    text.push_str("    promql_expr_test:\n");
    for Case { expression, expected, .. } in cases {
        let _ = write!(
            text,
            "      - expr: {expression:?}\n        eval_time: 10m\n        \
             exp_samples: [{{labels: \"{{}}\", value: {expected}}}]\n"
        );
    }
    let directory = tempfile::tempdir().expect("a directory");
    std::fs::write(directory.path().join("cases.yml"), text).expect("the cases are written");
    let output = Command::new("promtool")
        .args(["test", "rules", "cases.yml"])
        .current_dir(directory.path())
        .output();
    let output = output.unwrap_or_else(|error| panic!("promtool: {error}; install prometheus"));
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    let wrong = cases.iter().filter(|case| said.contains(&case.expression));
    let wrong: Vec<&str> = wrong.map(|case| case.place.as_str()).collect();
    assert!(output.status.success(), "{wrong:#?}\n{said}");
}

/// No panel of a healthy cluster is empty, unless that is what it says.
#[test]
fn every_question_about_a_healthy_cluster_has_an_answer() {
    let asked = queries().into_iter().filter(|asked| asked.may_be_empty.is_none());
    let cases: Vec<Case> = asked
        .map(|asked| Case {
            expression: format!("count({}) > bool 0", asked.expression),
            place: asked.place,
            expected: "1",
        })
        .collect();
    assert!(cases.len() > 60);
    ask(&healthy(), &cases);
}

/// The first question of a panel.
fn question(dashboard: &str, title: &str) -> String {
    let dashboard = DASHBOARDS.iter().find(|it| it.name == dashboard).expect("a dashboard");
    let mut panels = dashboard.rows.iter().flat_map(|row| row.panels);
    let panel = panels.find(|panel| panel.title == title).expect("a panel");
    panel.queries[0].text(panel.words)
}

fn is(dashboard: &str, title: &str, expected: &'static str) -> Case {
    let expression = format!("max({})", question(dashboard, title));
    Case { place: title.to_owned(), expression, expected }
}

/// NaN is the only number that differs from itself.
fn is_unknown(dashboard: &str, title: &str) -> Case {
    let question = question(dashboard, title);
    let expression = format!("count(({question}) != ({question}))");
    Case { place: title.to_owned(), expression, expected: "1" }
}

fn with(changes: &[(&str, &str)]) -> Series {
    let mut series = healthy();
    for (name, value) in changes {
        let found = series.iter_mut().find(|(known, _)| known == name);
        found.unwrap_or_else(|| panic!("no series {name}")).1 = (*value).to_owned();
    }
    series
}

#[test]
fn a_healthy_pair_is_shown_as_such() {
    ask(
        &healthy(),
        &[
            is("overview", "Alerts", "0"),
            is("overview", "Active controllers", "1"),
            is("overview", "Copies of the state", "1"),
            is("failover", "Disks", "1"),
            is("failover", "Connection", "1"),
            // Primary, on one of the two.
            is("failover", "Role", "2"),
            is("failover", "What Pacemaker thinks of them", "1"),
            is("machines", "Silent machines", "0"),
        ],
    );
}

#[test]
fn one_copy_is_not_two_and_what_is_not_known_is_neither() {
    let disk = "slurmha_drbd_disk{volume=\"state\",state=\"UpToDate\",instance=\"ctl2\"}";
    ask(&with(&[(disk, "0")]), &[is("overview", "Copies of the state", "0")]);
    ask(&with(&[(disk, "NaN")]), &[is_unknown("overview", "Copies of the state")]);
    ask(&with(&[(disk, "NaN")]), &[is_unknown("failover", "Disks")]);
    let active = "slurmha_active{instance=\"ctl2\"}";
    ask(&with(&[(active, "NaN")]), &[is_unknown("overview", "Active controllers")]);
}

/// After a move the old controller's answers have ended, or are unknown.
#[test]
fn the_new_controllers_answer_counts() {
    let mut series = with(&[("slurmha_slurmctld_up{instance=\"ctl1\"}", "NaN")]);
    ask(&series, &[is_unknown("overview", "Scheduler")]);
    series.push(("slurmha_slurmctld_up{instance=\"ctl2\"}".to_owned(), "1".to_owned()));
    ask(&series, &[is("overview", "Scheduler", "1")]);
}

/// A mark for a minute, at the controller that has become active.
#[test]
fn a_move_is_marked_once() {
    let mark = MARKS.iter().find(|mark| mark.name == "Moves").expect("it").expression;
    let moved_at = |rounds: usize| {
        let before = format!("{}x{rounds}", "0");
        let series = with(&[
            ("slurmha_active{instance=\"ctl1\"}", "0"),
            ("slurmha_active{instance=\"ctl2\"}", &format!("{before} 1x60")),
        ]);
        let expression = format!("count({mark}) or vector(0)");
        (series, expression)
    };
    for (rounds, expected) in [(38, "1"), (20, "0")] {
        let (series, expression) = moved_at(rounds);
        ask(&series, &[Case { place: "Moves".to_owned(), expression, expected }]);
    }
}
