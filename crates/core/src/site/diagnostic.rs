// SPDX-License-Identifier: Apache-2.0
//! A mistake in the site file, and how it is shown.

use std::fmt::Write as _;
use std::ops::Range;

use serde::Serialize;

use super::rule::{Rule, Severity};
use super::secret::mask_secrets;
use crate::unseen::is_unseen;

/// Bytes of the site file, from the first to the one after the last.
pub type Span = Range<usize>;

/// One mistake: what, where, why and the cure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// The name of the rule that was broken, such as `vip-outside-network`.
    pub code: &'static str,
    /// Whether the file can be used all the same.
    pub severity: Severity,
    /// What is wrong, as a sentence with the names and values.
    pub message: String,
    /// The value (or key, or table header) that it points to.
    pub span: Span,
    /// A few words to stand beside the caret; may be empty.
    pub label: String,
    /// The cure: what to type.
    pub help: String,
    /// Other places that have to do with it, such as the first of two uses.
    pub related: Vec<Related>,
}

/// What is wrong with a value, before it is known where the value stands.
#[derive(Debug)]
pub(super) struct Fault {
    rule: &'static Rule,
    pub(super) message: String,
    pub(super) help: String,
}

impl Fault {
    pub(super) fn new(
        rule: &'static Rule,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Self { rule, message: message.into(), help: help.into() }
    }

    /// The diagnostic, for a value at `span`.
    pub(super) fn at(self, span: Span) -> Diagnostic {
        Diagnostic::new(self.rule, span, self.message, self.help)
    }
}

/// A second place in the file that explains a diagnostic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Related {
    /// The place.
    pub span: Span,
    /// What it has to do with the matter.
    pub label: String,
}

impl Diagnostic {
    /// A diagnostic of `rule` about the value at `span`.
    pub fn new(
        rule: &Rule,
        span: Span,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Self {
            code: rule.code,
            severity: rule.severity,
            message: message.into(),
            span,
            label: String::new(),
            help: help.into(),
            related: Vec::new(),
        }
    }

    /// Adds the words beside the caret.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Adds another place.
    #[must_use]
    pub fn related(mut self, span: Span, label: impl Into<String>) -> Self {
        self.related.push(Related { span, label: label.into() });
        self
    }

    /// Whether the file is refused because of it.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// More than these nobody reads; each costs a walk through the file.
pub const MOST_SHOWN: usize = 100;

/// Characters of a line that are shown; of a longer one those around the mistake.
const LONGEST_LINE: usize = 200;

/// Characters before the mistake that stay when a line is cut.
const BEFORE: usize = 40;

/// Characters of a message; it may quote a value of any length.
const LONGEST_MESSAGE: usize = 400;

/// Renders diagnostics as plain text, in the order given: the first hundred, and how many
/// more there are. Lines that are too long for any screen are cut.
///
/// The first line has the form `file:line:column: error[code]: message`, which
/// editors and terminals can jump to. Nothing here needs a colour or a width.
/// Whoever renders in another way has to call [`mask_secrets`] first.
pub fn render(file_name: &str, text: &str, diagnostics: &[Diagnostic]) -> String {
    let text = mask_secrets(text);
    let mut out = String::new();
    for diagnostic in diagnostics.iter().take(MOST_SHOWN) {
        if !out.is_empty() {
            out.push('\n');
        }
        render_one(&mut out, file_name, &text, diagnostic);
    }
    if let Some(more) = diagnostics.len().checked_sub(MOST_SHOWN).filter(|more| *more > 0) {
        let _ = writeln!(out, "\n{file_name}: {more} more are not shown");
    }
    out
}

fn render_one(out: &mut String, file_name: &str, text: &str, diagnostic: &Diagnostic) {
    let Diagnostic { code, severity, message, span, label, help, related } = diagnostic;
    let place = Place::of(text, span);
    let severity = severity.as_str();
    let (line, column) = (place.line, place.column);
    let message = printable(message);
    // Writing to a String cannot fail.
    let _ = writeln!(out, "{file_name}:{line}:{column}: {severity}[{code}]: {message}");
    let related: Vec<(Place, &str)> =
        related.iter().map(|r| (Place::of(text, &r.span), r.label.as_str())).collect();
    let widest = related.iter().map(|(p, _)| p.line).max().unwrap_or(0).max(place.line);
    let width = widest.to_string().len();
    place.quote(out, width, '^', label);
    for (place, label) in &related {
        place.quote(out, width, '-', label);
    }
    let mut lines = help.lines();
    if let Some(first) = lines.next() {
        let _ = writeln!(out, "{:width$} = help: {first}", "");
    }
    for line in lines {
        let _ = writeln!(out, "{:width$}         {line}", "");
    }
}

/// A span in terms that people use; lines and columns count from 1.
struct Place<'t> {
    line: usize,
    column: usize,
    source: &'t str,
    /// Characters to underline on that line, at least one.
    length: usize,
}

