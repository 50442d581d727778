// SPDX-License-Identifier: Apache-2.0
//! A dashboard as Grafana reads it: the "classic" JSON model, which Grafana 10 to 13
//! import and provision ("JSON model" in its documentation).
//!
//! The data source is the variable `$datasource`: an import into any Grafana of the
//! site asks for nothing and has no name to replace, and one Grafana shows several
//! clusters, each through its own Prometheus. Where slurmha sets Grafana up it is
//! the one that is marked as default.

mod field;
mod panel;
mod variable;

use serde::Serialize;

use super::layout::{Item, place};
use super::{DASHBOARDS, Dashboard, MARKS, Mark};
use panel::Panel;
use variable::Variable;

/// Tag of every dashboard; they find each other by it.
pub const TAG: &str = "slurmha";

/// The published schemas (grafana/grafana-foundation-sdk, jsonschema/) say 36 for Grafana
/// 10.4, 41 for 11.6 and 42 for 13. A newer Grafana brings an older model up to date as it
/// loads it; the colour of a cell in a table is named as it is here since 38.
const SCHEMA_VERSION: u16 = 39;

/// The file name of a dashboard.
pub fn file_name(dashboard: &Dashboard) -> String {
    format!("{}.json", uid(dashboard))
}

/// What a dashboard is called in Grafana's addresses, the same everywhere.
pub fn uid(dashboard: &Dashboard) -> String {
    format!("slurmha-{}", dashboard.name)
}

/// Every dashboard's file name and content.
pub fn files() -> Vec<(String, String)> {
    DASHBOARDS.iter().map(|dashboard| (file_name(dashboard), render(dashboard))).collect()
}

/// The JSON of a dashboard, with a line end.
pub fn render(dashboard: &Dashboard) -> String {
    // Structs of texts and numbers: there is nothing in them that JSON has not.
    format!("{:#}\n", serde_json::json!(Model::of(dashboard)))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Model {
    uid: String,
    title: String,
    description: &'static str,
    tags: [&'static str; 1],
    timezone: &'static str,
    editable: bool,
    /// 1: the mouse in one panel shows the same moment in all.
    graph_tooltip: u8,
    schema_version: u16,
    refresh: &'static str,
    time: TimeRange,
    templating: List<Variable>,
    annotations: List<Annotation>,
    links: [Link; 1],
    panels: Vec<Panel>,
}

impl Model {
    fn of(dashboard: &Dashboard) -> Self {
        let items = place(dashboard);
        let panels = items.iter().zip(1..).map(|(item, id)| match item {
            Item::Heading(row, place) => Panel::heading(id, row, *place),
            Item::Panel(panel, place) => Panel::of(id, panel, *place),
        });
        Self {
            uid: uid(dashboard),
            title: format!("Slurm HA: {}", dashboard.title),
            description: dashboard.about,
            tags: [TAG],
            timezone: "browser",
            editable: true,
            graph_tooltip: 1,
            schema_version: SCHEMA_VERSION,
            refresh: "30s",
            time: TimeRange { from: "now-6h", to: "now" },
            templating: List { list: variable::of(dashboard) },
            annotations: List { list: MARKS.iter().map(Annotation::of).collect() },
            links: [Link::TO_THE_OTHERS],
            panels: panels.collect(),
        }
    }
}

#[derive(Serialize)]
struct List<T> {
    list: Vec<T>,
}

#[derive(Serialize)]
struct TimeRange {
    from: &'static str,
    to: &'static str,
}

/// Which data source a question goes to.
#[derive(Serialize)]
struct DataSource {
    #[serde(rename = "type")]
    kind: &'static str,
    uid: &'static str,
}

const PROMETHEUS: DataSource = DataSource { kind: "prometheus", uid: "${datasource}" };

/// A bar above the panels with a link to each of the others.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Link {
    title: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    icon: &'static str,
    tooltip: &'static str,
    url: &'static str,
    tags: [&'static str; 1],
    as_dropdown: bool,
    target_blank: bool,
    include_vars: bool,
    keep_time: bool,
}

impl Link {
    const TO_THE_OTHERS: Self = Self {
        title: "",
        kind: "dashboards",
        icon: "dashboard",
        tooltip: "",
        url: "",
        tags: [TAG],
        as_dropdown: false,
        target_blank: false,
        include_vars: true,
        keep_time: true,
    };
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Annotation {
    name: &'static str,
    datasource: DataSource,
    enable: bool,
    hide: bool,
    icon_color: &'static str,
    expr: &'static str,
    /// Marks that are nearer to each other than this are one.
    step: &'static str,
    title_format: &'static str,
    text_format: &'static str,
    use_value_for_time: bool,
}

impl Annotation {
    fn of(mark: &Mark) -> Self {
        Self {
            name: mark.name,
            datasource: PROMETHEUS,
            enable: true,
            hide: false,
            icon_color: mark.tone.colour(),
            expr: mark.expression,
            step: "15s",
            title_format: mark.name,
            text_format: mark.text,
            use_value_for_time: mark.value_is_time,
        }
    }
}
