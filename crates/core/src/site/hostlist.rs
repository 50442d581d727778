// SPDX-License-Identifier: Apache-2.0
//! Slurm's hostlist expressions: `cn[001-128]`, `rack[1-2]n[01-16]`, `a,b[1,3-5]`.
//!
//! The syntax is that of `slurm.conf(5)`, NodeName: ranges in brackets, a
//! leading zero in the lower bound fixes the width, several brackets multiply
//! with the last one running fastest.

use std::fmt;
use std::net::Ipv4Addr;

/// The most names that one expression may stand for; the limit of
/// Slurm's own parser (`MAX_RANGE` in `src/common/hostlist.c`).
pub const MAX_NAMES: usize = 65_536;

/// Why an expression is not a hostlist.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Nothing between two commas, or nothing at all.
    #[error("there is an empty entry")]
    EmptyEntry,
    /// Brackets that do not pair up.
    #[error("the brackets do not pair up")]
    UnbalancedBrackets,
    /// Nothing, or something that is no number, in brackets.
    #[error("`{0}` in brackets is neither a number nor a range such as 1-16")]
    NotARange(String),
    /// The upper bound is below the lower one.
    #[error("the range {0} runs backwards")]
    ReversedRange(String),
    /// Zero padding of the two bounds that contradicts itself.
    #[error("the bounds of the range {0} are padded to different widths")]
    UnevenWidth(String),
    /// More names than [`MAX_NAMES`].
    #[error("it stands for more than {MAX_NAMES} names")]
    TooManyNames,
}

/// One entry of an expression, cut into text and ranges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Text(String),
    Ranges(Vec<NumberRange>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NumberRange {
    low: u64,
    high: u64,
    /// Least number of digits, filled with zeros.
    width: usize,
}

/// The names that an expression stands for, in order.
pub fn expand(expression: &str) -> Result<Vec<String>, Error> {
    let mut names = Vec::new();
    for entry in entries(expression)? {
        let parts = parts(entry)?;
        if count(&parts).is_none_or(|n| n > MAX_NAMES - names.len()) {
            return Err(Error::TooManyNames);
        }
        names.extend(product(&parts));
    }
    Ok(names)
}

/// The shortest expression in Slurm's style for names in this order.
///
/// `expand` gives exactly the same names back, in the same order. Neighbours
/// are joined over their last number only.
pub fn compress<N: AsRef<str>>(names: &[N]) -> String {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for name in names {
        let (prefix, digits) = split_number(name.as_ref());
        match groups.last_mut() {
            Some(group) if !digits.is_empty() && group.takes(prefix) => group.add(digits),
            _ => groups.push(Group::new(prefix, digits)),
        }
    }
    groups.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

/// The shortest expression for addresses in this order, for Slurm's `NodeAddr`.
pub fn compress_addresses(addresses: &[Ipv4Addr]) -> String {
    let written: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    compress(&written)
}

/// The comma-separated entries; commas in brackets do not separate.
pub(super) fn entries(expression: &str) -> Result<Vec<&str>, Error> {
    let mut depth = 0_u32;
    let mut start = 0;
    let mut entries = Vec::new();
    for (index, c) in expression.char_indices() {
        match c {
            '[' if depth == 0 => depth = 1,
            ']' if depth == 1 => depth = 0,
            '[' | ']' => return Err(Error::UnbalancedBrackets),
            ',' if depth == 0 => {
                entries.push(&expression[start..index]);
                start = index + 1;
            }
            _ => {}
        }
    }
    if depth != 0 {
        return Err(Error::UnbalancedBrackets);
    }
    entries.push(&expression[start..]);
    if entries.iter().any(|entry| entry.is_empty()) {
        return Err(Error::EmptyEntry);
    }
    Ok(entries)
}

/// Cuts one entry, whose brackets pair up, into its parts.
pub(super) fn parts(entry: &str) -> Result<Vec<Part>, Error> {
    let mut parts = Vec::new();
    let mut rest = entry;
    while let Some((text, after)) = rest.split_once('[') {
        let (inside, after) = after.split_once(']').ok_or(Error::UnbalancedBrackets)?;
        if !text.is_empty() {
            parts.push(Part::Text(text.to_owned()));
        }
        let ranges = inside.split(',').map(range).collect::<Result<_, _>>()?;
        parts.push(Part::Ranges(ranges));
        rest = after;
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest.to_owned()));
    }
    Ok(parts)
}

fn range(text: &str) -> Result<NumberRange, Error> {
    let (low, high) = text.split_once('-').unwrap_or((text, text));
    let number = |digits: &str| {
        // 18 digits are always a u64.
        let valid = (1..=18).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        let parsed = if valid { digits.parse::<u64>().ok() } else { None };
        parsed.ok_or_else(|| Error::NotARange(text.to_owned()))
    };
    let range = NumberRange { low: number(low)?, high: number(high)?, width: low.len() };
    if range.low > range.high {
        return Err(Error::ReversedRange(text.to_owned()));
    }
    // [08-100] counts 08, 09, 10 .. 100 as in Slurm; [1-010] could mean both.
    if high.len() != low.len() && high.starts_with('0') {
        return Err(Error::UnevenWidth(text.to_owned()));
    }
    Ok(range)
}

/// How many names the parts stand for; `None` if far too many.
fn count(parts: &[Part]) -> Option<usize> {
    parts.iter().try_fold(1_usize, |product, part| {
        let Part::Ranges(ranges) = part else { return Some(product) };
        let sum = ranges.iter().try_fold(0_u64, |sum, r| sum.checked_add(r.high - r.low + 1))?;
        product.checked_mul(usize::try_from(sum).ok()?)
    })
}