impl<'t> Place<'t> {
    fn of(text: &'t str, span: &Span) -> Self {
        let start = floor_char_boundary(text, span.start);
        let end = floor_char_boundary(text, span.end).max(start);
        let (line, column) = line_and_column(text, start);
        let line_start = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
        let line_end = text[start..].find('\n').map_or(text.len(), |newline| start + newline);
        Self {
            line,
            column,
            source: text[line_start..line_end].trim_end_matches('\r'),
            length: text[start..end.min(line_end)].chars().count().max(1),
        }
    }

    fn quote(&self, out: &mut String, width: usize, mark: char, label: &str) {
        let Excerpt { source, indent, length } = self.excerpt();
        let _ = writeln!(out, "{:>width$} | {}", self.line, source.trim_end());
        // A width of the format macros ends at 65535.
        let (indent, underline) = (" ".repeat(indent), String::from(mark).repeat(length));
        let marks = format!("{:width$} | {indent}{underline} {label}", "");
        let _ = writeln!(out, "{}", marks.trim_end());
    }

    /// The line, or what fits on a screen of it.
    fn excerpt(&self) -> Excerpt {
        // A control character from the file must not reach the terminal, nor what makes
        // the line look like another one.
        let shown = |c: char| match c {
            _ if c.is_control() => ' ',
            _ if is_unseen(c) => char::REPLACEMENT_CHARACTER,
            _ => c,
        };
        let before = self.column - 1;
        if self.source.chars().nth(LONGEST_LINE).is_none() {
            let source = self.source.chars().map(shown).collect();
            return Excerpt { source, indent: before, length: self.length };
        }
        let skipped = before.saturating_sub(BEFORE);
        let mut rest = self.source.chars().map(shown).skip(skipped);
        let start = if skipped > 0 { "..." } else { "" };
        let middle: String = rest.by_ref().take(LONGEST_LINE).collect();
        let end = if rest.next().is_some() { "..." } else { "" };
        Excerpt {
            source: format!("{start}{middle}{end}"),
            indent: start.len() + before - skipped,
            length: self.length.min(LONGEST_LINE - (before - skipped)),
        }
    }
}

/// What is shown of a line, and where the mistake is in it, in characters.
struct Excerpt {
    source: String,
    indent: usize,
    length: usize,
}

/// A message that may quote anything, as it can be printed.
fn printable(message: &str) -> String {
    let shown = |c: char| if is_unseen(c) { char::REPLACEMENT_CHARACTER } else { c };
    let mut rest = message.chars().map(shown);
    let mut text: String = rest.by_ref().take(LONGEST_MESSAGE).collect();
    if rest.next().is_some() {
        text.push_str("...");
    }
    text
}

/// Line and column of a byte of the text, counted from 1, in characters.
pub fn line_and_column(text: &str, index: usize) -> (usize, usize) {
    let start = floor_char_boundary(text, index);
    let line_start = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
    (text[..start].matches('\n').count() + 1, text[line_start..start].chars().count() + 1)
}

