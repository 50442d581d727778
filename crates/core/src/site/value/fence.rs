// SPDX-License-Identifier: Apache-2.0
//! Fence agents, their logins and their parameters.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use toml::de::DeValue;

use crate::site::diagnostic::{Diagnostic, Fault, Span};
use crate::site::reader::{Report, Text, Value, wrong_type};
use crate::site::rule;
use crate::site::secret::is_secret;
use crate::site::spanned::Spanned;

/// An agent of the fence-agents project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::site) struct FenceAgent(pub(in crate::site) String);

impl Text for FenceAgent {
    const EXPECTED: &'static str = "a fence agent such as \"fence_ipmilan\"";
    const PATTERN: &'static str = "^fence_[a-z0-9_]{1,40}$";

    fn parse(text: &str) -> Result<Self, Fault> {
        let name = text.strip_prefix("fence_").unwrap_or_default();
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        if (1..=40).contains(&name.len()) && name.bytes().all(plain) {
            return Ok(Self(text.to_owned()));
        }
        Err(Fault::new(
            &rule::INVALID_FENCE_AGENT,
            format!("`{text}` is not the name of a fence agent"),
            "write one of `stonith_admin --list-installed`, such as fence_ipmilan or fence_redfish",
        ))
    }
}

/// A login on a BMC or power switch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::site) struct FenceUser(pub(in crate::site) String);

impl Text for FenceUser {
    const EXPECTED: &'static str = "a login such as \"admin\"";
    const PATTERN: &'static str = "^[A-Za-z0-9_.@+-]{1,64}$";

    fn parse(text: &str) -> Result<Self, Fault> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"_.@+-".contains(&b);
        if (1..=64).contains(&text.len()) && text.bytes().all(plain) && !text.starts_with('-') {
            return Ok(Self(text.to_owned()));
        }
        Err(Fault::new(
            &rule::INVALID_USER,
            format!("`{text}` is not a login that can be used here"),
            "use letters, digits and _.@+-, 64 characters at most",
        ))
    }
}

/// Further parameters of a fence agent, in the order of their names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::site) struct FenceOptions(pub(in crate::site) BTreeMap<String, FenceOption>);

/// One parameter; `key` is where its name stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::site) struct FenceOption {
    pub(in crate::site) key: Span,
    pub(in crate::site) value: Spanned<String>,
}

impl Value for FenceOptions {
    fn expected() -> String {
        "parameters of the fence agent such as { lanplus = \"1\", cipher = \"17\" }".to_owned()
    }

    fn read(value: &DeValue<'_>, span: &Span, report: &mut Report) -> Option<Self> {
        let Some(table) = value.as_table() else {
            report.push(wrong_type::<Self>(value, span));
            return None;
        };
        let mut options = BTreeMap::new();
        for (key, value) in table {
            let (name, key) = (key.get_ref().to_string(), key.span());
            if let Some(value) = read_option(&name, &key, value, report) {
                options.insert(name, FenceOption { key, value });
            }
        }
        Some(Self(options))
    }

    fn schema() -> Json {
        json!({
            "type": "object",
            "additionalProperties": { "type": ["string", "integer", "boolean"] },
        })
    }
}

fn read_option(
    name: &str,
    key: &Span,
    value: &toml::Spanned<DeValue<'_>>,
    report: &mut Report,
) -> Option<Spanned<String>> {
    if !is_option_name(name) {
        report.push(Diagnostic::new(
            &rule::INVALID_FENCE_OPTION,
            key.clone(),
            format!("`{}` is not the name of a fence agent's parameter", name.escape_default()),
            "write the parameter as the agent's manual page lists it, such as lanplus",
        ));
        return None;
    }
    let span = value.span();
    // Fence agents take "1" for yes; people write numbers and truth values.
    let text = match value.get_ref() {
        DeValue::String(text) => text.to_string(),
        DeValue::Integer(number) if number.radix() == 10 => number.to_string(),
        DeValue::Boolean(truth) => u8::from(*truth).to_string(),
        other => {
            report.push(wrong_type::<OptionText>(other, &span));
            return None;
        }
    };
    // A rule refuses the parameter; what characters it has does not matter.
    if is_secret(name) {
        return Some(Spanned::new(String::new(), span));
    }
    match OptionText::parse(&text) {
        Ok(OptionText(text)) => Some(Spanned::new(text, span)),
        Err(fault) => {
            report.push(fault.at(span));
            None
        }
    }
}

fn is_option_name(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"_-".contains(&b);
    name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.bytes().all(plain)
}

/// The value of a fence agent's parameter.
struct OptionText(String);

impl Text for OptionText {
    const EXPECTED: &'static str = "a text such as \"1\"";
    const PATTERN: &'static str = "^[A-Za-z0-9 ._:/,@%+=-]*$";

    fn parse(text: &str) -> Result<Self, Fault> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b" ._:/,@%+=-".contains(&b);
        if text.bytes().all(plain) {
            return Ok(Self(text.to_owned()));
        }
        Err(Fault::new(
            &rule::INVALID_FENCE_OPTION,
            "the value has characters that cannot be passed on safely",
            "use letters, digits, spaces and ._:/,@%+=- only",
        ))
    }
}
