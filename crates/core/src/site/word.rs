// SPDX-License-Identifier: Apache-2.0
//! Words with a fixed meaning: accepted dangers, and tables for later.

use serde_json::{Value as Json, json};
use toml::de::DeValue;

use super::diagnostic::{Diagnostic, Span};
use super::model::Accept;
use super::reader::{Report, Value, nearest, wrong_type};
use super::rule;

/// A table that a later version reads; this one refuses it, whatever it holds.
#[derive(Debug)]
pub(super) struct Reserved;

impl Value for Reserved {
    fn expected() -> String {
        "nothing yet".to_owned()
    }

    fn read(_: &DeValue<'_>, _: &Span, _: &mut Report) -> Option<Self> {
        Some(Self)
    }

    fn schema() -> Json {
        json!({ "not": {} })
    }
}

impl Value for Accept {
    fn expected() -> String {
        let words = Self::ALL.map(|danger| format!("\"{}\"", danger.as_str()));
        format!("one of {}", words.join(", "))
    }

    fn read(value: &DeValue<'_>, span: &Span, report: &mut Report) -> Option<Self> {
        let Some(text) = value.as_str() else {
            report.push(wrong_type::<Self>(value, span));
            return None;
        };
        if let Some(accept) = Self::ALL.into_iter().find(|danger| danger.as_str() == text) {
            return Some(accept);
        }
        let help = match nearest(text, Self::ALL.into_iter().map(Self::as_str)) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => format!("write {}", Self::expected()),
        };
        let message = format!("`{}` is no danger that can be accepted", text.escape_default());
        report.push(Diagnostic::new(&rule::UNKNOWN_WORD, span.clone(), message, help));
        None
    }

    fn schema() -> Json {
        json!({ "enum": Self::ALL.map(Self::as_str) })
    }
}
