// SPDX-License-Identifier: Apache-2.0
//! `slurmha drill run`: a scenario of one's own.

use std::path::{Path, PathBuf};

use slurmha_core::drill::{Fault, Scenario, ScenarioError, parse_scenario};

use super::risk::RiskArgs;
use super::{OutputArgs, PowerArgs, drill};
use crate::cli::Reach;
use crate::failure::Failure;

pub const SCENARIO: &str = "\
A scenario; what is left out is as in the drill of that fault:

  name = \"friday\"
  fault = \"power-loss\"        # slurmha drill list
  verify = true               # compare both copies of the data in the end

  [[overlap]]                 # what comes meanwhile; as many as you like
  fault = \"fill-state\"
  after = 10                  # seconds after the first fault
  lasts = 30                  # for one that the drill takes back

  [load]
  rate = 2.0                  # submissions per second
  user = \"alice\"
  durable = true              # wait until each is saved
  reserve = true              # nobody else's job begins meanwhile
  mix = \"plain\"               # short jobs alone; else as `mixed`, see --mix

  [seconds]
  warm_up = 15                # load before the fault
  fault = 45                  # a link or a file system is broken for so long
  recovery = 120              # scheduling must be back
  cool_down = 20              # load after that
  drain = 300                 # jobs must have ended
  rejoin = 600                # the machine must be back

  [budget]                    # longest outages, in seconds; longer is a fail
  submissions = 30
  requests = 30
  job_starts = 60
  notice = 5                  # until Pacemaker knows of the fault

Exit status 0 for `pass` and `pass-with-loss`, 6 for `fail`, 5 when the cluster is not healthy to
begin with, 2 when the file is no scenario.";

#[derive(clap::Args, Debug)]
pub struct Args {
    /// The scenario
    #[arg(value_name = "FILE.toml")]
    scenario: PathBuf,
    #[command(flatten)]
    reach: Reach,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    power: PowerArgs,
    #[command(flatten)]
    risk: RiskArgs,
}

/// Runs the scenario.
pub fn run(args: &Args) -> Result<(), Failure> {
    let scenario = read(&args.scenario)?;
    let power = scenario.any(Fault::cuts_power).then_some(&args.power);
    drill(scenario, &args.reach, &args.output, power, &args.risk)
}

/// The scenario of a file.
fn read(path: &Path) -> Result<Scenario, Failure> {
    let shown = path.display();
    let text = std::fs::read_to_string(path).map_err(|error| {
        Failure::usage(format!("cannot read the scenario {shown}: {error}"))
            .hint("`slurmha drill run --help` shows a whole one")
    })?;
    parse_scenario(&text).map_err(|error| {
        let hint = match error {
            ScenarioError::Fault(_) => "`slurmha drill list` shows the faults",
            _ => "`slurmha drill run --help` shows a whole scenario",
        };
        Failure::usage(format!("{shown} is no scenario: {error}")).hint(hint)
    })
}
