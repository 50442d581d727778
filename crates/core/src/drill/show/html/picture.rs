// SPDX-License-Identifier: Apache-2.0
//! All that has a time on one scale.

use std::collections::BTreeMap;

use maud::{Markup, html};

use crate::drill::evidence::{Evidence, MarkKind, Probe};
use crate::drill::phase::{Phase, PhaseTiming};
use crate::drill::report::{Outage, Report, StrokeSpan, WriterInterval};
use crate::drill::time::{seconds, short};
use crate::observe::Reading;
use crate::site::NodeName;

/// Units of the picture; it is scaled to its place.
const WIDTH: f64 = 960.0;
/// Where the scale begins: left of it are the names.
const LEFT: f64 = 130.0;
const ROW: f64 = 24.0;
/// Between a bar and its text.
const GAP: f64 = 6.0;
/// What the longest of such texts needs.
const ROOM: f64 = 240.0;
/// Seconds that are shown before the fault and behind the last outage.
const MARGIN_S: f64 = 5.0;
/// Marks of the scale, at most.
const MARKS: f64 = 12.0;

/// The picture, as SVG.
pub(super) fn picture(report: &Report, evidence: &Evidence) -> Markup {
    let scale = Scale::of(report);
    let rows = rows(report, evidence, &scale);
    let height = ROW * (rows.len() as f64 + 1.5);
    let outages = [&report.submit_outage, &report.rpc_outage];
    html! {
        div.scroll {
            svg viewBox=(format!("0 0 {WIDTH} {height}")) role="img" aria-label="Gantt chart of the drill" {
                (scale.grid(height))
                @for (index, row) in rows.iter().enumerate() {
                    @let top = ROW * (index as f64 + 1.0);
                    g transform=(format!("translate(0 {top})")) {
                        text x="0" y="16" { (row.name) }
                        (row.content)
                    }
                }
                // Behind the two rows of what the client saw.
                @for (index, outage) in outages.into_iter().enumerate() {
                    (band(&scale, index, outage))
                }
            }
        }
    }
}

struct Row {
    name: String,
    content: Markup,
}

fn rows(report: &Report, evidence: &Evidence, scale: &Scale) -> Vec<Row> {
    let mut rows = vec![
        Row { name: "submissions".to_owned(), content: submissions(evidence, scale) },
        Row { name: "requests".to_owned(), content: probes(&evidence.probes, evidence, scale) },
        Row { name: "job starts".to_owned(), content: starts(evidence, scale) },
    ];
    if !evidence.accounting_probes.is_empty() {
        let content = probes(&evidence.accounting_probes, evidence, scale);
        rows.push(Row { name: "accounting".to_owned(), content });
    }
    rows.extend(report.taken_back_s.map(|end_s| {
        let text = format!("taken back after {} s", short(end_s));
        Row { name: "fault".to_owned(), content: bar(scale, "fault", 0.0, end_s, &text, 0.0) }
    }));
    rows.extend(report.strokes.iter().map(|stroke| fault(stroke, scale)));
    rows.extend(phases(&report.scenario.gravest().phases(), &report.phases, scale));
    for (node, intervals) in &report.writers {
        rows.push(Row { name: format!("{node} writes"), content: writer(intervals, scale) });
    }
    rows
}

/// One of several faults: a band while it lasts, and a mark where it happened
/// when nobody took it back.
fn fault(stroke: &StrokeSpan, scale: &Scale) -> Row {
    let text = format!("{} on {}", stroke.fault.name(), stroke.victim);
    let content = match (stroke.begin_s, stroke.end_s) {
        (Some(begin_s), end_s) => html! {
            (bar(scale, "fault", begin_s, end_s.unwrap_or(begin_s), &text, 0.0))
            (beside(scale, begin_s, end_s.unwrap_or(begin_s), &text))
        },
        (None, _) => {
            let why = stroke.missed.as_deref().unwrap_or("it did not happen");
            html! { text.faint x=(LEFT + 4.0) y="16" { "no " (text) ": " (why) } }
        }
    };
    Row { name: "fault".to_owned(), content }
}

/// A text behind a bar, or before it where no room is left.
fn beside(scale: &Scale, start_s: f64, end_s: f64, text: &str) -> Markup {
    let (before, behind) = (scale.x(start_s) - GAP, scale.x(end_s) + GAP);
    if behind > WIDTH - ROOM {
        html! { text.faint x=(number(before)) y="16" text-anchor="end" { (text) } }
    } else {
        html! { text.faint x=(number(behind)) y="16" { (text) } }
    }
}

fn band(scale: &Scale, row: usize, outage: &Outage) -> Markup {
    let text = format!("{} s without", short(outage.seconds()));
    bar(scale, "outage", outage.start_s, outage.end_s, &text, ROW * (row as f64 + 1.0))
}

fn submissions(evidence: &Evidence, scale: &Scale) -> Markup {
    let client = &evidence.client;
    html! {
        @for submission in &evidence.submissions {
            @let (class, text) = match &submission.answer {
                None => ("open", "no answer".to_owned()),
                Some(answer) => match &answer.result {
                    Ok(id) => ("yes", format!("job {id}, accepted at {} s", short(after(evidence, client, answer.at)))),
                    Err(why) => ("no", why.clone()),
                },
            };
            (tick(scale, class, after(evidence, client, submission.sent), &format!("{}: {text}", submission.name)))
        }
    }
}

