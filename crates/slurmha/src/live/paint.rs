// SPDX-License-Identifier: Apache-2.0
//! What a terminal can show, and how what is meant looks on it.

use ratatui::style::{Color, Modifier, Style};
use ratatui::symbols::{bar, border};
use ratatui::text::{Line, Span};
use slurmha_core::status::{self, Tone};

/// What a terminal can show. No state is told by colour alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paint {
    pub colours: bool,
    /// Signs beside ASCII.
    pub unicode: bool,
}

/// Corners and lines for terminals without others.
const ASCII_BORDER: border::Set<'_> = border::Set {
    top_left: "+",
    top_right: "+",
    bottom_left: "+",
    bottom_right: "+",
    vertical_left: "|",
    vertical_right: "|",
    horizontal_top: "-",
    horizontal_bottom: "-",
};

impl Paint {
    /// What this terminal can show.
    pub fn here() -> Self {
        Self::of_environment(|name| std::env::var(name).ok())
    }

    /// What the environment says (locale(7): the first of these that is not
    /// empty counts).
    fn of_environment(variable: impl Fn(&str) -> Option<String>) -> Self {
        let told = |name: &&str| variable(name).filter(|value| !value.is_empty());
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(&told);
        let locale = locale.unwrap_or_default().to_lowercase();
        Self {
            // An empty NO_COLOR means nothing (no-color.org).
            colours: told(&"NO_COLOR").is_none(),
            unicode: locale.contains("utf-8") || locale.contains("utf8"),
        }
    }

    /// Sixteen colours at most, so that they fit to the terminal's theme.
    pub fn style(self, tone: Tone) -> Style {
        let plain = Style::new();
        let (colour, modifier) = match tone {
            Tone::Plain => return plain,
            Tone::Title => return plain.add_modifier(Modifier::BOLD),
            Tone::Good => (Color::Green, Modifier::empty()),
            Tone::Warning => (Color::Yellow, Modifier::empty()),
            Tone::Bad => (Color::Red, Modifier::BOLD),
            Tone::Faint => return plain.add_modifier(Modifier::DIM),
        };
        let plain = if self.colours { plain.fg(colour) } else { plain };
        plain.add_modifier(modifier)
    }

    pub fn span(self, tone: Tone, text: &str) -> Span<'static> {
        Span::styled(self.text(text), self.style(tone))
    }

    pub fn line(self, line: &status::Line) -> Line<'static> {
        line.0.iter().map(|span| self.span(span.tone, &span.text)).collect()
    }

    pub fn lines(self, lines: &[status::Line]) -> Vec<Line<'static>> {
        lines.iter().map(|line| self.line(line)).collect()
    }

    /// The same in signs that this terminal has.
    pub fn text(self, text: &str) -> String {
        if self.unicode { text.to_owned() } else { text.replace('→', "->") }
    }

    pub fn border(self) -> border::Set<'static> {
        if self.unicode { border::PLAIN } else { ASCII_BORDER }
    }

    /// What a bar is made of: what is done, and what is left.
    pub fn bar(self) -> (&'static str, &'static str) {
        if self.unicode { (bar::FULL, "░") } else { ("#", ".") }
    }
}
