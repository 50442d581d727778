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
        series.note_again(replay(args, seed) + &series.options())?;
    }
    series.begin_anew()?;
    match series.play_all(drawn)? {
        Played::Failed(failed) if !args.no_shrink && can_shrink(&failed) => {
            let shortest = shrink(&failed, |part| series.fails(part));
            match shortest {
                Ok(shortest) => {
                    series
                        .progress
                        .stage(&format!("the shortest that fails: {}", names(&shortest)));
                    series.note_again(sequence(&shortest) + &series.options())?;
                }
                Err(why) => {
                    series.progress.stage(&format!("none shorter was found: {}", why.message()));
                }
            }
        }
        Played::Failed(_) | Played::NotBegun(_) | Played::Passed | Played::Interrupted => {}
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
    /// Not even the first could be run, and why: nothing was proven.
    NotBegun(String),
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
                None => {
                    if let Some(why) = guard.finding() {
                        self.progress.stage(&why);
                    }
                    return Ok(Played::Interrupted);
                }
                Some(run) => match has_failed(run, played.is_empty()) {
                    Ok(failed) => failed,
                    Err(why) => return Ok(Played::NotBegun(why)),
                },
            };
            played.push(drill);
            let finding = guard.finding();
            if let Some(why) = &finding {
                self.condemn(why)?;
            }
            if failed || finding.is_some() {
                self.progress.stage(&format!("to see it again: --sequence {}", names(&played)));
                self.note_again(sequence(&played) + &self.options())?;
                return Ok(Played::Failed(played));
            }
        }
        Ok(Played::Passed)
    }

    /// Whether a part of a sequence fails from the frozen laboratory.
    fn fails(&mut self, part: &[Combination]) -> Result<bool, Failure> {
        self.progress.stage(&format!("=== does this fail as well: {}", names(part)));
        let mut why = String::new();
        for _ in 0..TRIES {
            let lacking = self.begin_anew()?;
            why = match lacking.first() {
                Some(lack) => format!("the thawed cluster is not healthy: {lack}"),
                None => match self.play_all(part.iter().cloned())? {
                    Played::Passed => return Ok(false),
                    // With the drills after it never played, another failure than the one
                    // that is looked for.
                    Played::Failed(played) => return Ok(played.len() == part.len()),
                    Played::NotBegun(why) => why,
                    Played::Interrupted => return Err(Failure::remote("interrupted")),
                },
            };
        }
        Err(Failure::remote(why))
    }
}

/// How often a part of a sequence is begun that cannot be.
const TRIES: usize = 2;

/// Whether a drill has failed. One that could not be run is one whose cluster was not
/// healthy: the drills before it have left that, or, of the first one, `Err`, nobody
/// has.
fn has_failed(run: &Run, is_first: bool) -> Result<bool, String> {
    match &run.result {
        Ok(summary) => Ok(summary.verdict == Verdict::Fail),
        Err(why) if is_first => Err(why.clone()),
        Err(_) => Ok(true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_drill_that_could_not_be_run_proves_nothing() {
        let not_run = Run { faults: Fault::Switchover.into(), result: Err("not healthy".into()) };
        assert_eq!(has_failed(&not_run, true), Err("not healthy".to_owned()));
        assert_eq!(has_failed(&not_run, false), Ok(true));
    }
}
