// SPDX-License-Identifier: Apache-2.0
//! Words with a fixed meaning: accepted dangers and choices.

use serde_json::{Value as Json, json};
use toml::de::DeValue;

use super::diagnostic::{Diagnostic, Span};
use super::model::{Accept, ActionKind, AfterFencing, Desktop, DurableSubmit};
use super::reader::{Report, Value, nearest, wrong_type};
use super::rule;

impl Value for Accept {
    fn expected() -> String {
        one_of(Self::ALL.map(Self::as_str))
    }

    fn read(value: &DeValue<'_>, span: &Span, report: &mut Report) -> Option<Self> {
        read_word(
            value,
            span,
            report,
            Self::ALL.map(|a| (a.as_str(), a)),
            "is no danger that can be accepted",
        )
    }

    fn schema() -> Json {
        json!({ "enum": Self::ALL.map(Self::as_str) })
    }
}

impl Value for ActionKind {
    fn expected() -> String {
        one_of(Self::ALL.map(Self::as_str))
    }

    fn read(value: &DeValue<'_>, span: &Span, report: &mut Report) -> Option<Self> {
        read_word(
            value,
            span,
            report,
            Self::ALL.map(|a| (a.as_str(), a)),
            "is nothing that the console can do",
        )
    }

    fn schema() -> Json {
        json!({ "enum": Self::ALL.map(Self::as_str) })
    }
}

impl Value for DurableSubmit {
    fn expected() -> String {
        one_of(Self::ALL.map(Self::as_str))
    }

    fn read(value: &DeValue<'_>, span: &Span, report: &mut Report) -> Option<Self> {
        read_word(
            value,
            span,
            report,
            Self::ALL.map(|d| (d.as_str(), d)),
            "does not say when sbatch waits",
        )
    }

    fn schema() -> Json {
        json!({ "enum": Self::ALL.map(Self::as_str) })
    }
}

impl Value for AfterFencing {
    fn expected() -> String {
        one_of(Self::ALL.map(Self::as_str))
    }

    fn read(value: &DeValue<'_>, span: &Span, report: &mut Report) -> Option<Self> {
        read_word(
            value,
            span,
            report,
            Self::ALL.map(|a| (a.as_str(), a)),
            "does not say what becomes of a fenced controller",
        )
    }

    fn schema() -> Json {
        json!({ "enum": Self::ALL.map(Self::as_str) })
    }
}

impl Value for Desktop {
    fn expected() -> String {
        one_of(Self::ALL.map(Self::as_str))
    }

    fn read(value: &DeValue<'_>, span: &Span, report: &mut Report) -> Option<Self> {
        let words = Self::ALL.map(|desktop| (desktop.as_str(), desktop));
        read_word(value, span, report, words, "is no desktop that Open OnDemand can start")
    }

    fn schema() -> Json {
        json!({ "enum": Self::ALL.map(Self::as_str) })
    }
}

fn one_of<const N: usize>(words: [&str; N]) -> String {
    format!("one of {}", words.map(|word| format!("\"{word}\"")).join(", "))
}

/// The meaning of one of the known words; `is_not` says what another one is not.
fn read_word<T: Value + Copy, const N: usize>(
    value: &DeValue<'_>,
    span: &Span,
    report: &mut Report,
    words: [(&'static str, T); N],
    is_not: &str,
) -> Option<T> {
    let Some(text) = value.as_str() else {
        report.push(wrong_type::<T>(value, span));
        return None;
    };
    if let Some((_, known)) = words.into_iter().find(|(word, _)| *word == text) {
        return Some(known);
    }
    let help = match nearest(text, words.into_iter().map(|(word, _)| word)) {
        Some(near) => format!("did you mean \"{near}\"?"),
        None => format!("write {}", T::expected()),
    };
    let message = format!("`{}` {is_not}", text.escape_default());
    report.push(Diagnostic::new(&rule::UNKNOWN_WORD, span.clone(), message, help));
    None
}
