// SPDX-License-Identifier: Apache-2.0
//! Failover of slurmha's cluster against the recipe typed by hand: the same
//! events, on the same machines, seen by the same client.
//!
//! Started by `bench/run`, which also tidies up.

mod client;
mod event;
mod floor;
mod lab;
mod outage;
mod table;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;

use event::Event;
use lab::{Lab, Result, Way};
use table::{Line, Sample, Samples};

/// Where the numbers go.
const OUT: &str = "target/bench";

/// Measure failovers of slurmha's cluster, of the recipe's, and by hand
#[derive(Debug, Parser)]
#[command(name = "bench/run")]
struct Args {
    /// Times that each event happens to each cluster
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,
    /// Only these events
    #[arg(long, value_delimiter = ',', value_name = "EVENT")]
    only: Vec<Event>,
    /// Only these: recipe, slurmha, floor
    #[arg(
        long,
        value_delimiter = ',',
        value_name = "SIDE",
        default_value = "recipe,slurmha,floor"
    )]
    sides: Vec<String>,
    /// Leave the frozen clusters for the next run, which then does not build
    /// them; `slurmha lab down --name bench-slurmha` removes one
    #[arg(long)]
    keep: bool,
    /// The program that is measured
    #[arg(long, env = "SLURMHA", value_name = "FILE")]
    slurmha: PathBuf,
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("bench/failover: {why}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<()> {
    fs::create_dir_all(OUT).map_err(|error| format!("cannot make {OUT}: {error}"))?;
    let mut bench = Bench::new(args)?;
    bench.build()?;
    for round in 1..=args.rounds {
        for event in Event::ALL {
            if args.only.is_empty() || args.only.contains(&event) {
                bench.measure(event, round)?;
            }
        }
    }
    print!("\n{}", table::render(&bench.lines()));
    Ok(())
}

/// One run.
struct Bench<'a> {
    args: &'a Args,
    begin: Instant,
    recipe: Lab,
    slurmha: Lab,
    samples: BTreeMap<Event, Samples>,
}

impl<'a> Bench<'a> {
    fn new(args: &'a Args) -> Result<Self> {
        Ok(Self {
            args,
            begin: Instant::now(),
            recipe: Lab::new(Way::Recipe, &args.slurmha, Path::new(OUT))?,
            slurmha: Lab::new(Way::Slurmha, &args.slurmha, Path::new(OUT))?,
            samples: BTreeMap::new(),
        })
    }

    /// One after the other: two cores bear one cluster.
    fn build(&self) -> Result<()> {
        for (lab, sides) in
            [(&self.recipe, &["recipe"][..]), (&self.slurmha, &["slurmha", "floor"])]
        {
            if sides.iter().any(|side| self.has_side(side)) {
                lab.build(&|what| self.say(&format!("{:<8} {what}", lab.way.name())))?;
            }
        }
        Ok(())
    }

    /// One event on each side in turn. A sample that fails is an answer; the
    /// numbers are on the disk after each.
    fn measure(&mut self, event: Event, round: u32) -> Result<()> {
        for way in [Way::Recipe, Way::Slurmha] {
            if !self.has_side(way.name()) {
                continue;
            }
            let lab = self.lab(way);
            let run = format!("bench{round}-{}", event.name());
            let sample = Sample::seen(event.measure_on(lab, &run));
            self.tell(event, round, way.name(), &sample, lab);
            self.samples.entry(event).or_default().ways.entry(way).or_default().push(sample);
            self.write()?;
        }
        if !self.has_side("floor") {
            return Ok(());
        }
        if let Some(seconds) = floor::measure_on(&self.slurmha, event) {
            let sample = Sample::by_hand(seconds);
            self.tell(event, round, "floor", &sample, &self.slurmha);
            self.samples.entry(event).or_default().floor.push(sample);
            self.write()?;
        }
        Ok(())
    }

    /// Says what was measured, and ends the machines of that lab.
    fn tell(&self, event: Event, round: u32, side: &str, sample: &Sample, lab: &Lab) {
        self.say(&format!("round {round}  {:<20}{side:<8}{}", event.name(), sample.text()));
        if let Err(why) = lab.stop() {
            self.say(&format!("{side:<8} its machines could not be ended: {why}"));
        }
    }

    fn has_side(&self, side: &str) -> bool {
        self.args.sides.iter().any(|wanted| wanted == side)
    }

    fn lab(&self, way: Way) -> &Lab {
        match way {
            Way::Recipe => &self.recipe,
            Way::Slurmha => &self.slurmha,
        }
    }

    fn lines(&self) -> Vec<Line> {
        self.samples.iter().map(|(event, samples)| Line::new(*event, samples)).collect()
    }

    fn write(&self) -> Result<()> {
        let path = Path::new(OUT).join("failover.json");
        let text =
            serde_json::to_string_pretty(&self.lines()).map_err(|error| error.to_string())?;
        write(&path, &(text + "\n"))
    }

    fn say(&self, what: &str) {
        let seconds = self.begin.elapsed().as_secs();
        println!("[{:>3}:{:02}]  {what}", seconds / 60, seconds % 60);
    }
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).map_err(|error| format!("cannot write {}: {error}", path.display()))
}
