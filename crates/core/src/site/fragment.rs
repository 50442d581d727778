// SPDX-License-Identifier: Apache-2.0
//! Tables that are declared once.
//!
//! The declaration, with [`fragment!`], gives the struct, the reading, the list
//! of known keys and the JSON schema.

use serde_json::Value as Json;
use toml::de::DeTable;

use super::diagnostic::{Diagnostic, Span};
use super::reader::{Report, Value, nearest};
use super::rule;
use super::spanned::Spanned;

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

/// Reports the keys that are probably misspelt, and nothing else.
///
/// `[[controllers]]` for `[[controller]]` can be what breaks the syntax, when
/// `[controller.fence]` then stands in the file twice.
pub(super) fn report_misspelt_keys<F: Fragment>(table: &DeTable<'_>, report: &mut Report) {
    for key in table.keys().filter(|key| !is_known::<F>(key.get_ref())) {
        let meant = nearest(key.get_ref(), F::FIELDS.iter().map(|field| field.key));
        if meant.is_some() {
            report.push(unknown_key::<F>(key.get_ref(), key.span(), meant));
        }
    }
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
        pub(in crate::site) struct $name {
            $( $(#[doc = $field_doc])+ pub(in crate::site) $field: Option<Spanned<$type>>, )+
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
