// SPDX-License-Identifier: Apache-2.0
//! Values in Slurm's own syntax.

use crate::site::diagnostic::Fault;
use crate::site::reader::Text;
use crate::site::rule;

/// A time limit, in Slurm's notation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::site) struct TimeLimit {
    pub(in crate::site) written: String,
    /// `None` for UNLIMITED.
    pub(in crate::site) seconds: Option<u64>,
}

impl Text for TimeLimit {
    const EXPECTED: &'static str = "a time such as \"1-00:00:00\" (one day) or \"UNLIMITED\"";
    const PATTERN: &'static str = "^([0-9:-]+|UNLIMITED|INFINITE)$";

    fn parse(text: &str) -> Result<Self, Fault> {
        let written = text.to_owned();
        if text == "UNLIMITED" || text == "INFINITE" {
            return Ok(Self { written, seconds: None });
        }
        match seconds(text) {
            Some(total) if total > 0 => Ok(Self { written, seconds: Some(total) }),
            _ => Err(Fault::new(
                &rule::INVALID_TIME_LIMIT,
                format!("`{text}` is not a time limit"),
                "write minutes, minutes:seconds, hours:minutes:seconds, days-hours, \
                 days-hours:minutes, days-hours:minutes:seconds or UNLIMITED",
            )),
        }
    }
}

/// The forms of `slurm.conf(5)`, MaxTime.
fn seconds(text: &str) -> Option<u64> {
    let number = |digits: &str| {
        let valid = (1..=6).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        if valid { digits.parse::<u64>().ok() } else { None }
    };
    let (days, clock) = match text.split_once('-') {
        Some((days, clock)) => (Some(number(days)?), clock),
        None => (None, text),
    };
    let fields = clock.split(':').map(number).collect::<Option<Vec<u64>>>()?;
    let clock = match (days.is_some(), fields.as_slice()) {
        (true, [h]) => h * 3600,
        (true, [h, m]) => h * 3600 + m * 60,
        (false, [m]) => m * 60,
        (false, [m, s]) => m * 60 + s,
        (_, [h, m, s]) => h * 3600 + m * 60 + s,
        _ => return None,
    };
    Some(days.unwrap_or_default() * 86_400 + clock)
}

/// Generic resources of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::site) struct Gres(pub(in crate::site) String);

impl Text for Gres {
    const EXPECTED: &'static str = "generic resources such as \"gpu:a100:4\"";
    const PATTERN: &'static str = "^[A-Za-z][A-Za-z0-9_.:,()-]*$";

    fn parse(text: &str) -> Result<Self, Fault> {
        if text.split(',').all(is_gres_entry) {
            return Ok(Self(text.to_owned()));
        }
        Err(Fault::new(
            &rule::INVALID_GRES,
            format!("`{text}` is not a list of generic resources"),
            "write name:count or name:type:count, separated by commas, such as gpu:a100:4",
        ))
    }
}

/// `name[:type][:no_consume][:number[K|M|G|T|P]]`, as `slurm.conf(5)` has it.
fn is_gres_entry(entry: &str) -> bool {
    let word = |w: &str| {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"_.-".contains(&b);
        !w.is_empty() && w.bytes().all(plain)
    };
    let fields: Vec<&str> = entry.split(':').collect();
    let named = fields[0].starts_with(|c: char| c.is_ascii_alphabetic());
    named && fields.len() <= 4 && fields.into_iter().all(word)
}

/// One of a node's features.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::site) struct Feature(pub(in crate::site) String);

impl Text for Feature {
    const EXPECTED: &'static str = "a feature such as \"avx512\"";
    const PATTERN: &'static str = "^[A-Za-z0-9_][A-Za-z0-9_.=+-]*$";

    fn parse(text: &str) -> Result<Self, Fault> {
        // The rest means something in a --constraint: & | [ ] ( ) * , : and so on.
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"_.=+-".contains(&b);
        let first = text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
        if first && text.bytes().all(plain) {
            return Ok(Self(text.to_owned()));
        }
        Err(Fault::new(
            &rule::INVALID_FEATURE,
            format!("`{text}` is not a feature"),
            "use letters, digits and _.=+- only; write several as [\"a\", \"b\"]",
        ))
    }
}

/// One `Key=Value`, cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::site) struct Pair {
    pub(in crate::site) key: String,
    pub(in crate::site) value: String,
}

/// A whole line for slurm.conf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::site) struct ExtraLine {
    pub(in crate::site) written: String,
    pub(in crate::site) pairs: Vec<Pair>,
}

impl Text for ExtraLine {
    const EXPECTED: &'static str = "a line for slurm.conf such as \"SlurmctldDebug=verbose\"";
    const PATTERN: &'static str = r"^ *[A-Za-z][A-Za-z0-9_]*=[^\\#]+$";

    fn parse(text: &str) -> Result<Self, Fault> {
        let pairs = pairs(text)?;
        Ok(Self { written: text.to_owned(), pairs })
    }
}

/// Pairs for a NodeName or PartitionName line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::site) struct ExtraPairs {
    pub(in crate::site) written: String,
    pub(in crate::site) pairs: Vec<Pair>,
}

impl Text for ExtraPairs {
    const EXPECTED: &'static str = "Key=Value pairs such as \"Weight=10 CoresPerSocket=16\"";
    const PATTERN: &'static str = ExtraLine::PATTERN;

    fn parse(text: &str) -> Result<Self, Fault> {
        let pairs = pairs(text)?;
        Ok(Self { written: text.to_owned(), pairs })
    }
}

/// Cuts `Key=Value Key="two words"`; spaces separate outside of quotes.
fn pairs(text: &str) -> Result<Vec<Pair>, Fault> {
    let refuse = |message: String, help: &str| Err(Fault::new(&rule::INVALID_EXTRA, message, help));
    // A backslash continues the line, # begins a comment (slurm.conf(5)).
    if let Some(bad) = text.chars().find(|c| !matches!(c, ' '..='~') || matches!(c, '\\' | '#')) {
        return refuse(
            format!("`{bad}` cannot be passed on to slurm.conf safely"),
            "leave it out; write comments into the site file",
        );
    }
    if !text.matches('"').count().is_multiple_of(2) {
        return refuse("a quote is not closed".to_owned(), "close it: Key=\"two words\"");
    }
    let mut pairs = Vec::new();
    for word in words(text) {
        let (key, value) = word.split_once('=').unwrap_or((word, ""));
        let plain = key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if !key.starts_with(|c: char| c.is_ascii_alphabetic()) || !plain || value.is_empty() {
            return refuse(format!("`{word}` is not of the form Key=Value"), "write Key=Value");
        }
        pairs.push(Pair { key: key.to_owned(), value: value.to_owned() });
    }
    if pairs.is_empty() {
        return refuse("there is nothing in it".to_owned(), "write Key=Value, or remove it");
    }
    Ok(pairs)
}

/// The words of a text; quotes keep spaces together.
fn words(text: &str) -> Vec<&str> {
    let mut quoted = false;
    let split = text.split(move |c: char| {
        quoted ^= c == '"';
        c == ' ' && !quoted
    });
    split.filter(|word| !word.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pattern is for editors, and never accepts less.
    #[test]
    fn blanks_in_front_are_fine_for_the_parser_and_for_the_pattern() {
        let pairs = ExtraPairs::parse("  Weight=1  Sockets=2 ").expect("pairs").pairs;
        assert_eq!(pairs.iter().map(|pair| &*pair.key).collect::<Vec<_>>(), ["Weight", "Sockets"]);
        assert!(ExtraPairs::PATTERN.starts_with("^ *[A-Za-z]"));
    }
}
