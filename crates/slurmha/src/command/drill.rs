// SPDX-License-Identifier: Apache-2.0
//! `slurmha drill`: a failure on purpose, and what it proves.

use std::path::PathBuf;
use std::time::Duration;

use clap::Subcommand;
use slurmha_core::drill::{Fault, Scenario, Verdict, render_text};

use crate::cli::Reach;
use crate::drill::power::LabPower;
use crate::drill::{Drill, Outcome, acceptance, default_directory, keep};
use crate::failure::Failure;
use crate::fleet::{Fleet, Patience};
use crate::progress::Progress;
use crate::site_file::SiteFile;

#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    drill: DrillCommand,
}

#[derive(Debug, Subcommand)]
enum DrillCommand {
    /// Show which drills there are
    List,
    /// Break nothing: submit jobs, run them, find them in the accounting
    ///
    /// Exit status 0 when every job ran and is accounted for, 6 when not.
    Acceptance(AcceptanceArgs),
    /// Cut the power of the active controller under load
    ///
    /// Submits small jobs from a login node, cuts the power of the active
    /// controller, waits until the other one schedules again, counts the
    /// jobs, switches the machine on again and waits until it has rejoined.
    /// The verdict is `pass` (nothing lost), `pass-with-loss` (scheduling came
    /// back by itself; lost is only what Slurm had acknowledged and not yet
    /// saved, a few seconds before the cut; each job is named) or `fail`.
    /// Exit status 0 for the first two, 6 for `fail`, 5 when the cluster is
    /// not healthy to begin with.
    PowerLoss(PowerLossArgs),
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
struct PowerLossArgs {
    #[command(flatten)]
    reach: Reach,
    /// The lab whose machine loses its power
    #[arg(long, value_name = "LAB", default_value = "default")]
    lab: String,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
    /// Seconds of load before the cut and again after scheduling is back
    /// [default: 15 before, 20 after]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(3..=3600))]
    seconds: Option<u64>,
    /// Submissions per second
    #[arg(long, value_name = "R", default_value_t = 1.0, value_parser = rate)]
    rate: f64,
    /// The unprivileged user who submits
    #[arg(long, value_name = "NAME", default_value = "nobody")]
    user: String,
    /// Where reports are kept [default: $XDG_STATE_HOME/slurmha/reports]
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,
    /// Leave the machine without power
    #[arg(long)]
    keep_down: bool,
}

/// Runs the subcommand.
pub fn run(args: &Args) -> Result<(), Failure> {
    match &args.drill {
        DrillCommand::List => {
            println!("{:<12}  breaks nothing: jobs run and are accounted for", "acceptance");
            for fault in Fault::ALL {
                println!("{:<12}  {}", fault.name(), fault.summary());
            }
            Ok(())
        }
        DrillCommand::Acceptance(args) => acceptance(args),
        DrillCommand::PowerLoss(args) => power_loss(args),
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

fn power_loss(args: &PowerLossArgs) -> Result<(), Failure> {
    let file = SiteFile::find(args.reach.site.as_deref())?;
    let site = &file.site;
    let controllers = [&site.controllers[0].name, &site.controllers[1].name];
    let power = LabPower::open(&args.lab, &controllers)?;
    let fleet = Fleet::open(&file, &args.reach, Patience::Work)?;
    let progress = Progress::new(false);
    slurmha_lab::interrupt::watch();
    let drill = Drill {
        site,
        fleet: &fleet,
        power: &power,
        scenario: args.scenario(),
        keep_down: args.keep_down,
        progress: &progress,
    };
    let outcome = drill.run()?;
    let directory = args.report.clone().unwrap_or_else(default_directory);
    // A report that cannot be kept is printed all the same.
    match keep(&directory, &outcome.report, &outcome.evidence) {
        Ok(kept) => progress.stage(&format!("kept as {}", kept.text.display())),
        Err(error) => progress.stage(&format!("not kept in {}: {error}", directory.display())),
    }
    print(&outcome, args.json)?;
    match outcome.report.verdict {
        Verdict::Pass | Verdict::PassWithLoss => Ok(()),
        // The report has said why.
        Verdict::Fail => Err(Failure::not_as_wanted("")),
    }
}

impl PowerLossArgs {
    fn scenario(&self) -> Scenario {
        let mut scenario = Scenario::new(Fault::PowerLoss);
        scenario.load.rate = self.rate;
        scenario.load.user.clone_from(&self.user);
        if let Some(seconds) = self.seconds {
            scenario.bounds.warm_up = Duration::from_secs(seconds);
            scenario.bounds.cool_down = Duration::from_secs(seconds);
        }
        scenario
    }
}

fn print(outcome: &Outcome, json: bool) -> Result<(), Failure> {
    let text =
        if json { crate::json(&outcome.report)? + "\n" } else { render_text(&outcome.report) };
    print!("{text}");
    Ok(())
}

/// A rate that a login node can bear: each submission is a process.
fn rate(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(rate) if (0.05..=50.0).contains(&rate) => Ok(rate),
        _ => Err("a number from 0.05 to 50".to_owned()),
    }
}
