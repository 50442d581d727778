// SPDX-License-Identifier: Apache-2.0
//! `slurmha drill random`: faults that nobody chose, on a cluster that still
//! bears the marks of the ones before.

use std::time::Duration;

use slurmha_core::drill::{Draw, Fault, Run, Verdict, shrink};
use slurmha_host::{Local, System as _};

use super::series::{Series, SeriesArgs};
use crate::failure::Failure;
use crate::site_file::SiteFile;

#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  slurmha lab freeze                                   keep the cluster as it is now
  slurmha drill random site.toml --seed 17 --minutes 60
  slurmha drill random site.toml --sequence crash,switchover,kill-mariadb

The laboratory is thawed once, and then one fault follows on the other, each as soon as the cluster
is healthy again. The first drill that fails ends it, and the sequence is played again in parts,
each from the frozen laboratory, until nothing more can be left out. The same seed gives the same
faults. Exit status 0 when no drill failed, 6 when one did or could not be run.")]
pub struct Args {
    #[command(flatten)]
    series: SeriesArgs,
    /// Where the faults are drawn from [default: the time]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// No drill begins after so many minutes
    #[arg(long, value_name = "M", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    minutes: u64,
    /// Draw from these drills only
    #[arg(long, value_name = "DRILL", value_delimiter = ',')]
    only: Vec<Fault>,
    /// Draw nothing: these drills, in this order
    #[arg(long, value_name = "DRILL", value_delimiter = ',', conflicts_with_all = ["seed", "minutes", "only"])]
    sequence: Vec<Fault>,
    /// Do not look for a shorter sequence that fails
    #[arg(long)]
    no_shrink: bool,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Failure> {
    let file = SiteFile::find(args.series.site())?;
    let mut series = Series::open(&file, &args.series)?;
    let seed = args.seed.unwrap_or_else(|| Local::new().now().as_second().unsigned_abs());
    let (title, drawn) = drawn(args, seed);
    series.progress.stage(&title);
    series.begin_anew()?;
    match series.play_all(args, drawn)? {
        Played::Failed(failed) if !args.no_shrink && failed.len() > 1 => {
            let shortest = shrink(&failed, |part| series.fails(args, part));
            // Nothing is printed of a search that was interrupted.
            if let Ok(shortest) = shortest {
                series.progress.stage(&format!("the shortest that fails: {}", names(&shortest)));
            }
        }
        Played::Failed(_) | Played::Passed | Played::Interrupted => {}
    }
    series.end()
}

/// The faults to play, and what to say of them.
fn drawn(args: &Args, seed: u64) -> (String, Box<dyn Iterator<Item = Fault>>) {
    if !args.sequence.is_empty() {
        let title = format!("{} drills: {}", args.sequence.len(), names(&args.sequence));
        return (title, Box::new(args.sequence.clone().into_iter()));
    }
    let catalogue = if args.only.is_empty() { Fault::all() } else { args.only.clone() };
    let title = format!("seed {seed}, {} minutes", args.minutes);
    let limit = Duration::from_secs(args.minutes * 60);
    let clock = Local::new();
    (title, Box::new(Draw::new(seed, catalogue).take_while(move |_| clock.elapsed() < limit)))
}

fn names(faults: &[Fault]) -> String {
    faults.iter().map(|fault| fault.name()).collect::<Vec<_>>().join(",")
}

/// How a sequence ended.
enum Played {
    Passed,
    /// With the last of these.
    Failed(Vec<Fault>),
    Interrupted,
}

impl Series<'_> {
    /// Plays until one fails.
    fn play_all(
        &mut self,
        args: &Args,
        faults: impl Iterator<Item = Fault>,
    ) -> Result<Played, Failure> {
        let mut played = Vec::new();
        for fault in faults {
            played.push(fault);
            self.progress.stage(&format!("--- drill {}: {}", played.len(), fault.name()));
            match self.play(args.series.load.scenario(fault))? {
                None => return Ok(Played::Interrupted),
                Some(run) if has_failed(run) => {
                    self.progress.stage(&format!("to see it again: --sequence {}", names(&played)));
                    return Ok(Played::Failed(played));
                }
                Some(_) => {}
            }
        }
        Ok(Played::Passed)
    }

    /// Whether a part of a sequence fails from the frozen laboratory.
    fn fails(&mut self, args: &Args, part: &[Fault]) -> Result<bool, Failure> {
        self.progress.stage(&format!("=== does this fail as well: {}", names(part)));
        self.begin_anew()?;
        match self.play_all(args, part.iter().copied())? {
            Played::Passed => Ok(false),
            Played::Failed(_) => Ok(true),
            Played::Interrupted => Err(Failure::remote("interrupted")),
        }
    }
}

/// A drill that could not be run is one whose cluster was not healthy.
fn has_failed(run: &Run) -> bool {
    !run.result.as_ref().is_ok_and(|summary| summary.verdict != Verdict::Fail)
}
