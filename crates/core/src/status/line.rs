// SPDX-License-Identifier: Apache-2.0
//! Lines of text whose pieces say what they mean. Whether and how that is
//! coloured is the business of whoever shows them.

/// Width of the column of names.
pub(super) const NAMES: usize = 12;

/// What a piece of text means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Nothing in particular.
    Plain,
    /// A heading.
    Title,
    /// As it should be.
    Good,
    /// Not as it should be.
    Warning,
    /// Broken.
    Bad,
    /// Of less interest.
    Faint,
}

/// A piece of text with one meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// What it means.
    pub tone: Tone,
    /// The text.
    pub text: String,
}

/// One line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line(pub Vec<Span>);

impl Line {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// A line that begins with a name in its own column.
    pub(super) fn named(name: &str) -> Self {
        Self::new().tone(Tone::Faint, format!("{name:<NAMES$}"))
    }

    pub(super) fn plain(self, text: impl Into<String>) -> Self {
        self.tone(Tone::Plain, text)
    }

    pub(super) fn tone(mut self, tone: Tone, text: impl Into<String>) -> Self {
        self.0.push(Span { tone, text: text.into() });
        self
    }

    /// Fills up with spaces so that the next span begins at that column.
    pub(super) fn at_column(self, column: usize) -> Self {
        let missing = column.saturating_sub(self.width()).max(1);
        self.plain(" ".repeat(missing))
    }

    pub(super) fn width(&self) -> usize {
        self.0.iter().map(|span| span.text.chars().count()).sum()
    }
}

/// The lines without any meaning beside the words.
pub fn plain_text(lines: &[Line]) -> String {
    let mut text = String::new();
    for line in lines {
        let words: String = line.0.iter().map(|span| span.text.as_str()).collect();
        text.push_str(words.trim_end());
        text.push('\n');
    }
    text
}
