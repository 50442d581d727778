// SPDX-License-Identifier: Apache-2.0
//! `slurmha drill random`: faults that nobody chose, alone and several at once,
//! on a cluster that still bears the marks of the ones before.

use std::time::Duration;

use slurmha_core::drill::{Combination, Draw, Fault, Run, Verdict, can_shrink, shrink};
use slurmha_host::{Local, System as _};

use super::series::{Series, SeriesArgs};
use crate::failure::Failure;
use crate::site_file::SiteFile;

#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  slurmha lab freeze                                   keep the cluster as it is now
  slurmha drill random site.toml --seed 17 --minutes 60
  slurmha drill random site.toml --sequence crash,cut-replication-link:40+kill-slurmctld@12

The laboratory is thawed once, and then one drill follows on the other, each as soon as the cluster
is healthy again. Six of ten break two or three things at once, none of which may take the last
controller, the majority or the last copy of the data. The first drill that fails ends it, and the
sequence is played again in parts, each from the frozen laboratory: without drills, without faults,
with shorter faults, until nothing more can be left out. The same seed gives the same drills.

In a sequence, drills are divided by `,` and faults of one drill by `+`. Behind `@` are the seconds
after the drill's first fault, behind `:` those that a fault lasts. Meanwhile both controllers are
watched without a break: two that can write at the same time are a failure of the sequence.

Exit status 0 when no drill failed, 6 when one did or could not be run.")]
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
    sequence: Vec<Combination>,
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
    if args.sequence.is_empty() {
        series.note_again(replay(args, seed))?;
    }
    series.begin_anew()?;
    match series.play_all(drawn)? {
        Played::Failed(failed) if !args.no_shrink && can_shrink(&failed) => {
            let shortest = shrink(&failed, |part| series.fails(part));
            // Nothing is printed of a search that was interrupted.
            if let Ok(shortest) = shortest {
                series.progress.stage(&format!("the shortest that fails: {}", names(&shortest)));
                series.note_again(sequence(&shortest))?;
            }
        }
        Played::Failed(_) | Played::Passed | Played::Interrupted => {}
    }
    series.end()
}

/// What to type to play the same drills again.
fn replay(args: &Args, seed: u64) -> String {
    let mut line = format!("slurmha drill random --seed {seed} --minutes {}", args.minutes);
    if !args.only.is_empty() {
        let only: Vec<String> = args.only.iter().map(|fault| fault.name()).collect();
        line += &format!(" --only {}", only.join(","));
    }
    line
}

/// The same for drills that are named.
fn sequence(drills: &[Combination]) -> String {
    format!("slurmha drill random --sequence {}", names(drills))
}

/// The drills to play, and what to say of them.
fn drawn(args: &Args, seed: u64) -> (String, Box<dyn Iterator<Item = Combination>>) {
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

fn names(drills: &[Combination]) -> String {
    drills.iter().map(Combination::to_string).collect::<Vec<_>>().join(",")
}

/// How a sequence ended.
enum Played {
    Passed,
    /// With the last of these.
    Failed(Vec<Combination>),
    Interrupted,
}

impl Series<'_> {
    /// Plays until one fails.
    fn play_all(&mut self, drills: impl Iterator<Item = Combination>) -> Result<Played, Failure> {
        let guard = self.guard();
        let mut played = Vec::new();
        for drill in drills {
            self.progress.stage(&format!("--- drill {}: {drill}", played.len() + 1));
            let failed = match self.play(&drill)? {
                None => return Ok(Played::Interrupted),
                Some(run) => has_failed(run),
            };
            played.push(drill);
            let finding = guard.finding();
            if let Some(why) = &finding {
                self.condemn(why)?;
            }
            if failed || finding.is_some() {
                self.progress.stage(&format!("to see it again: --sequence {}", names(&played)));
                self.note_again(sequence(&played))?;
                return Ok(Played::Failed(played));
            }
        }
        Ok(Played::Passed)
    }

    /// Whether a part of a sequence fails from the frozen laboratory.
    fn fails(&mut self, part: &[Combination]) -> Result<bool, Failure> {
        self.progress.stage(&format!("=== does this fail as well: {}", names(part)));
        self.begin_anew()?;
        match self.play_all(part.iter().cloned())? {
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
