// SPDX-License-Identifier: Apache-2.0
//! The whole screen: what was seen, how old it is, and what has changed.

use std::time::Duration;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::Line;
use ratatui::widgets::{Block, Borders, Paragraph, Wrap};
use slurmha_core::status::{Card, Status, Tone, cards, headline};

use super::body::Body;
use super::card;
use super::journal::Journal;
use super::keys::{Part, Position, Scroll};
use super::paint::Paint;

/// A screen of this width has the controllers side by side.
const SIDE_BY_SIDE: u16 = 80;
/// Rows for status and changes, below which the boxes give way to lines.
const LEAST_ROWS: u16 = 10;
/// What the changes have at most while the status has the room: two in five.
const CHANGES_SHARE: (u16, u16) = (2, 5);
/// What is left of the part that does not have the room.
const LEFT_OVER: u16 = 4;

const KEYS: &str = "q leave  r look now  Tab changes  arrows scroll  ? help";

const HELP: &str = "\
q, Esc, Ctrl-C        leave
r                     look at once
Tab                   give the room to the changes, or back to the status
arrows, PgUp, PgDn    scroll the part that has the room (also j, k, blank)
Home, End             its beginning, its end
?                     this text; any key ends it

Signs    !!  the scheduler does not work
         !   it works, but not all of it, or not after the next failure
         ?   could not be told

Every machine is asked in each round. A round ends when all have answered or an answer is
late; who is late counts as unknown, never as down. What could not be told is no change.

A machine that does not answer says so beside its name; what else is said of it was told
by the others.";

/// What there is to show.
pub struct View<'a> {
    /// The cluster's name.
    pub cluster: &'a str,
    /// What was seen last; nothing before the first round has ended.
    pub seen: Option<Seen<'a>>,
    /// For how long the first round is under way.
    pub waiting: Duration,
    pub journal: &'a Journal,
    pub paint: Paint,
}

/// What was seen, and when.
#[derive(Clone, Copy)]
pub struct Seen<'a> {
    pub status: &'a Status,
    /// The time of day.
    pub at: &'a str,
    pub age: Duration,
    /// Whether that is more than one expects.
    pub is_old: bool,
}

/// Draws it, and notes how far each part can be scrolled.
pub fn draw(frame: &mut Frame<'_>, view: &View<'_>, position: &mut Position) {
    let area = frame.area();
    let head = head(view, area.width);
    let [top, middle, foot] = Layout::vertical([
        Constraint::Length(u16::try_from(head.len()).unwrap_or(1)),
        Constraint::Fill(1),
        Constraint::Length(1),
    ])
    .areas(area);
    frame.render_widget(Paragraph::new(head), top);
    match (position.help, view.seen) {
        (true, _) => frame.render_widget(Paragraph::new(HELP).wrap(Wrap { trim: false }), middle),
        (false, None) => frame.render_widget(waiting(view), middle),
        (false, Some(seen)) => draw_status(frame, view, seen.status, position, middle),
    }
    frame.render_widget(keys(view.paint, position, foot.width), foot);
}

