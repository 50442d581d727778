// SPDX-License-Identifier: Apache-2.0
//! Times as bars, for a terminal or an e-mail.

use std::fmt::Write as _;

use crate::drill::time::short;

/// Cells that a bar can fill.
const CELLS: usize = 40;
/// Characters of a row's name.
const NAME_WIDTH: usize = 12;

/// One row.
pub(super) struct Row<'a> {
    pub name: &'a str,
    pub bar: Bar<'a>,
}

/// What stands in a row.
pub(super) enum Bar<'a> {
    /// From and to, in seconds; open at the end when `ended` is false.
    Span { start_s: f64, end_s: f64, ended: bool },
    /// No bar, and why.
    Missing(&'a str),
}

/// A scale and a line per row. Times before 0 are cut off at 0.
pub(super) fn chart(rows: &[Row<'_>]) -> String {
    let end = rows.iter().filter_map(|row| match row.bar {
        Bar::Span { end_s, .. } => Some(end_s),
        Bar::Missing(_) => None,
    });
    let scale = Scale::up_to(end.fold(0.0, f64::max));
    let mut text = scale.header();
    for row in rows {
        let _ = write!(text, "  {:<NAME_WIDTH$}", row.name);
        match row.bar {
            Bar::Span { start_s, end_s, ended } => {
                let bar = scale.bar(start_s, end_s);
                let times = times(start_s, end_s, ended);
                let _ = writeln!(text, "{bar:<CELLS$} {times}");
            }
            Bar::Missing(why) => {
                // The JSON report has the whole reason.
                let short: String = why.chars().take(CELLS + 20).collect();
                let _ = writeln!(text, "- {}", short.trim_end());
            }
        }
    }
    text
}

fn times(start_s: f64, end_s: f64, ended: bool) -> String {
    if ended {
        format!("{:>6} ..{:>6}", short(start_s), short(end_s))
    } else {
        format!("{:>6} ..  never", short(start_s))
    }
}

/// Seconds to cells.
struct Scale {
    seconds_per_cell: f64,
}

impl Scale {
    /// A scale whose marks, every ten cells, are whole seconds.
    fn up_to(end_s: f64) -> Self {
        let steps = [1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0];
        let marks = CELLS as f64 / 10.0;
        let per_mark = steps.into_iter().find(|step| step * marks >= end_s);
        Self { seconds_per_cell: per_mark.unwrap_or(end_s / marks) / 10.0 }
    }

    fn header(&self) -> String {
        let mut line = " ".repeat(NAME_WIDTH + 2);
        for mark in 0..=CELLS / 10 {
            let seconds = self.seconds_per_cell * 10.0 * mark as f64;
            let _ = write!(line, "{:<10}", format!("{seconds:.0}"));
        }
        format!("{}\n", line.trim_end())
    }

    /// At least one cell, so that a quick phase is seen too.
    fn bar(&self, start_s: f64, end_s: f64) -> String {
        let first = self.cell(start_s).min(CELLS - 1);
        let last = self.cell(end_s).clamp(first + 1, CELLS);
        format!("{}{}", " ".repeat(first), "█".repeat(last - first))
    }

    fn cell(&self, seconds: f64) -> usize {
        // A negative time becomes 0: casts of floats saturate.
        (seconds / self.seconds_per_cell).round() as usize
    }
}
