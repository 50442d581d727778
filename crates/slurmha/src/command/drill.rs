// SPDX-License-Identifier: Apache-2.0
//! `slurmha drill`: a failure on purpose, and what it proves.

mod about;
mod all;
mod format;
mod load;
mod own;
mod random;
mod report;
mod risk;
mod series;

use std::path::PathBuf;

use clap::{ArgMatches, Args as _, Command, FromArgMatches, Subcommand};
use slurmha_core::drill::{Combination, Fault, Scenario, Verdict};
use slurmha_core::site::Site;

use crate::cli::Reach;
use crate::drill::acceptance::Accounted;
use crate::drill::power::{LabPower, PowerSwitch};
use crate::drill::{Drill, acceptance, can_keep, default_directory, keep};
use crate::failure::Failure;
use crate::fleet::{Fleet, Patience, ssh_config};
use crate::progress::Progress;
use crate::site_file::SiteFile;
use crate::stdout;

use format::FormatArgs;
use load::LoadArgs;
use risk::RiskArgs;

#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  slurmha drill acceptance site.toml             the harmless one, to begin with
  slurmha drill kill-slurmctld site.toml         one fault; its --help says what it proves
  slurmha drill power-loss site.toml --html > report.html
                                                 as a page to send to somebody
  slurmha drill run friday.toml site.toml        a scenario of your own

What needs a power switch runs in the laboratory alone (slurmha lab up); what can cost a
real machine is refused elsewhere until --i-accept names the risk. Exit status 0 when the
drill passed, 6 when it failed, 5 when it was refused.")]
pub struct Args {
    #[command(subcommand)]
    drill: DrillCommand,
}

/// A drill for each fault there is, and what breaks nothing.
#[derive(Debug)]
enum DrillCommand {
    Calm(Calm),
    Fault(Fault, FaultArgs, Option<PowerArgs>),
}

#[derive(Debug, Subcommand)]
enum Calm {
    /// Show which drills there are
    #[command(after_help = "\
Examples:
  slurmha drill list
  slurmha drill list | grep slurmctld")]
    List,
    /// Break nothing: submit jobs, run them, find them in the accounting
    ///
    /// Exit status 0 when every job ran and is accounted for, 6 when not.
    #[command(after_help = "\
Examples:
  slurmha drill acceptance site.toml
  slurmha drill acceptance site.toml --user anna --json")]
    Acceptance(AcceptanceArgs),
    /// Run a scenario of your own
    #[command(after_help = own::SCENARIO)]
    Run(own::Args),
    /// Run every drill on a fresh copy of a frozen laboratory, and write an index
    All(all::Args),
    /// Run drills in random order in a laboratory, one on the other, and find
    /// the shortest sequence that fails
    Random(random::Args),
    /// Print the report of a drill that was run before
    ///
    /// The evidence is judged again, by the rules of this version.
    #[command(after_help = "\
Examples:
  slurmha drill report FILE.evidence.json
  slurmha drill report FILE.evidence.json --html > report.html

The evidence lies beside the report that the drill has kept.")]
    Report(report::Args),
}

