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
mod timing;
mod value;
mod word;

use toml::de::DeTable;

use fragments::SiteFile;
use reader::{Report, read_table};

pub use diagnostic::{Diagnostic, Related, Severity, Span, render};
pub use init::{InitAnswers, InitController, InitFence, InitHost, InitNodes, init};
pub use model::*;
pub use schema::schema;
pub use secret::mask_secrets;

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
        errors.iter().for_each(|error| report.push(syntax_error(error, text)));
        return None;
    }
    let file: SiteFile = read_table(table.get_ref(), &table.span(), report);
    rules::check(&file, report);
    if report.has_errors() { None } else { assemble::assemble(&file) }
}

fn syntax_error(error: &toml::de::Error, text: &str) -> Diagnostic {
    let span = error.span().unwrap_or(text.len()..text.len());
    let help = match error.message() {
        "duplicate key" => "remove one of the two lines",
        _ => "TOML is described at https://toml.io; texts stand in double quotes",
    };
    Diagnostic::new(&rule::TOML_SYNTAX, span, error.message(), help)
}