fn probes(probes: &[Probe], evidence: &Evidence, scale: &Scale) -> Markup {
    html! {
        @for probe in probes {
            @let at = after(evidence, &evidence.client, probe.ended);
            @if probe.answered { (tick(scale, "yes", at, "answered")) }
            @else { (tick(scale, "no", at, "not answered")) }
        }
    }
}

fn starts(evidence: &Evidence, scale: &Scale) -> Markup {
    html! {
        @for (node, marks) in &evidence.marks {
            @if let Reading::Known(marks) = marks {
                @for mark in marks.iter().filter(|mark| mark.kind == MarkKind::Start) {
                    @let text = format!("{} began on {node}", mark.name);
                    (tick(scale, "yes", after(evidence, node, mark.at), &text))
                }
            }
        }
    }
}

fn phases(
    order: &[Phase],
    timings: &BTreeMap<Phase, PhaseTiming>,
    scale: &Scale,
) -> impl Iterator<Item = Row> {
    order.iter().map(|phase| {
        let timing = timings.get(phase);
        let content = match timing.and_then(|it| Some((it.start_s?, it.end_s?))) {
            Some((start_s, end_s)) => {
                let message = timing.and_then(|it| it.message.as_deref()).unwrap_or_default();
                let length = short(end_s - start_s);
                html! {
                    (bar(scale, "bar", start_s, end_s, &format!("{length} s: {message}"), 0.0))
                    text.faint x=(scale.x(end_s) + 4.0) y="16" { (length) " s" }
                }
            }
            None => {
                let why = timing.and_then(|it| it.reason.as_deref()).unwrap_or("not asked");
                html! { text.faint x=(LEFT + 4.0) y="16" { (why) } }
            }
        };
        Row { name: phase.word().to_owned(), content }
    })
}

fn writer(intervals: &[WriterInterval], scale: &Scale) -> Markup {
    html! {
        @for interval in intervals {
            (bar(scale, "holds", interval.start_s, interval.end_s, &interval.signs.join(", "), 0.0))
        }
    }
}

fn tick(scale: &Scale, class: &str, at_s: f64, text: &str) -> Markup {
    if !scale.holds(at_s) {
        return html! {};
    }
    let x = scale.x(at_s);
    html! { line.(class) x1=(x) x2=(x) y1="5" y2="19" { title { (text) } } }
}

/// A bar that can be seen however short it is.
fn bar(scale: &Scale, class: &str, start_s: f64, end_s: f64, text: &str, top: f64) -> Markup {
    let from = scale.x(start_s.max(scale.from_s));
    let width = (scale.x(end_s.min(scale.to_s)) - from).max(2.0);
    html! {
        rect.(class) x=(number(from)) y=(number(top + 4.0)) width=(number(width)) height="16" rx="2" {
            title { (text) }
        }
    }
}

fn after(evidence: &Evidence, machine: &NodeName, at: jiff::Timestamp) -> f64 {
    seconds(evidence.cut, evidence.on_drill_clock(machine, at))
}

/// Seconds after the fault to units of the picture.
struct Scale {
    from_s: f64,
    to_s: f64,
}

impl Scale {
    fn of(report: &Report) -> Self {
        let phases = report.phases.values().filter_map(|timing| timing.end_s);
        let of_stroke = |stroke: &StrokeSpan| stroke.end_s.or(stroke.begin_s);
        let strokes = report.strokes.iter().filter_map(of_stroke);
        let outages = [&report.submit_outage, &report.rpc_outage].into_iter();
        let outages = outages.chain(report.start_outage.as_ref());
        let (starts, ends): (Vec<f64>, Vec<f64>) = outages.map(|o| (o.start_s, o.end_s)).unzip();
        Self {
            from_s: starts.into_iter().fold(0.0, f64::min) - MARGIN_S,
            to_s: ends
                .into_iter()
                .chain(phases)
                .chain(report.taken_back_s)
                .chain(strokes)
                .fold(0.0, f64::max)
                + MARGIN_S,
        }
    }

    fn holds(&self, at_s: f64) -> bool {
        (self.from_s..=self.to_s).contains(&at_s)
    }

    fn x(&self, at_s: f64) -> f64 {
        LEFT + (at_s - self.from_s) / (self.to_s - self.from_s) * (WIDTH - LEFT)
    }

    /// Whole seconds between two marks.
    fn step_s(&self) -> f64 {
        let steps = [1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0];
        let enough = |step: &f64| (self.to_s - self.from_s) / step <= MARKS;
        steps.into_iter().find(enough).unwrap_or(3600.0)
    }

    fn grid(&self, height: f64) -> Markup {
        let step = self.step_s();
        let first = (self.from_s / step).ceil() as i64;
        let last = (self.to_s / step).floor() as i64;
        html! {
            @for mark in first..=last {
                @let x = number(self.x(mark as f64 * step));
                line.(if mark == 0 { "event" } else { "grid" }) x1=(x) x2=(x) y1="16" y2=(height) {}
                text.faint x=(x) y="12" text-anchor="middle" { (mark as f64 * step) }
            }
        }
    }
}

/// A coordinate: more digits would only make the file longer.
fn number(value: f64) -> String {
    format!("{value:.1}")
}
