// SPDX-License-Identifier: Apache-2.0
//! `slurmha plan`: what `apply` would do, as a diff.

use slurmha_core::plan::{explain, notes};

use crate::apply::survey::{self, Accepted};
use crate::cli::Reach;
use crate::failure::Failure;
use crate::fleet::{Fleet, Patience};
use crate::progress::Progress;
use crate::site_file::SiteFile;
use crate::stdout;

#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  slurmha plan site.toml              steps and diffs, machine by machine
  slurmha plan site.toml --brief      steps alone
  slurmha plan site.toml --json       for other programs; holds no secret

Nothing is changed. A change of the Pacemaker configuration is run through
crm_simulate against the live cluster, and the resulting moves are shown.")]
pub struct Args {
    #[command(flatten)]
    reach: Reach,
    #[command(flatten)]
    accepted: Accepted,
    /// Leave out the diffs
    #[arg(long)]
    brief: bool,
    /// Print the plan as JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Failure> {
    let file = SiteFile::find(args.reach.site.as_deref())?;
    let progress = Progress::new(args.json);
    let fleet = Fleet::open(&file, &args.reach, Patience::Work)?;
    let survey = survey::take(&file, args.accepted, &fleet, &progress)?;
    let moves = survey::moves(&survey.plan, &fleet);
    if args.json {
        stdout::line(crate::json(&survey.plan)?)?;
    } else if survey.plan.is_empty() && survey.plan.refusals.is_empty() {
        stdout::print(&notes(&survey.plan))?;
        stdout::line(format_args!("nothing to change on {} machines", survey.machines))?;
    } else {
        stdout::print(&explain(&survey.plan, !args.brief))?;
        if let Some(moves) = moves {
            stdout::line(format_args!("what Pacemaker would do (crm_simulate):\n{moves}"))?;
        }
    }
    survey.refusal().map_or(Ok(()), Err)
}
