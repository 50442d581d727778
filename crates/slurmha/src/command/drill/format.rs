// SPDX-License-Identifier: Apache-2.0
//! How a report is printed.

use slurmha_core::drill::{Evidence, Report, render_html, render_junit, render_text};

use crate::failure::Failure;

// As text for a terminal, unless one of these is given. (No doc comment: it
// would become the text of every command that has these.)
#[derive(clap::Args, Clone, Copy, Debug)]
#[group(multiple = false)]
pub struct FormatArgs {
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
    /// Print the report as one HTML file, with a picture and the evidence
    #[arg(long)]
    html: bool,
    /// Print the report as JUnit XML: a test case for each invariant
    #[arg(long)]
    junit: bool,
}

impl FormatArgs {
    /// The report in this form.
    pub fn render(self, report: &Report, evidence: &Evidence) -> Result<String, Failure> {
        Ok(match self {
            Self { json: true, .. } => crate::json(report)? + "\n",
            Self { html: true, .. } => render_html(report, evidence),
            Self { junit: true, .. } => render_junit(report),
            _ => render_text(report),
        })
    }
}
