// SPDX-License-Identifier: Apache-2.0
//! Words with a fixed meaning: accepted dangers and choices.

use serde_json::{Value as Json, json};
use toml::de::DeValue;

use super::diagnostic::{Diagnostic, Span};
use super::model::{Accept, ActionKind, AfterFencing, Desktop, DurableSubmit};
use super::reader::{Report, Value, nearest, wrong_type};
use super::rule;

/// A choice between all of a type's words, and what another word is not or does not do.
macro_rules! choice {
    ($choice:ty, $is_not:literal) => {
        impl Value for $choice {
            fn expected() -> String {
                one_of(&Self::ALL.map(Self::as_str))
            }

            fn read(value: &DeValue<'_>, span: &Span, report: &mut Report) -> Option<Self> {
                read_word(value, span, report, &Self::ALL.map(|it| (it.as_str(), it)), $is_not)
            }

            fn schema() -> Json {
                json!({ "enum": Self::ALL.map(Self::as_str) })
            }
        }
    };
}

choice!(Accept, "is no danger that can be accepted");
choice!(ActionKind, "is nothing that the console can do");
choice!(AfterFencing, "does not say what becomes of a fenced controller");
choice!(Desktop, "is no desktop that Open OnDemand can start");
choice!(DurableSubmit, "does not say when sbatch waits");

fn one_of(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
    format!("one of {}", quoted.join(", "))
}

/// The meaning of one of the known words; `is_not` says what another one is not.
fn read_word<T: Value + Copy>(
    value: &DeValue<'_>,
    span: &Span,
    report: &mut Report,
    words: &[(&'static str, T)],
    is_not: &str,
) -> Option<T> {
    let Some(text) = value.as_str() else {
        report.push(wrong_type::<T>(value, span));
        return None;
    };
    if let Some((_, known)) = words.iter().find(|(word, _)| *word == text) {
        return Some(*known);
    }
    let help = match nearest(text, words.iter().map(|(word, _)| *word)) {
        Some(near) => format!("did you mean \"{near}\"?"),
        None => format!("write {}", T::expected()),
    };
    let message = format!("`{}` {is_not}", text.escape_default());
    report.push(Diagnostic::new(&rule::UNKNOWN_WORD, span.clone(), message, help));
    None
}
