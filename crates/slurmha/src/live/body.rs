// SPDX-License-Identifier: Apache-2.0
//! The part between the controllers and the changes: what is wrong, what
//! users get, the other machines, resources and fences.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::Line;
use ratatui::widgets::{Paragraph, Wrap};
use slurmha_core::status::{
    Card, Status, fencing_lines, other_machine_lines, problem_lines, resource_lines, service_lines,
};

use super::card;
use super::keys::Scroll;
use super::paint::Paint;

/// A screen of this width has two columns,
const TWO_COLUMNS: u16 = 150;
/// so far from each other.
const GAP: u16 = 2;

/// Text for a certain width, in one column or two.
pub struct Body {
    columns: Vec<Paragraph<'static>>,
    /// Lines of the longer column.
    lines: u16,
}

impl Body {
    /// Puts it together; the listed controllers are those that have no box.
    pub fn new(paint: Paint, status: &Status, listed: &[Card], width: u16) -> Self {
        let has_two = width >= TWO_COLUMNS;
        let column = if has_two { (width - GAP) / 2 } else { width };
        let mut first = paint.lines(&problem_lines(status, usize::from(column)));
        for card in listed {
            append(&mut first, card::lines(card, paint));
        }
        append(&mut first, paint.lines(&service_lines(status)));
        append(&mut first, paint.lines(&other_machine_lines(status)));
        let mut second = paint.lines(&resource_lines(status, usize::from(column)));
        second.extend(paint.lines(&fencing_lines(status)));
        let texts = if has_two {
            vec![first, second]
        } else {
            append(&mut first, second);
            vec![first]
        };
        let wrapped = |lines| Paragraph::new(lines).wrap(Wrap { trim: false });
        let columns: Vec<_> = texts.into_iter().map(wrapped).collect();
        let lines = columns.iter().map(|text| text.line_count(column)).max().unwrap_or_default();
        Self { columns, lines: u16::try_from(lines).unwrap_or(u16::MAX) }
    }

    /// The rows that it needs, of so many.
    pub fn rows(&self, of: u16) -> u16 {
        self.lines.min(of)
    }

    /// Draws it as far as it is scrolled.
    pub fn draw(self, frame: &mut Frame<'_>, scroll: &mut Scroll, area: Rect) {
        *scroll = scroll.fitted(self.lines, area.height);
        let areas = Layout::horizontal(self.columns.iter().map(|_| Constraint::Fill(1)));
        let areas = areas.spacing(GAP).split(area);
        for (text, area) in self.columns.into_iter().zip(areas.iter()) {
            frame.render_widget(text.scroll((scroll.above, 0)), *area);
        }
    }
}

/// An empty line keeps groups apart.
fn append(lines: &mut Vec<Line<'static>>, group: Vec<Line<'static>>) {
    if !lines.is_empty() && !group.is_empty() {
        lines.push(Line::default());
    }
    lines.extend(group);
}