/// One line, or two where one is too narrow.
fn head(view: &View<'_>, width: u16) -> Vec<Line<'static>> {
    let Some(seen) = &view.seen else {
        let title = format!("Cluster {}", view.cluster);
        return vec![view.paint.span(Tone::Title, &title).into()];
    };
    let mut left = view.paint.line(&headline(seen.status));
    let age = format!("seen at {}, {} s ago", seen.at, seen.age.as_secs());
    let right = if seen.is_old {
        view.paint.span(Tone::Bad, &format!("OLD: {age}"))
    } else {
        view.paint.span(Tone::Faint, &age)
    };
    let gap = usize::from(width).saturating_sub(left.width() + right.width());
    if gap < 2 {
        return vec![left, right.into()];
    }
    left.push_span(" ".repeat(gap));
    left.push_span(right);
    vec![left]
}

fn waiting(view: &View<'_>) -> Paragraph<'static> {
    let seconds = view.waiting.as_secs();
    Paragraph::new(format!(
        "\nThe machines are being asked for the first time, for {seconds} s now."
    ))
    .wrap(Wrap { trim: false })
}

/// How much of the part that has the room is seen, and the keys.
fn keys(paint: Paint, position: &Position, width: u16) -> Line<'static> {
    let scroll = match position.part {
        Part::Status => position.status,
        Part::Changes => position.changes,
    };
    let more = scroll.lines > scroll.rows && !position.help;
    let last = (scroll.above + scroll.rows).min(scroll.lines);
    let place = if more {
        format!("{}-{last} of {}", scroll.above + 1, scroll.lines)
    } else {
        String::new()
    };
    let room = usize::from(width).saturating_sub(place.len());
    let keys: String = KEYS.chars().take(room.saturating_sub(1)).collect();
    paint.span(Tone::Faint, &format!("{keys:<room$}{place}")).into()
}

fn draw_status(
    frame: &mut Frame<'_>,
    view: &View<'_>,
    status: &Status,
    position: &mut Position,
    area: Rect,
) {
    let cards = cards(status);
    let boxes = cards.iter().map(card::height).max().unwrap_or_default();
    let has_boxes = area.width >= SIDE_BY_SIDE && area.height >= boxes + LEAST_ROWS;
    let [top, rest] = Layout::vertical([
        Constraint::Length(if has_boxes { boxes } else { 0 }),
        Constraint::Fill(1),
    ])
    .areas(area);
    if has_boxes {
        draw_boxes(frame, &cards, view.paint, top);
    }
    let listed = if has_boxes { &[][..] } else { &cards };
    let body = Body::new(view.paint, status, listed, rest.width);
    let wanted = u16::try_from(view.journal.entries().len().max(1) + 1).unwrap_or(u16::MAX);
    let most = match position.part {
        // What the status does not need is nobody else's.
        Part::Status => share(rest.height).max(LEFT_OVER).max(rest.height - body.rows(rest.height)),
        Part::Changes => rest.height.saturating_sub(LEFT_OVER),
    };
    let [above, below] =
        Layout::vertical([Constraint::Fill(1), Constraint::Length(wanted.min(most))]).areas(rest);
    body.draw(frame, &mut position.status, above);
    draw_changes(frame, view, &mut position.changes, below);
}

fn share(rows: u16) -> u16 {
    let (part, of) = CHANGES_SHARE;
    rows / of * part + rows % of * part / of
}

fn draw_boxes(frame: &mut Frame<'_>, cards: &[Card], paint: Paint, area: Rect) {
    let columns = Layout::horizontal(cards.iter().map(|_| Constraint::Fill(1))).split(area);
    for (card, column) in cards.iter().zip(columns.iter()) {
        card::draw(card, paint, *column, frame.buffer_mut());
    }
}

fn draw_changes(frame: &mut Frame<'_>, view: &View<'_>, scroll: &mut Scroll, area: Rect) {
    let paint = view.paint;
    let block = Block::new()
        .borders(Borders::TOP)
        .border_set(paint.border())
        .border_style(paint.style(Tone::Faint))
        .title(paint.span(Tone::Title, " Changes, newest first "));
    let mut lines: Vec<Line<'_>> = view
        .journal
        .entries()
        .map(|entry| {
            let change = &entry.change;
            let what = format!("{}: {} → ", change.subject, change.before);
            Line::from(vec![
                paint.span(Tone::Faint, &format!("{} ", entry.at)),
                paint.span(Tone::Plain, &what),
                paint.span(change.tone, &change.after),
            ])
        })
        .collect();
    if lines.is_empty() {
        let since = view.journal.since().unwrap_or_default();
        lines.push(paint.span(Tone::Faint, &format!("none since {since}")).into());
    }
    let inner = block.inner(area);
    let text = Paragraph::new(lines).wrap(Wrap { trim: false });
    let count = u16::try_from(text.line_count(inner.width)).unwrap_or(u16::MAX);
    *scroll = scroll.fitted(count, inner.height);
    frame.render_widget(block, area);
    frame.render_widget(text.scroll((scroll.above, 0)), inner);
}
