// SPDX-License-Identifier: Apache-2.0
//! Reads single values of TOML and collects every mistake on the way.
//!
//! A value that cannot be read becomes `None` beside a diagnostic, so that one
//! run reports all mistakes.

use serde_json::{Value as Json, json};
use toml::de::DeValue;

use super::diagnostic::{Diagnostic, Fault, Span};
use super::rule;
use super::spanned::Spanned;

/// The diagnostics found so far.
#[derive(Debug, Default)]
pub(super) struct Report(Vec<Diagnostic>);

impl Report {
    pub(super) fn push(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
    }

    pub(super) fn has_errors(&self) -> bool {
        self.0.iter().any(Diagnostic::is_error)
    }

    /// All diagnostics in the order of the file.
    pub(super) fn into_sorted(mut self) -> Vec<Diagnostic> {
        self.0.sort_by_key(|d| (d.span.start, d.severity, d.code));
        self.0
    }
}

/// Something that a key can hold.
pub(super) trait Value: Sized {
    /// What should stand there, for messages: `a whole number`.
    fn expected() -> String;

    /// The value, or `None` after a report.
    fn read(value: &DeValue<'_>, span: &Span, report: &mut Report) -> Option<Self>;

    /// What should stand there when the key takes several of them.
    fn expected_many() -> String {
        format!("a list in square brackets, each entry {}", Self::expected())
    }

    /// The JSON schema of the value.
    fn schema() -> Json;
}

/// A value written as text in quotes.
pub(super) trait Text: Sized {
    /// What should stand there, with an example: `a host name such as "ctl1"`.
    const EXPECTED: &'static str;

    /// A regular expression for editors. It may accept more than
    /// [`Text::parse`] does, never less.
    const PATTERN: &'static str;

    /// The value that the text means.
    fn parse(text: &str) -> Result<Self, Fault>;
}

impl<T: Text> Value for T {
    fn expected() -> String {
        T::EXPECTED.to_owned()
    }

    fn read(value: &DeValue<'_>, span: &Span, report: &mut Report) -> Option<Self> {
        let Some(text) = value.as_str() else {
            report.push(wrong_type::<T>(value, span));
            return None;
        };
        let parsed = match control_character(text) {
            Some(fault) => Err(fault),
            None => T::parse(text),
        };
        parsed.map_err(|fault| report.push(fault.at(span.clone()))).ok()
    }

    fn schema() -> Json {
        json!({ "type": "string", "pattern": T::PATTERN })
    }
}

/// Every text ends up in some program's configuration, where a newline would
/// start a new directive.
fn control_character(text: &str) -> Option<Fault> {
    let found = text.chars().find(|c| c.is_control())?;
    Some(Fault::new(
        &rule::CONTROL_CHARACTER,
        format!("the text contains the control character U+{:04X}", u32::from(found)),
        "write the value on one line, without tabs or escapes such as \\n",
    ))
}

impl Value for bool {
    fn expected() -> String {
        "true or false, without quotes".to_owned()
    }

    fn read(value: &DeValue<'_>, span: &Span, report: &mut Report) -> Option<Self> {
        let read = value.as_bool();
        if read.is_none() {
            report.push(wrong_type::<Self>(value, span));
        }
        read
    }

    fn schema() -> Json {
        json!({ "type": "boolean" })
    }
}

impl Value for u64 {
    fn expected() -> String {
        "a whole number without quotes".to_owned()
    }

    fn read(value: &DeValue<'_>, span: &Span, report: &mut Report) -> Option<Self> {
        let Some(number) = value.as_integer() else {
            report.push(wrong_type::<Self>(value, span));
            return None;
        };
        let read = Self::from_str_radix(number.as_str(), number.radix()).ok();
        if read.is_none() {
            report.push(Diagnostic::new(
                &rule::NUMBER_OUT_OF_RANGE,
                span.clone(),
                format!("{number} is not a number that can stand here"),
                "write a whole number, zero or greater",
            ));
        }
        read
    }

    fn schema() -> Json {
        json!({ "type": "integer", "minimum": 0 })
    }
}

impl<T: Value> Value for Vec<Spanned<T>> {
    fn expected() -> String {
        T::expected_many()
    }

    fn read(value: &DeValue<'_>, span: &Span, report: &mut Report) -> Option<Self> {
        let Some(items) = value.as_array() else {
            report.push(wrong_type::<Self>(value, span));
            return None;
        };
        let read = |item: &toml::Spanned<DeValue<'_>>, report: &mut Report| {
            let span = item.span();
            T::read(item.get_ref(), &span, report).map(|value| Spanned::new(value, span))
        };
        Some(items.iter().filter_map(|item| read(item, report)).collect())
    }

    fn schema() -> Json {
        json!({ "type": "array", "items": T::schema() })
    }
}

/// The report of a value that is of another type than `T`.
pub(super) fn wrong_type<T: Value>(value: &DeValue<'_>, span: &Span) -> Diagnostic {
    let found = match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    };
    Diagnostic::new(
        &rule::WRONG_TYPE,
        span.clone(),
        format!("expected {}, found {found}", T::expected()),
        format!("write {}", T::expected()),
    )
}

/// The known word that was probably meant.
pub(super) fn nearest<'w>(word: &str, known: impl Iterator<Item = &'w str>) -> Option<&'w str> {
    let word = word.to_lowercase();
    known
        .map(|candidate| (strsim::jaro_winkler(&word, candidate), candidate))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}