impl Subcommand for DrillCommand {
    fn augment_subcommands(command: Command) -> Command {
        let faults = Fault::all().into_iter().map(|fault| {
            let command = FaultArgs::augment_args(Command::new(fault.name()));
            let command =
                if fault.cuts_power() { PowerArgs::augment_args(command) } else { command };
            // After the arguments: the comment on a group of them becomes the
            // command's text otherwise.
            command.about(about::title(fault)).long_about(format!(
                "{}\n\n{}",
                about::title(fault),
                about::verdict(fault)
            )).after_help(format!(
                "Examples:\n  slurmha drill {name} site.toml\n  slurmha drill {name} site.toml --json",
                name = fault.name()
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
        Ok(Self::Fault(fault, FaultArgs::from_arg_matches(matches)?, power.transpose()?))
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
struct FaultArgs {
    #[command(flatten)]
    reach: Reach,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    load: LoadArgs,
    #[command(flatten)]
    risk: RiskArgs,
}

#[derive(clap::Args, Debug)]
struct OutputArgs {
    #[command(flatten)]
    format: FormatArgs,
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
            let calm = (
                "acceptance".to_owned(),
                "breaks nothing: jobs run and are accounted for".to_owned(),
            );
            let faults = Fault::all().into_iter().map(|fault| (fault.name(), fault.summary()));
            let lines = [calm].into_iter().chain(faults);
            let line = |(name, what)| format!("{name:<26}  {what}\n");
            stdout::print(&lines.map(line).collect::<String>())
        }
        DrillCommand::Calm(Calm::Acceptance(args)) => acceptance(args),
        DrillCommand::Calm(Calm::Report(args)) => report::run(args),
        DrillCommand::Calm(Calm::Run(args)) => own::run(args),
        DrillCommand::Calm(Calm::All(args)) => all::run(args),
        DrillCommand::Calm(Calm::Random(args)) => random::run(args),
        DrillCommand::Fault(fault, args, power) => {
            let scenario = args.load.scenario(&Combination::from(*fault));
            drill(scenario, &args.reach, &args.output, power.as_ref(), &args.risk)
        }
    }
}

fn acceptance(args: &AcceptanceArgs) -> Result<(), Failure> {
    let file = SiteFile::find(args.reach.site.as_deref())?;
    let fleet = Fleet::open(&file, &args.reach, Patience::Work)?;
    let progress = Progress::new(false);
    let accepted = acceptance::run(&file.site, &fleet, &args.user, &progress)?;
    if args.json {
        return stdout::line(crate::json(&accepted)?);
    }
    let job = |job: &Accounted| format!("{:<8} {:<10} {}\n", job.id, job.state, job.node);
    let jobs: String = accepted.jobs.iter().map(job).collect();
    stdout::line(format_args!(
        "{jobs}{} jobs from {}: all ran and are accounted for, {:.0} s",
        accepted.jobs.len(),
        accepted.login,
        accepted.seconds
    ))
}

/// Submissions cannot wait where the site does not offer it.
fn check_durable(scenario: &Scenario, site: &Site) -> Result<(), Failure> {
    if !scenario.load.durable || site.durable_submit.is_offered() {
        return Ok(());
    }
    let message = "durable submissions need durable_submit in [slurm] of the site file";
    Err(Failure::usage(message)
        .hint("write durable_submit = \"on-request\" there, and `slurmha apply`"))
}

fn drill(
    scenario: Scenario,
    reach: &Reach,
    output: &OutputArgs,
    power: Option<&PowerArgs>,
    risk: &RiskArgs,
) -> Result<(), Failure> {
    let file = SiteFile::find(reach.site.as_deref())?;
    let site = &file.site;
    for planned in scenario.faults() {
        risk.allow(planned.fault, &file, reach)?;
    }
    let keep_down = power.is_some_and(|power| power.keep_down);
    if keep_down && scenario.verify {
        let message = "without the machine there are no two copies to compare";
        return Err(Failure::usage(message).hint("leave out --keep-down, or --verify"));
    }
    if keep_down && scenario.any(Fault::leaves_nobody) {
        let message = "without power nobody schedules again, which is what this drill waits for";
        return Err(Failure::usage(message).hint("leave out --keep-down"));
    }
    check_durable(&scenario, site)?;
    let way = ssh_config(&file, reach);
    let open = |power: &PowerArgs| LabPower::open(&power.lab, site, way.as_deref());
    let lab = power.map(open).transpose()?;
    let fleet = Fleet::open(&file, reach, Patience::Work)?;
    let progress = Progress::new(false);
    if let Some(objection) = scenario.is_too_much() {
        progress.stage(&format!("nobody promises that this is survived: {objection}"));
    }
    if lab.is_none() && !scenario.load.reserve {
        progress
            .stage("other users' jobs begin meanwhile; --reserve keeps the nodes for the drill");
    }
    slurmha_lab::interrupt::watch();
    let drill = Drill {
        site,
        fleet: &fleet,
        power: lab.as_ref().map(|lab| lab as &dyn PowerSwitch),
        scenario,
        keep_down,
        accepts_weakness: risk.accepts_weakness(),
        progress: &progress,
    };
    let directory = output.report.clone().unwrap_or_else(default_directory);
    can_keep(&directory).map_err(|error| {
        let shown = directory.display();
        Failure::usage(format!("reports cannot be kept in {shown}, nothing was broken: {error}"))
            .hint("name another directory with --report")
    })?;
    let outcome = drill.run()?;
    // A report that cannot be kept is printed all the same.
    match keep(&directory, &outcome.report, &outcome.evidence) {
        Ok(kept) => progress.stage(&format!("kept as {}", kept.html.display())),
        Err(error) => progress.stage(&format!("not kept in {}: {error}", directory.display())),
    }
    stdout::print(&output.format.render(&outcome.report, &outcome.evidence)?)?;
    match outcome.report.verdict {
        Verdict::Pass | Verdict::PassWithLoss => Ok(()),
        // The report has said why.
        Verdict::Fail => Err(Failure::not_as_wanted("")),
    }
}
