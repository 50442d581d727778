// SPDX-License-Identifier: Apache-2.0
//! `slurmha drill`: a failure on purpose, and what it proves.

mod about;
mod format;
mod report;

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgMatches, Args as _, Command, FromArgMatches, Subcommand};
use slurmha_core::drill::{Fault, Scenario, Verdict};

use crate::cli::Reach;
use crate::drill::power::{LabPower, PowerSwitch};
use crate::drill::{Drill, acceptance, default_directory, keep};
use crate::failure::Failure;
use crate::fleet::{Fleet, Patience};
use crate::progress::Progress;
use crate::site_file::SiteFile;

use format::FormatArgs;

#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    drill: DrillCommand,
}

/// A drill for each fault there is, and what breaks nothing.
#[derive(Debug)]
enum DrillCommand {
    Calm(Calm),
    Fault(Fault, LoadArgs, Option<PowerArgs>),
}

#[derive(Debug, Subcommand)]
enum Calm {
    /// Show which drills there are
    List,
    /// Break nothing: submit jobs, run them, find them in the accounting
    ///
    /// Exit status 0 when every job ran and is accounted for, 6 when not.
    Acceptance(AcceptanceArgs),
    /// Print the report of a drill that was run before
    ///
    /// The evidence is judged again, by the rules of this version.
    Report(report::Args),
}

impl Subcommand for DrillCommand {
    fn augment_subcommands(command: Command) -> Command {
        let faults = Fault::all().into_iter().map(|fault| {
            let command = LoadArgs::augment_args(Command::new(fault.name()));
            let command =
                if fault.cuts_power() { PowerArgs::augment_args(command) } else { command };
            // After the arguments: the comment on a group of them becomes the
            // command's text otherwise.
            command.about(about::title(fault)).long_about(format!(
                "{}\n\n{}",
                about::title(fault),
                about::verdict(fault)
            ))
        });
        Calm::augment_subcommands(command).subcommands(faults)
    }

    fn augment_subcommands_for_update(command: Command) -> Command {
        Self::augment_subcommands(command)
    }

    fn has_subcommand(name: &str) -> bool {
        Calm::has_subcommand(name) || name.parse::<Fault>().is_ok()
    }
}

impl FromArgMatches for DrillCommand {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let fault = matches.subcommand().and_then(|(name, of)| Some((name.parse().ok()?, of)));
        let Some((fault, matches)) = fault else {
            return Calm::from_arg_matches(matches).map(Self::Calm);
        };
        let power = Fault::cuts_power(fault).then(|| PowerArgs::from_arg_matches(matches));
        Ok(Self::Fault(fault, LoadArgs::from_arg_matches(matches)?, power.transpose()?))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        Self::from_arg_matches(matches).map(|command| *self = command)
    }
}

#[derive(clap::Args, Debug)]
struct AcceptanceArgs {
    #[command(flatten)]
    reach: Reach,
    /// The unprivileged user who submits
    #[arg(long, value_name = "NAME", default_value = "nobody")]
    user: String,
    /// Print the jobs as JSON
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args, Debug)]
struct LoadArgs {
    #[command(flatten)]
    reach: Reach,
    #[command(flatten)]
    format: FormatArgs,
    /// Seconds of load before the fault and again after scheduling is back
    /// [default: 15 before, 20 after]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(3..=3600))]
    seconds: Option<u64>,
    /// Submissions per second
    #[arg(long, value_name = "R", default_value_t = 1.0, value_parser = rate)]
    rate: f64,
    /// The unprivileged user who submits
    #[arg(long, value_name = "NAME", default_value = "nobody")]
    user: String,
    /// Submit with SLURMHA_DURABLE_SUBMIT=1: then a lost job is a `fail`
    #[arg(long)]
    durable: bool,
    /// Where reports are kept [default: $XDG_STATE_HOME/slurmha/reports]
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,
}

#[derive(clap::Args, Debug)]
struct PowerArgs {
    /// The lab whose machine loses its power
    #[arg(long, value_name = "LAB", default_value = "default")]
    lab: String,
    /// Leave the machine without power
    #[arg(long)]
    keep_down: bool,
}

