// SPDX-License-Identifier: Apache-2.0
//! `slurmha apply`: the cluster, or the difference.

use std::io::{BufRead as _, IsTerminal as _};

use slurmha_core::plan::explain;

use crate::apply::{lock, run as carry_out, survey};
use crate::cli::Reach;
use crate::failure::Failure;
use crate::fleet::{Fleet, Patience};
use crate::progress::Progress;
use crate::site_file::SiteFile;
use crate::stdout;

#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  slurmha apply site.toml           show the plan, ask, do it
  slurmha apply site.toml --yes     do it without asking

A second run changes nothing. A run that was interrupted is completed by the
next one. Nothing that carries foreign data is ever formatted.")]
pub struct Args {
    #[command(flatten)]
    reach: Reach,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
}

/// As whom others are told of it.
const WHAT: &str = "an apply";

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Failure> {
    let file = SiteFile::find(args.reach.site.as_deref())?;
    let progress = Progress::new(false);
    let fleet = Fleet::open(&file, &args.reach, Patience::Work)?;
    let survey = survey::take(&file, &fleet, &progress)?;
    if let Some(refusal) = survey.refusal() {
        return Err(refusal);
    }
    if survey.plan.is_empty() {
        stdout::line(format_args!("nothing to change on {} machines", survey.machines))?;
        return skipped(&survey);
    }
    if !args.yes {
        stdout::print(&explain(&survey.plan, true))?;
        agree("Do this?")?;
    }
    let mut lock = lock::take(&fleet, &file.site, WHAT)?;
    // Who was revoked since the file was read would be let in again.
    file.is_unchanged()?;
    let mut is_alone = || lock.renew(&fleet, &file.site);
    let outcome = carry_out::run(&survey.plan, &survey.given, &fleet, &progress, &mut is_alone)?;
    stdout::line(format_args!(
        "{} changes on {} machines in {} s",
        outcome.changed,
        survey.machines,
        progress.elapsed().as_secs()
    ))?;
    skipped(&survey)
}

/// Machines that did not answer are no success, though all others are done.
fn skipped(survey: &survey::Survey) -> Result<(), Failure> {
    if survey.plan.skipped.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = survey.plan.skipped.iter().map(|name| name.as_str()).collect();
    Err(Failure::remote(format!("left for a later run, no answer: {}", names.join(", ")))
        .hint("run `slurmha apply` again once they are up"))
}

/// Asks on the terminal, and takes anything but yes for no.
pub fn agree(question: &str) -> Result<(), Failure> {
    if !std::io::stdin().is_terminal() {
        return Err(Failure::usage("there is no terminal to ask on").hint("add --yes to go on"));
    }
    stdout::print(&format!("{question} [y/N] "))?;
    let mut answer = String::new();
    let _ = std::io::stdin().lock().read_line(&mut answer);
    match answer.trim() {
        "y" | "Y" | "yes" => Ok(()),
        _ => Err(Failure::refused("nothing was changed")),
    }
}
