// SPDX-License-Identifier: Apache-2.0
//! Reads TOML into declared tables and collects every mistake on the way.
//!
//! A table is declared once, with [`fragment!`]; the declaration gives the
//! struct, the reading, the list of known keys and the JSON schema. A value
//! that cannot be read becomes `None` beside a diagnostic, so that one run
//! reports all mistakes.

use serde_json::{Value as Json, json};
use toml::de::{DeTable, DeValue};

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

/// A key of a declared table.
pub(super) struct Field {
    pub(super) key: &'static str,
    pub(super) need: Need,
    /// The lines of the doc comment.
    pub(super) doc: &'static str,
    pub(super) expected: fn() -> String,
    pub(super) schema: fn() -> Json,
}

/// Whether a key has to be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    Required,
    Optional,
}

/// A declared table; see [`fragment!`].
pub(super) trait Fragment: Sized {
    /// How the table is written: `[cluster]` or `[[controller]]`.
    const HEADER: &'static str;
    const DOC: &'static str;
    const FIELDS: &'static [Field];

    /// The fragment, from a table whose keys were checked; `absent` are the
    /// keys that nobody tried to write.
    fn take(table: &DeTable<'_>, absent: Vec<&'static str>, report: &mut Report) -> Self;

    /// Whether a key is absent, and not merely misspelt or unreadable; the
    /// latter have been reported.
    fn lacks(&self, key: &str) -> bool;
}

/// Reads a table: unknown keys, missing keys, then each value.
pub(super) fn read_table<F: Fragment>(table: &DeTable<'_>, span: &Span, report: &mut Report) -> F {
    let mut absent: Vec<&'static str> = F::FIELDS.iter().map(|field| field.key).collect();
    absent.retain(|key| !table.contains_key(*key));
    for key in table.keys().filter(|key| !is_known::<F>(key.get_ref())) {
        let meant = nearest(key.get_ref(), F::FIELDS.iter().map(|field| field.key));
        report.push(unknown_key::<F>(key.get_ref(), key.span(), meant));
        absent.retain(|key| Some(*key) != meant);
    }
    for field in F::FIELDS {
        if field.need == Need::Required && absent.contains(&field.key) {
            report.push(missing_key::<F>(field, span));
        }
    }
    F::take(table, absent, report)
}

/// One value of a table by its key.
pub(super) fn take_value<T: Value>(
    table: &DeTable<'_>,
    key: &str,
    report: &mut Report,
) -> Option<Spanned<T>> {
    let value = table.get(key)?;
    let span = value.span();
    T::read(value.get_ref(), &span, report).map(|value| Spanned::new(value, span))
}

fn is_known<F: Fragment>(key: &str) -> bool {
    F::FIELDS.iter().any(|field| field.key == key)
}

fn unknown_key<F: Fragment>(key: &str, span: Span, meant: Option<&str>) -> Diagnostic {
    let known = F::FIELDS.iter().map(|field| field.key);
    let help = match meant {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("known keys: {}", known.collect::<Vec<_>>().join(", ")),
    };
    let message = format!("{} has no key `{}`", F::HEADER, key.escape_default());
    Diagnostic::new(&rule::UNKNOWN_KEY, span, message, help)
}

fn missing_key<F: Fragment>(field: &Field, span: &Span) -> Diagnostic {
    let what = field.doc.lines().next().unwrap_or_default().trim();
    let value = (field.expected)();
    Diagnostic::new(
        &rule::MISSING_KEY,
        span.clone(),
        format!("{} needs `{}`", F::HEADER, field.key),
        format!("add `{}`, {value}\n{what}", field.key),
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

/// Declares a table of the site file.
///
/// The first line of a key's doc comment is shown when the key is missing;
/// all of it is shown by editors, through the JSON schema.
macro_rules! fragment {
    (
        $(#[doc = $doc:literal])+
        $name:ident as $header:literal {
            $( $(#[doc = $field_doc:literal])+ $need:ident $field:ident: $type:ty, )+
        }
    ) => {
        $(#[doc = $doc])+
        #[derive(Debug)]
        pub(super) struct $name {
            $( $(#[doc = $field_doc])+ pub(super) $field: Option<Spanned<$type>>, )+
            absent: Vec<&'static str>,
        }

        impl Fragment for $name {
            const HEADER: &'static str = $header;
            const DOC: &'static str = concat!($($doc, "\n"),+);
            const FIELDS: &'static [Field] = &[
                $( Field {
                    key: stringify!($field),
                    need: fragment!(@need $need),
                    doc: concat!($($field_doc, "\n"),+),
                    expected: <$type as Value>::expected,
                    schema: <$type as Value>::schema,
                }, )+
            ];

            fn take(
                table: &DeTable<'_>,
                absent: Vec<&'static str>,
                report: &mut Report,
            ) -> Self {
                Self { $( $field: take_value(table, stringify!($field), report), )+ absent }
            }

            fn lacks(&self, key: &str) -> bool {
                self.absent.contains(&key)
            }
        }

        impl Value for $name {
            fn expected() -> String {
                concat!("a table that begins with ", $header).to_owned()
            }

            fn expected_many() -> String {
                concat!("one or more tables that each begin with ", $header).to_owned()
            }

            fn read(value: &DeValue<'_>, span: &Span, report: &mut Report) -> Option<Self> {
                let Some(table) = value.as_table() else {
                    report.push(wrong_type::<Self>(value, span));
                    return None;
                };
                Some(read_table(table, span, report))
            }

            fn schema() -> Json {
                table_schema::<Self>()
            }
        }
    };
    (@need required) => { Need::Required };
    (@need optional) => { Need::Optional };
}
pub(super) use fragment;
