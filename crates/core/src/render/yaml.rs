// SPDX-License-Identifier: Apache-2.0
//! Texts in YAML.

/// A text in double quotes: what JSON writes is also what YAML reads
/// (YAML 1.2, "JSON Compatibility"; the texts here have no character in which
/// YAML 1.1 differs).
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A list of texts in square brackets.
pub(super) fn list<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> String {
    let texts: Vec<String> = texts.into_iter().map(|text| quoted(text.as_ref())).collect();
    format!("[{}]", texts.join(", "))
}