/// The start of the character that holds byte `index`, or the end of the text.
fn floor_char_boundary(text: &str, index: usize) -> usize {
    let mut index = index.min(text.len());
    while !text.is_char_boundary(index) {
        index -= 1;
    }
    index
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site::rule;

    #[test]
    fn shows_line_caret_and_cure() {
        let text = "[cluster]\nvip = \"10.0.0.1\"\n";
        let diagnostic =
            Diagnostic::new(&rule::VIP_OUTSIDE_NETWORK, 16..26, "the VIP is elsewhere", "move it")
                .label("not in 10.77.0.0/24")
                .related(0..9, "in this table");
        let expected = "\
site.toml:2:7: error[vip-outside-network]: the VIP is elsewhere
2 | vip = \"10.0.0.1\"
  |       ^^^^^^^^^^ not in 10.77.0.0/24
1 | [cluster]
  | --------- in this table
  = help: move it
";
        assert_eq!(render("site.toml", text, &[diagnostic]), expected);
    }

    #[test]
    fn a_line_of_any_length_is_cut_around_the_mistake() {
        let text = format!("a = {}\"x\"{}\n", " ".repeat(100_000), " # ".repeat(100_000));
        let start = 4 + 100_000;
        let message = "m".repeat(1_000_000);
        let diagnostic = Diagnostic::new(&rule::TOML_SYNTAX, start..start + 3, message, "h");
        let shown = render("f", &text, &[diagnostic]);
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines[0].chars().count(), "f:1:100005: error[toml-syntax]: ".len() + 403);
        assert_eq!(&lines[1][..4], "1 | ");
        assert_eq!(lines[1].find("\"x\""), lines[2].find("^^^"));
        assert!(lines[1].starts_with("1 | ... ") && lines[1].ends_with("..."), "{}", lines[1]);
        assert!(lines[1].len() < 250 && lines[2].len() < 250, "{shown}");
    }

    #[test]
    fn the_mark_ends_with_what_is_shown_of_the_line() {
        let text = format!("name = \"{}\"\n", "a".repeat(300));
        let diagnostic = Diagnostic::new(&rule::TOML_SYNTAX, 7..309, "m", "h");
        let shown = render("f", &text, &[diagnostic]);
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines[1].len(), "1 | ".len() + LONGEST_LINE + "...".len());
        assert_eq!(lines[2].len(), "1 | ".len() + LONGEST_LINE);
    }

    #[test]
    fn what_turns_the_writing_around_is_shown_as_something_strange() {
        let text = "name = \"a\u{202e}b\"\n";
        let message = "`a\u{202e}b` is none";
        let shown = render("f", text, &[Diagnostic::new(&rule::TOML_SYNTAX, 7..14, message, "h")]);
        assert_eq!(shown.matches("a\u{fffd}b").count(), 2, "{shown}");
        assert!(!shown.contains('\u{202e}'), "{shown}");
    }

    #[test]
    fn of_very_many_mistakes_the_rest_is_counted() {
        let diagnostic = Diagnostic::new(&rule::TOML_SYNTAX, 0..1, "m", "h");
        let shown = render("f", "a\n", &vec![diagnostic; MOST_SHOWN + 2]);
        assert_eq!(shown.matches("= help").count(), MOST_SHOWN);
        assert!(shown.ends_with("\n\nf: 2 more are not shown\n"), "{shown}");
    }

    #[test]
    fn survives_spans_that_do_not_fit_the_text() {
        for span in [0..0, 1..2, 5..500, 900..901] {
            let diagnostic = Diagnostic::new(&rule::TOML_SYNTAX, span, "m", "h");
            assert!(render("f", "\u{e4}\u{1b}[31m\r\n", &[diagnostic]).starts_with("f:"));
        }
    }
}
