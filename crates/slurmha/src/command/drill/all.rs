// SPDX-License-Identifier: Apache-2.0
//! `slurmha drill all`: the catalogue, each drill on a fresh copy of the same
//! laboratory.

use slurmha_core::drill::{Combination, Fault};

use super::series::{Series, SeriesArgs};
use crate::failure::Failure;
use crate::site_file::SiteFile;

#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  slurmha lab freeze                                   keep the cluster as it is now
  slurmha drill all site.toml                          every drill once
  slurmha drill all site.toml --only power-loss,kill-slurmctld --rounds 3

Each drill begins with the laboratory as it was frozen; what happened since is forgotten, and the
laboratory is thawed once more in the end. The index is written after each drill, so that nothing
is lost at Ctrl-C; with the same --report another campaign adds to it. Exit status 0 when no drill failed, 6 when one did or could not be run.")]
pub struct Args {
    #[command(flatten)]
    series: SeriesArgs,
    /// Only these drills
    #[arg(long, value_name = "DRILL", value_delimiter = ',')]
    only: Vec<Fault>,
    /// How often each is run
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Failure> {
    let file = SiteFile::find(args.series.site())?;
    let faults = if args.only.is_empty() { Fault::all() } else { args.only.clone() };
    let mut series = Series::open(&file, &args.series)?;
    let total = faults.len() * args.rounds as usize;
    let rounds = (0..args.rounds).flat_map(|_| &faults);
    for (index, fault) in rounds.enumerate() {
        series.progress.stage(&format!("--- {} of {total}: {}", index + 1, fault.name()));
        if series.play_anew(&Combination::from(*fault))?.is_none() {
            break;
        }
    }
    series.end()
}
