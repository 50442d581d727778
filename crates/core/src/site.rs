// SPDX-License-Identifier: Apache-2.0
//! The site file: what an administrator writes, and the [`Site`] it means.
//!
//! Three stages, each with its own types:
//!
//! 1. fragments: what a file may say, read with the place of each value;
//! 2. rules: what the values must not contradict;
//! 3. the [`Site`]: complete and consistent, the only form that the rest of
//!    slurmha sees. [`parse`] is the only way from a file to it.
//!
//! Every stage goes on after a mistake, so that one run reports them all.

mod assemble;
mod diagnostic;
mod edit;
mod fragment;
mod fragments;
pub mod hostlist;
mod init;
mod model;
mod reader;
pub mod rule;
mod rules;
mod schema;
mod secret;
mod spanned;
pub(crate) mod timing;
mod value;
mod word;

use toml::de::DeTable;

use fragment::read_table;
use fragments::SiteFile;
use reader::Report;

pub use diagnostic::{Diagnostic, MOST_SHOWN, Related, Span, line_and_column, render};
pub use edit::{EditError, add_peer, new_peer, remove_peer};
pub use init::{InitAnswers, InitController, InitFence, InitHost, InitNodes, init};
pub use model::*;
pub use rule::Severity;
pub use schema::schema;
pub use secret::mask_secrets;

/// More of them are the echo of the first few.
const MAX_SYNTAX_ERRORS: usize = 20;

/// Reads a site file; the second half of a success holds the warnings.
///
/// `file_name` is used in messages only. `~` in paths stays as it is written.
pub fn parse(file_name: &str, text: &str) -> Result<(Site, Vec<Diagnostic>), Vec<Diagnostic>> {
    let mut report = Report::default();
    let site = read(file_name, text, &mut report);
    match site {
        Some(site) if !report.has_errors() => Ok((site, report.into_sorted())),
        _ => Err(report.into_sorted()),
    }
}

fn read(file_name: &str, text: &str, report: &mut Report) -> Option<Site> {
    if text.trim().is_empty() {
        report.push(Diagnostic::new(
            &rule::EMPTY_FILE,
            0..0,
            format!("{file_name} is empty"),
            "`slurmha init` writes a commented example to begin with",
        ));
        return None;
    }
    let (table, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        // What follows a syntax error may have landed in the wrong table.
        syntax_errors(&errors[..errors.len().min(MAX_SYNTAX_ERRORS)], text)
            .for_each(|error| report.push(error));
        fragment::report_misspelt_keys::<SiteFile>(table.get_ref(), report);
        return None;
    }
    let file: SiteFile = read_table(table.get_ref(), &table.span(), report);
    rules::check(&file, report);
    if report.has_errors() { None } else { assemble::assemble(&file) }
}

/// The errors of the TOML parser, one for each run of lines that fail alike: a
/// table that stands in the file twice makes one error for each of its keys.
fn syntax_errors<'e>(
    errors: &'e [toml::de::Error],
    text: &'e str,
) -> impl Iterator<Item = Diagnostic> + 'e {
    let place = move |error: &toml::de::Error| {
        let span = error.span().unwrap_or(text.len()..text.len());
        let line = text.get(..span.start).map_or(0, |before| before.matches('\n').count());
        (span, line)
    };
    let repeats = move |index: usize| {
        let previous = index.checked_sub(1).and_then(|previous| errors.get(previous));
        previous.is_some_and(|previous| {
            let (first, second) = (place(previous).1, place(&errors[index]).1);
            previous.message() == errors[index].message() && second.abs_diff(first) <= 1
        })
    };
    let first = errors.iter().enumerate().filter(move |(index, _)| !repeats(*index));
    first.map(move |(_, error)| syntax_error(error, place(error).0))
}

fn syntax_error(error: &toml::de::Error, span: Span) -> Diagnostic {
    let help = match error.message() {
        "duplicate key" => "write each key and each [table] once; what repeats is a [[table]]",
        _ => "TOML is described at https://toml.io; texts stand in double quotes",
    };
    Diagnostic::new(&rule::TOML_SYNTAX, span, error.message(), help)
}