fn product(parts: &[Part]) -> Vec<String> {
    let mut names = vec![String::new()];
    for part in parts {
        names = match part {
            Part::Text(text) => names.into_iter().map(|name| name + text).collect(),
            Part::Ranges(ranges) => {
                let numbers = || ranges.iter().flat_map(|r| (r.low..=r.high).map(|n| (n, r.width)));
                let extend = |name: &String| {
                    let name = name.clone();
                    numbers().map(move |(n, width)| format!("{name}{n:0width$}"))
                };
                names.iter().flat_map(extend).collect()
            }
        };
    }
    names
}

/// Splits a name before its trailing digits, at most 18 of them.
fn split_number(name: &str) -> (&str, &str) {
    let digits = name.bytes().rev().take(18).take_while(u8::is_ascii_digit).count();
    name.split_at(name.len() - digits)
}

/// Neighbours that differ in their last number only.
struct Group<'n> {
    prefix: &'n str,
    /// First and last number of each run, with its number of digits.
    runs: Vec<NumberRange>,
}

impl<'n> Group<'n> {
    fn new(prefix: &'n str, digits: &str) -> Self {
        let mut group = Self { prefix, runs: Vec::new() };
        if !digits.is_empty() {
            group.add(digits);
        }
        group
    }

    fn takes(&self, prefix: &str) -> bool {
        self.prefix == prefix && !self.runs.is_empty()
    }

    fn add(&mut self, digits: &str) {
        let number = digits.parse().unwrap_or_default();
        let width = digits.len();
        match self.runs.last_mut() {
            Some(run) if run.continues_with(number, width) => run.high = number,
            _ => self.runs.push(NumberRange { low: number, high: number, width }),
        }
    }
}

impl NumberRange {
    /// Whether the next number of this range would be printed like that.
    fn continues_with(&self, number: u64, width: usize) -> bool {
        let printed = self.width.max(number.to_string().len());
        number == self.high + 1 && printed == width
    }
}

impl fmt::Display for NumberRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { low, high, width } = self;
        match low == high {
            true => write!(f, "{low:0width$}"),
            false => write!(f, "{low:0width$}-{high:0width$}"),
        }
    }
}

impl fmt::Display for Group<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let runs: Vec<String> = self.runs.iter().map(ToString::to_string).collect();
        match runs.as_slice() {
            [] => f.write_str(self.prefix),
            [run] if !run.contains('-') => write!(f, "{}{run}", self.prefix),
            runs => write!(f, "{}[{}]", self.prefix, runs.join(",")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(expression: &str) -> String {
        expand(expression).expect(expression).join(" ")
    }

    #[test]
    fn expands_what_slurm_expands() {
        assert_eq!(expanded("cn1"), "cn1");
        assert_eq!(expanded("cn[1-3]"), "cn1 cn2 cn3");
        assert_eq!(expanded("cn[08-11]"), "cn08 cn09 cn10 cn11");
        assert_eq!(expanded("cn[98-101]"), "cn98 cn99 cn100 cn101");
        assert_eq!(expanded("a,b[1,3-5]"), "a b1 b3 b4 b5");
        assert_eq!(expanded("r[1-2]n[01-02]"), "r1n01 r1n02 r2n01 r2n02");
        assert_eq!(expanded("10.77.0.[21-22]"), "10.77.0.21 10.77.0.22");
        assert_eq!(expand("cn[1-65536]").map(|names| names.len()), Ok(MAX_NAMES));
    }

    #[test]
    fn refuses_what_cannot_be_expanded() {
        let error = |expression| expand(expression).expect_err(expression);
        assert_eq!(error(""), Error::EmptyEntry);
        assert_eq!(error("a,,b"), Error::EmptyEntry);
        assert_eq!(error("cn[1-3"), Error::UnbalancedBrackets);
        assert_eq!(error("cn1-3]"), Error::UnbalancedBrackets);
        assert_eq!(error("cn[[1]]"), Error::UnbalancedBrackets);
        assert_eq!(error("cn[]"), Error::NotARange(String::new()));
        assert_eq!(error("cn[1-x]"), Error::NotARange("1-x".to_owned()));
        assert_eq!(error("cn[1-2-3]"), Error::NotARange("1-2-3".to_owned()));
        assert_eq!(error("cn[3-1]"), Error::ReversedRange("3-1".to_owned()));
        assert_eq!(error("cn[1-010]"), Error::UnevenWidth("1-010".to_owned()));
        assert_eq!(error("cn[0-65536]"), Error::TooManyNames);
        assert_eq!(error("a[0-300]b[0-300]"), Error::TooManyNames);
        assert_eq!(error("cn[0-999999999999999999]"), Error::TooManyNames);
        let huge = "[0-999999999999999999]".repeat(4);
        assert_eq!(error(&huge), Error::TooManyNames);
    }

    #[test]
    fn compresses_as_slurm_prints() {
        assert_eq!(compress(&["cn1", "cn2", "cn3"]), "cn[1-3]");
        assert_eq!(compress(&["a", "b1", "b3", "b4", "b5"]), "a,b[1,3-5]");
        assert_eq!(compress(&["cn08", "cn09", "cn10"]), "cn[08-10]");
        assert_eq!(compress(&["cn99", "cn100"]), "cn[99-100]");
        assert_eq!(compress(&["cn099", "cn100"]), "cn[099-100]");
        assert_eq!(compress(&["cn9", "cn010"]), "cn[9,010]");
        assert_eq!(compress(&["login1"]), "login1");
        assert_eq!(compress::<&str>(&[]), "");
    }
}
