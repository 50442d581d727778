// SPDX-License-Identifier: Apache-2.0
//! A dashboard's layout as a picture, for the guide: where each panel stands and
//! how it shows its values. Nothing in it was measured.

use maud::{Markup, html};

use super::layout::{COLUMNS, Item, Place, height, place};
use super::{Dashboard, Panel, Tone, Unit, View, Word};

/// Units of the picture for a column and for a line of the grid.
const COLUMN: u16 = 40;
const LINE: u16 = 18;
/// Between two panels.
const GAP: u16 = 6;

const STYLE: &str = "text{font-family:sans-serif;font-size:13px;fill:#24292f}\
                     .name{font-weight:600}\
                     .panel{fill:#fff;stroke:#d0d7de}";

/// The picture, as an SVG file.
pub fn render(dashboard: &Dashboard) -> String {
    let items = place(dashboard);
    let (width, height) = (u16::from(COLUMNS) * COLUMN, height(&items) * LINE);
    let picture = html! {
        svg xmlns="http://www.w3.org/2000/svg" viewBox=(format!("0 0 {width} {height}"))
            role="img" aria-label=(format!("Layout of the dashboard {}", dashboard.title)) {
            style { (STYLE) }
            rect width=(width) height=(height) fill="#f6f8fa" {}
            @for item in &items {
                @match item {
                    Item::Heading(row, place) => {
                        text.name x=(GAP) y=(place.y * LINE + LINE - 4) { (row.title) }
                    }
                    Item::Panel(panel, place) => (self::panel(panel, Frame::of(*place))),
                }
            }
        }
    };
    picture.into_string() + "\n"
}

/// A panel's box in units of the picture.
struct Frame {
    x: u16,
    y: u16,
    width: u16,
    height: u16,
}

impl Frame {
    fn of(place: Place) -> Self {
        Self {
            x: u16::from(place.x) * COLUMN + GAP / 2,
            y: place.y * LINE + GAP / 2,
            width: u16::from(place.width) * COLUMN - GAP,
            height: place.height * LINE - GAP,
        }
    }
}

fn panel(panel: &Panel, frame: Frame) -> Markup {
    let inner = Frame { x: 12, y: 26, width: frame.width - 24, height: frame.height - 36 };
    html! {
        g transform=(format!("translate({} {})", frame.x, frame.y)) {
            title { (panel.about) }
            rect.panel width=(frame.width) height=(frame.height) rx="4" {}
            text x="10" y="17" { (panel.title) }
            @match panel.view {
                View::Stat => (stat(panel, &inner)),
                View::Timeline => (timeline(panel, &inner)),
                View::Trend => (line(&inner)),
                View::Stack => (stack(&inner)),
                View::Alerts => (table(&inner)),
            }
        }
    }
}

/// What a healthy cluster shows, where that is a word; what its number counts
/// otherwise.
fn stat(panel: &Panel, inner: &Frame) -> Markup {
    let good = panel.words.iter().find(|word| word.tone == Tone::Good);
    let (text, colour) = good.map_or((unit(panel.unit), Tone::Aside), |it| (it.text, it.tone));
    html! {
        rect x=(inner.x) y=(inner.y) width=(inner.width) height=(inner.height) rx="3"
            fill=(colour.colour()) {}
        text x=(inner.x + inner.width / 2) y=(inner.y + inner.height / 2 + 5)
            text-anchor="middle" { (text) }
    }
}

fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Number => "n",
        Unit::Seconds => "s",
        Unit::Bytes => "bytes",
        Unit::BytesPerSecond => "bytes/s",
        Unit::Ratio => "%",
        Unit::Moment => "ago",
    }
}

/// Bars of series, and in their middle what is news: two that change places, or
/// something that is not well for a while.
fn timeline(panel: &Panel, inner: &Frame) -> Markup {
    const BAR: u16 = 18;
    let rows = (inner.height + 6) / (BAR + 6);
    html! {
        @for row in 0..rows {
            g transform=(format!("translate({} {})", inner.x, inner.y + row * (BAR + 6))) {
                @for (from, to, word) in stretches(panel.words, row, inner.width) {
                    rect x=(from) width=((to - from).saturating_sub(2)) height=(BAR) rx="2"
                        fill=(word.tone.colour()) {}
                    @if to - from > 80 { text x=(from + 8) y="14" { (word.text) } }
                }
            }
        }
    }
}

/// From where to where a bar says which word.
fn stretches(words: &'static [Word], row: u16, width: u16) -> Vec<(u16, u16, &'static Word)> {
    let find = |tone: Tone| words.iter().find(|word| word.tone == tone);
    let Some(good) = find(Tone::Good) else { return Vec::new() };
    let (half, later) = (width / 2, width / 2 + width / 12);
    match (find(Tone::Aside), words.iter().find(|word| word.tone != Tone::Good)) {
        (Some(aside), _) if row.is_multiple_of(2) => vec![(0, half, good), (half, width, aside)],
        (Some(aside), _) => vec![(0, half, aside), (half, width, good)],
        (None, Some(news)) if row == 0 => {
            vec![(0, half, good), (half, later, news), (later, width, good)]
        }
        _ => vec![(0, width, good)],
    }
}

/// Points of a curve as parts of the width and of the height, in hundredths.
const CURVE: [(u32, u32); 7] =
    [(0, 70), (15, 55), (30, 62), (45, 30), (60, 45), (80, 20), (100, 35)];

fn points(inner: &Frame) -> String {
    let part = |length: u16, hundredths: u32| u32::from(length) * hundredths / 100;
    let point = |(x, y): (u32, u32)| {
        let (x, y) = (part(inner.width, x), part(inner.height, y));
        format!("{},{}", u32::from(inner.x) + x, u32::from(inner.y) + y)
    };
    CURVE.map(point).join(" ")
}

fn line(inner: &Frame) -> Markup {
    html! {
        polyline points=(points(inner)) fill="none" stroke=(Tone::Aside.colour()) stroke-width="2" {}
    }
}

fn stack(inner: &Frame) -> Markup {
    let bottom = inner.y + inner.height;
    let right = inner.x + inner.width;
    let area = format!("{} {right},{bottom} {},{bottom}", points(inner), inner.x);
    html! { polygon points=(area) fill=(Tone::Aside.colour()) fill-opacity="0.6" {} }
}

fn table(inner: &Frame) -> Markup {
    html! {
        @for row in 0..4 {
            rect x=(inner.x) y=(inner.y + row * 22) width=(inner.width) height="14" rx="2"
                fill="#d0d7de" {}
        }
    }
}
