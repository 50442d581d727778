// SPDX-License-Identifier: Apache-2.0
//! A controller as a box, or as lines where there is no room for one.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::{Block, LineGauge, Widget};
use slurmha_core::status::{Card, Tone, Volume};

use super::paint::Paint;

/// Rows of a box: its border, lines and volumes.
pub fn height(card: &Card) -> u16 {
    u16::try_from(card.lines.len() + card.volumes.len() + 2).unwrap_or(u16::MAX)
}

/// Draws the box.
pub fn draw(card: &Card, paint: Paint, area: Rect, buffer: &mut Buffer) {
    let tone = if card.is_silent { Tone::Warning } else { Tone::Plain };
    let block = Block::bordered()
        .border_set(paint.border())
        .border_style(paint.style(tone))
        .title(framed(title(card, paint)));
    let inner = block.inner(area);
    block.render(area, buffer);
    let mut rows = inner.rows();
    for (line, row) in card.lines.iter().zip(&mut rows) {
        paint.line(line).render(row, buffer);
    }
    for (volume, row) in card.volumes.iter().zip(&mut rows) {
        draw_volume(volume, paint, row, buffer);
    }
}

/// The same as lines.
pub fn lines(card: &Card, paint: Paint) -> Vec<Line<'static>> {
    let volumes = card.volumes.iter().map(|volume| &volume.disk);
    let all = card.lines.iter().chain(volumes).map(|line| paint.line(line));
    std::iter::once(title(card, paint)).chain(all).collect()
}

fn title(card: &Card, paint: Paint) -> Line<'static> {
    let mut title = vec![paint.span(Tone::Title, card.name.as_str())];
    if card.is_active {
        title.push(paint.span(Tone::Title, ", active"));
    }
    if card.is_silent {
        title.push(paint.span(Tone::Warning, ", does not answer"));
    }
    title.into()
}

/// With room to the border on both sides.
fn framed(mut title: Line<'static>) -> Line<'static> {
    title.spans.insert(0, " ".into());
    title.push_span(" ");
    title
}

/// The disk's word and, while this side receives, a bar behind it.
fn draw_volume(volume: &Volume, paint: Paint, row: Rect, buffer: &mut Buffer) {
    let disk = paint.line(&volume.disk);
    match volume.received {
        None => disk.render(row, buffer),
        Some(received) => {
            let (done, left) = paint.bar();
            LineGauge::default()
                .label(disk)
                .ratio(received)
                .filled_symbol(done)
                .unfilled_symbol(left)
                .filled_style(paint.style(Tone::Warning))
                .unfilled_style(paint.style(Tone::Faint))
                .render(row, buffer);
        }
    }
}
