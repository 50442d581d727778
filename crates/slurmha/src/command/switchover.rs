// SPDX-License-Identifier: Apache-2.0
//! `slurmha switchover`: a planned move of the active role.

use slurmha_core::site::NodeName;
use slurmha_core::switchover::{Choice, Report, controller_of, render_text};

use super::apply::agree;
use crate::apply::lock;
use crate::cli::Reach;
use crate::drill::take_back::take_back;
use crate::failure::Failure;
use crate::fleet::{Fleet, Patience};
use crate::order::Order;
use crate::progress::Progress;
use crate::site_file::SiteFile;
use crate::stdout;

#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  slurmha switchover site.toml               ask, then move to the other controller
  slurmha switchover site.toml --to ctl1     move to ctl1; nothing to do when it is active
  slurmha switchover site.toml --yes --json  for a program

slurmctld, slurmdbd, MariaDB, their volumes and the VIP move; jobs go on, clients
wait and try again. Exit status 0 when everything runs on the target (or did
before), 5 when it would not be safe and nothing was done, 6 when the cluster
did not move.

Before maintenance of the active machine, move the role away, and then keep it
away: pcs node standby NAME. A move that was interrupted, even by a power cut,
leaves nothing that keeps a controller from taking over; run it again.")]
pub struct Args {
    #[command(flatten)]
    reach: Reach,
    /// The controller that shall be active [default: the one that is not]
    #[arg(long, value_name = "NAME")]
    to: Option<String>,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Failure> {
    let file = SiteFile::find(args.reach.site.as_deref())?;
    let to = args.to.as_deref();
    // Whoever has mistyped a name need not wait for the machines.
    controller_of(&file.site, to).map_err(Failure::usage)?;
    let fleet = Fleet::open(&file, &args.reach, Patience::Work)?;
    let progress = Progress::new(false);
    let order = Order { site: &file.site, fleet: &fleet, to, progress: &progress };
    let report = match order.plan()? {
        Choice::Already(active) => stay(&file, &fleet, &active)?,
        Choice::Move { from, to } => {
            if !args.yes {
                ask(&from, &to)?;
            }
            order.carry_out(from, to)?
        }
    };
    let json = |report| crate::json(report).map(|text| text + "\n");
    stdout::print(&if args.json { json(&report)? } else { render_text(&report) })
}

/// Nothing has to move; what an interrupted move has left is taken back.
fn stay(file: &SiteFile, fleet: &Fleet, active: &NodeName) -> Result<Report, Failure> {
    let _lock = lock::take(fleet, &file.site, "a switchover")?;
    take_back(fleet, active)?;
    Ok(Report::already(&file.site.cluster_name, active))
}

fn ask(from: &NodeName, to: &NodeName) -> Result<(), Failure> {
    agree(&format!(
        "The active role moves from {from} to {to}; clients wait some seconds.\nDo this?"
    ))
}
