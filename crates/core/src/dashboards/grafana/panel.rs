// SPDX-License-Identifier: Apache-2.0
//! Headings and panels.

use serde::Serialize;
use serde_json::{Value as Json, json};

use super::field::FieldConfig;
use super::{DataSource, PROMETHEUS};
use crate::dashboards::layout::Place;
use crate::dashboards::{self as data, View};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Panel {
    id: u32,
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'static str,
    grid_pos: GridPos,
    #[serde(flatten)]
    content: Content,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Content {
    Heading { collapsed: bool, panels: [(); 0] },
    Shown(Box<Shown>),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    description: &'static str,
    datasource: DataSource,
    targets: Vec<Target>,
    field_config: FieldConfig,
    options: Json,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    transformations: Vec<Json>,
}

#[derive(Serialize)]
struct GridPos {
    x: u8,
    y: u16,
    w: u8,
    h: u16,
}

impl From<Place> for GridPos {
    fn from(place: Place) -> Self {
        Self { x: place.x, y: place.y, w: place.width, h: place.height }
    }
}

/// A question to Prometheus: for now, or for the time that is shown.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Target {
    ref_id: String,
    datasource: DataSource,
    expr: String,
    legend_format: &'static str,
    instant: bool,
    range: bool,
    format: &'static str,
    editor_mode: &'static str,
}

impl Panel {
    pub(super) fn heading(id: u32, row: &data::Row, place: Place) -> Self {
        let content = Content::Heading { collapsed: false, panels: [] };
        Self { id, kind: "row", title: row.title, grid_pos: place.into(), content }
    }

    pub(super) fn of(id: u32, panel: &data::Panel, place: Place) -> Self {
        let content = Content::Shown(Box::new(Shown {
            description: panel.about,
            datasource: PROMETHEUS,
            targets: targets(panel),
            field_config: FieldConfig::of(panel),
            options: options(panel.view),
            transformations: transformations(panel.view),
        }));
        Self { id, kind: kind(panel.view), title: panel.title, grid_pos: place.into(), content }
    }
}

/// Grafana's name of the plugin.
fn kind(view: View) -> &'static str {
    match view {
        View::Stat => "stat",
        View::Trend | View::Stack => "timeseries",
        View::Timeline => "state-timeline",
        View::Alerts => "table",
    }
}

fn targets(panel: &data::Panel) -> Vec<Target> {
    let now = matches!(panel.view, View::Stat | View::Alerts);
    let target = |(query, letter): (&data::Query, char)| Target {
        ref_id: letter.to_string(),
        datasource: PROMETHEUS,
        expr: query.text(panel.words),
        // What Grafana calls a series without a legend is its whole expression.
        legend_format: if query.legend.is_empty() { panel.title } else { query.legend },
        instant: now,
        range: !now,
        format: if panel.view == View::Alerts { "table" } else { "time_series" },
        editor_mode: "code",
    };
    panel.queries.iter().zip('A'..='Z').map(target).collect()
}

/// What only this kind of panel knows.
///
/// A stat shows the last value, not "last *": that one skips NaN, and would show
/// an old value for an unknown one (`fieldReducer.ts`).
fn options(view: View) -> Json {
    let legend =
        json!({ "displayMode": "list", "placement": "bottom", "showLegend": true, "calcs": [] });
    match view {
        View::Stat => json!({
            "reduceOptions": { "calcs": ["last"], "fields": "", "values": false },
            "colorMode": "background",
            "graphMode": "none",
            "justifyMode": "center",
            "orientation": "auto",
            "textMode": "auto",
            "wideLayout": true,
            "showPercentChange": false,
            "percentChangeColorMode": "standard",
        }),
        View::Trend | View::Stack => json!({
            "legend": legend,
            "tooltip": { "mode": "multi", "sort": "desc" },
        }),
        View::Timeline => json!({
            "legend": legend,
            "tooltip": { "mode": "single", "sort": "none" },
            "mergeValues": true,
            "showValue": "auto",
            "alignValue": "left",
            "rowHeight": 0.85,
        }),
        View::Alerts => json!({ "showHeader": true, "frameIndex": 0, "cellHeight": "sm" }),
    }
}

/// The labels of an alert as columns, without what is the same in all lines.
fn transformations(view: View) -> Vec<Json> {
    if view != View::Alerts {
        return Vec::new();
    }
    vec![json!({
        "id": "organize",
        "options": {
            "excludeByName": { "Time": true, "Value": true, "__name__": true, "alertstate": true },
            "indexByName": { "severity": 0, "alertname": 1, "instance": 2, "component": 3 },
            "renameByName": {
                "severity": "Severity",
                "alertname": "Alert",
                "instance": "Machine",
                "component": "Component",
            },
        },
    })]
}
