// SPDX-License-Identifier: Apache-2.0
//! `slurmha drill report`: a kept drill, judged again.

use std::path::{Path, PathBuf};

use slurmha_core::drill::{Evidence, analyse};

use super::format::FormatArgs;
use crate::failure::Failure;
use crate::stdout;

#[derive(clap::Args, Debug)]
pub struct Args {
    /// The evidence that the drill has kept
    #[arg(value_name = "FILE.evidence.json")]
    evidence: PathBuf,
    #[command(flatten)]
    format: FormatArgs,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Failure> {
    let evidence = read(&args.evidence)?;
    stdout::print(&args.format.render(&analyse(&evidence), &evidence)?)
}

fn read(path: &Path) -> Result<Evidence, Failure> {
    let shown = path.display();
    let text = std::fs::read_to_string(path).map_err(|error| {
        Failure::usage(format!("cannot read the evidence {shown}: {error}")).hint(
            "a drill says at its end where it has kept its files; `--report DIR` chooses the place",
        )
    })?;
    serde_json::from_str(&text).map_err(|error| {
        Failure::usage(format!("{shown} is no evidence of a drill: {error}"))
            .hint("name the file that ends with .evidence.json; the report beside it is made of it")
    })
}