/// Runs the subcommand.
pub fn run(args: &Args) -> Result<(), Failure> {
    match &args.drill {
        DrillCommand::Calm(Calm::List) => {
            println!("{:<24}  breaks nothing: jobs run and are accounted for", "acceptance");
            for fault in Fault::all() {
                println!("{:<24}  {}", fault.name(), fault.summary());
            }
            Ok(())
        }
        DrillCommand::Calm(Calm::Acceptance(args)) => acceptance(args),
        DrillCommand::Calm(Calm::Report(args)) => report::run(args),
        DrillCommand::Fault(fault, load, power) => drill(*fault, load, power.as_ref()),
    }
}

fn acceptance(args: &AcceptanceArgs) -> Result<(), Failure> {
    let file = SiteFile::find(args.reach.site.as_deref())?;
    let fleet = Fleet::open(&file, &args.reach, Patience::Work)?;
    let progress = Progress::new(false);
    let accepted = acceptance::run(&file.site, &fleet, &args.user, &progress)?;
    if args.json {
        println!("{}", crate::json(&accepted)?);
        return Ok(());
    }
    for job in &accepted.jobs {
        println!("{:<8} {:<10} {}", job.id, job.state, job.node);
    }
    println!(
        "{} jobs from {}: all ran and are accounted for, {:.0} s",
        accepted.jobs.len(),
        accepted.login,
        accepted.seconds
    );
    Ok(())
}

fn drill(fault: Fault, args: &LoadArgs, power: Option<&PowerArgs>) -> Result<(), Failure> {
    let file = SiteFile::find(args.reach.site.as_deref())?;
    let site = &file.site;
    if args.durable && !site.durable_submit.is_offered() {
        return Err(Failure::usage("--durable needs durable_submit in [slurm] of the site file")
            .hint("write durable_submit = \"on-request\" there, and `slurmha apply`"));
    }
    let controllers = [&site.controllers[0].name, &site.controllers[1].name];
    let lab = power.map(|power| LabPower::open(&power.lab, &controllers)).transpose()?;
    let fleet = Fleet::open(&file, &args.reach, Patience::Work)?;
    let progress = Progress::new(false);
    slurmha_lab::interrupt::watch();
    let drill = Drill {
        site,
        fleet: &fleet,
        power: lab.as_ref().map(|lab| lab as &dyn PowerSwitch),
        scenario: args.scenario(fault),
        keep_down: power.is_some_and(|power| power.keep_down),
        progress: &progress,
    };
    let outcome = drill.run()?;
    let directory = args.report.clone().unwrap_or_else(default_directory);
    // A report that cannot be kept is printed all the same.
    match keep(&directory, &outcome.report, &outcome.evidence) {
        Ok(kept) => progress.stage(&format!("kept as {}", kept.html.display())),
        Err(error) => progress.stage(&format!("not kept in {}: {error}", directory.display())),
    }
    print!("{}", args.format.render(&outcome.report, &outcome.evidence)?);
    match outcome.report.verdict {
        Verdict::Pass | Verdict::PassWithLoss => Ok(()),
        // The report has said why.
        Verdict::Fail => Err(Failure::not_as_wanted("")),
    }
}

impl LoadArgs {
    fn scenario(&self, fault: Fault) -> Scenario {
        let mut scenario = Scenario::new(fault);
        scenario.load.rate = self.rate;
        scenario.load.durable = self.durable;
        scenario.load.user.clone_from(&self.user);
        if let Some(seconds) = self.seconds {
            scenario.bounds.warm_up = Duration::from_secs(seconds);
            scenario.bounds.cool_down = Duration::from_secs(seconds);
        }
        scenario
    }
}

/// A rate that a login node can bear: each submission is a process.
fn rate(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(rate) if (0.05..=50.0).contains(&rate) => Ok(rate),
        _ => Err("a number from 0.05 to 50".to_owned()),
    }
}
