// SPDX-License-Identifier: Apache-2.0
//! What values look like: unit, words, colours.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value as Json, json};

use crate::dashboards::{Panel, Tone, Unit, View, Word};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FieldConfig {
    defaults: Defaults,
    overrides: Vec<Override>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Defaults {
    unit: &'static str,
    no_value: &'static str,
    color: Colour,
    mappings: Vec<Mapping>,
    thresholds: Thresholds,
    #[serde(skip_serializing_if = "Option::is_none")]
    min: Option<f64>,
    custom: Json,
}

#[derive(Serialize)]
struct Colour {
    mode: &'static str,
}

/// What is shown instead of a value.
#[derive(Serialize)]
#[serde(rename_all = "lowercase", tag = "type", content = "options")]
enum Mapping {
    Value(BTreeMap<String, Shown>),
    Special { r#match: &'static str, result: Shown },
}

#[derive(Serialize)]
struct Shown {
    text: &'static str,
    color: &'static str,
    index: usize,
}

#[derive(Serialize)]
struct Thresholds {
    mode: &'static str,
    steps: Vec<Step>,
}

/// A value of null is the lowest that there is.
#[derive(Serialize)]
struct Step {
    value: Option<f64>,
    color: &'static str,
}

/// What is different for some fields.
#[derive(Serialize)]
struct Override {
    matcher: Matcher,
    properties: Vec<Property>,
}

#[derive(Serialize)]
struct Matcher {
    id: &'static str,
    options: &'static str,
}

#[derive(Serialize)]
struct Property {
    id: &'static str,
    value: Json,
}

impl FieldConfig {
    pub(super) fn of(panel: &Panel) -> Self {
        let by_series = panel.words.is_empty() && matches!(panel.view, View::Trend | View::Stack);
        Self {
            defaults: Defaults {
                unit: unit(panel.unit),
                no_value: panel.empty,
                color: Colour { mode: if by_series { "palette-classic" } else { "thresholds" } },
                mappings: mappings(panel),
                thresholds: thresholds(panel),
                // A trend that does not begin at 0 exaggerates.
                min: by_series.then_some(0.0).filter(|_| panel.unit != Unit::Moment),
                custom: custom(panel),
            },
            overrides: overrides(panel.view),
        }
    }
}

/// Grafana's name of a unit (`packages/grafana-data/src/valueFormats`).
fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Number => "short",
        Unit::Seconds => "s",
        Unit::Bytes => "bytes",
        Unit::BytesPerSecond => "binBps",
        Unit::Ratio => "percentunit",
        Unit::Moment => "dateTimeFromNow",
    }
}

/// The panel's words, and "unknown" for what is not known. In a timeline null is
/// no value but the end of a bar: nobody says anything.
fn mappings(panel: &Panel) -> Vec<Mapping> {
    let shown =
        |index: usize, word: &Word| Shown { text: word.text, color: word.tone.colour(), index };
    let words: BTreeMap<String, Shown> = panel
        .words
        .iter()
        .enumerate()
        .map(|(index, word)| (word.value.to_string(), shown(index, word)))
        .collect();
    let nothing = if panel.view == View::Timeline { "nan" } else { "null+nan" };
    let text = if nothing == "nan" { "unknown" } else { panel.empty };
    let unknown = Shown { text, color: Tone::Unknown.colour(), index: panel.words.len() };
    let unknown = Mapping::Special { r#match: nothing, result: unknown };
    let words = (!words.is_empty()).then_some(Mapping::Value(words));
    words.into_iter().chain([unknown]).collect()
}

fn thresholds(panel: &Panel) -> Thresholds {
    let step = |from: f64, tone: Tone| Step {
        value: Some(from).filter(|from| from.is_finite()),
        color: tone.colour(),
    };
    let mut steps: Vec<Step> =
        panel.levels.iter().map(|level| step(level.from, level.tone)).collect();
    if steps.is_empty() {
        steps.push(step(f64::NEG_INFINITY, Tone::Aside));
    }
    Thresholds { mode: "absolute", steps }
}

/// What only this kind of panel knows.
fn custom(panel: &Panel) -> Json {
    match panel.view {
        View::Stat => json!({}),
        View::Alerts => json!({ "align": "auto", "inspect": false }),
        View::Timeline => json!({ "fillOpacity": 80, "lineWidth": 0 }),
        View::Trend => json!({
            "drawStyle": "line",
            "lineWidth": 2,
            "fillOpacity": 0,
            "showPoints": "never",
            "spanNulls": false,
            "thresholdsStyle": { "mode": if panel.levels.is_empty() { "off" } else { "dashed" } },
        }),
        View::Stack => json!({
            "drawStyle": "line",
            "lineWidth": 1,
            "fillOpacity": 60,
            "showPoints": "never",
            "spanNulls": false,
            "stacking": { "mode": "normal", "group": "A" },
        }),
    }
}

/// In the table of alerts the severity has its colour.
fn overrides(view: View) -> Vec<Override> {
    if view != View::Alerts {
        return Vec::new();
    }
    let severities = [("critical", Tone::Bad), ("warning", Tone::Warning), ("info", Tone::Aside)];
    let options: BTreeMap<String, Shown> = severities
        .into_iter()
        .enumerate()
        .map(|(index, (text, tone))| (text.to_owned(), Shown { text, color: tone.colour(), index }))
        .collect();
    vec![Override {
        matcher: Matcher { id: "byName", options: "Severity" },
        properties: vec![
            Property { id: "mappings", value: json!([Mapping::Value(options)]) },
            Property { id: "custom.cellOptions", value: json!({ "type": "color-text" }) },
        ],
    }]
}
