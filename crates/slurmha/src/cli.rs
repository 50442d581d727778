// SPDX-License-Identifier: Apache-2.0
//! The command line: what can be typed, and which module answers.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::command;
use crate::failure::Failure;

const AFTER_HELP: &str = "\
Examples:
  slurmha init > site.toml          write a commented site file
  slurmha check site.toml           find every mistake in it and on the machines
  slurmha plan site.toml            show what would change, as a diff
  slurmha apply site.toml           bring the cluster up, or to its new state
  slurmha status site.toml          one screen
  slurmha switchover site.toml      make the other controller the active one
  slurmha drill power-loss site.toml
                                    cut the active controller's power and count jobs
  slurmha lab up                    the whole site in virtual machines, here

Exit status:
  0 done   2 wrong command line   3 wrong site file   4 a machine or program failed
  5 refused for safety   6 done, and the answer is no (check, status, saved, switchover, drill)
  70 a mistake in slurmha";

/// One site file in, a running, highly available Slurm cluster out.
#[derive(Debug, Parser)]
#[command(name = "slurmha", version, after_help = AFTER_HELP, disable_help_subcommand = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write a commented site file to stdout
    Init(command::init::Args),
    /// Find every mistake in the site file and on the machines; changes nothing
    Check(command::check::Args),
    /// Show what would change on each machine; changes nothing
    Plan(command::plan::Args),
    /// Bring the cluster up, or to the state that the site file says
    Apply(command::apply::Args),
    /// One screen: quorum, DRBD, who is active, the daemons, jobs
    Status(command::status::Args),
    /// Move the active role to the other controller, as planned
    Switchover(command::switchover::Args),
    /// Break something on purpose and report what was lost
    Drill(command::drill::Args),
    /// Ask whether an accepted job is safe; for users, on every machine
    Saved(command::saved::Args),
    /// Metrics of this controller for Prometheus; a service on the controllers
    Exporter(command::exporter::Args),
    /// The dashboards for Grafana, as files to import
    Dashboards(command::dashboards::Args),
    /// What an alert means, how to look, what to type
    Runbook(command::runbook::Args),
    /// Who may come in from outside, through WireGuard
    Vpn(command::vpn::Args),
    /// A page that shows the cluster live; a service on controllers and monitoring hosts
    Console(command::console::Args),
    /// Pages on which users submit and see their jobs; a service on the portal's hosts
    Portal(command::portal::Args),
    /// The whole site in virtual machines on this machine
    Lab(command::lab::LabArgs),
    /// A resource agent; called by Pacemaker
    #[command(hide = true)]
    Agent(crate::agent::Args),
    /// Looks for daemons that hang and a network that is gone; a service on the controllers
    #[command(hide = true)]
    Watch(crate::watch::Args),
    /// Answers whether a job is saved; a service beside slurmctld
    #[command(hide = true)]
    Durable(crate::durable::Args),
    /// Tells users at a terminal that the scheduler is away; a service on login nodes
    #[command(hide = true)]
    Notice(crate::notice::Args),
    /// Looks whether portal and console answer; a service beside them
    #[command(hide = true)]
    Pages(crate::pages::Args),
    /// Copies slurmctld's state to the local disk; a timer on the controllers
    #[command(hide = true)]
    SnapshotState,
    /// Holds the arbiter's vote back until both controllers are members; called by systemd
    #[command(hide = true)]
    AwaitMembers(crate::await_members::Args),
    /// Switches on what was fenced; a service on the controllers
    #[command(hide = true)]
    PowerOn,
    /// Proves that the peer is fenced or outdated; called by DRBD
    #[command(hide = true)]
    FencePeer {
        /// Answers what another handler was asked that was killed; started by the agent
        #[arg(long)]
        left: bool,
    },
    /// Lifts the mark of outdated data from this machine once it is in sync;
    /// called by DRBD
    #[command(hide = true)]
    UnfencePeer,
    /// A user behind the portal; started by systemd for each that signs in
    #[command(hide = true)]
    PortalSession(command::portal_session::Args),
    /// A terminal behind the portal; started by systemd for each that is opened
    #[command(hide = true)]
    PortalTerminal(command::portal_terminal::Args),
    /// What somebody has asked the console for; started by systemd
    #[command(hide = true)]
    ConsoleAction(command::console_action::Args),
    /// What runs on the machines; called by slurmha itself
    #[command(hide = true)]
    Node(command::node::Args),
}

impl Cli {
    /// Runs the command; the status of an agent or handler is its own.
    pub fn run(self) -> Result<ExitCode, Failure> {
        match self.command {
            Command::Agent(args) => return Ok(crate::agent::run(&args)),
            Command::Watch(args) => return Ok(crate::watch::run(&args)),
            Command::Durable(args) => return Ok(crate::durable::run(&args)),
            Command::Notice(args) => return Ok(crate::notice::run(&args)),
            Command::SnapshotState => return Ok(crate::snapshot::run()),
            Command::AwaitMembers(args) => return Ok(crate::await_members::run(&args)),
            Command::PowerOn => return Ok(crate::power_on::run()),
            Command::FencePeer { left: false } => return Ok(crate::fence_peer::fence()),
            Command::FencePeer { left: true } => return Ok(crate::fence_peer::fence_left()),
            Command::UnfencePeer => return Ok(crate::fence_peer::unfence()),
            Command::Pages(args) => crate::pages::run(&args),
            Command::Init(args) => command::init::run(&args),
            Command::Check(args) => command::check::run(&args),
            Command::Plan(args) => command::plan::run(&args),
            Command::Apply(args) => command::apply::run(&args),
            Command::Status(args) => command::status::run(&args),
            Command::Switchover(args) => command::switchover::run(&args),
            Command::Drill(args) => command::drill::run(&args),
            Command::Saved(args) => command::saved::run(&args),
            Command::Exporter(args) => command::exporter::run(&args),
            Command::Dashboards(args) => command::dashboards::run(&args),
            Command::Runbook(args) => command::runbook::run(&args),
            Command::Vpn(args) => command::vpn::run(&args),
            Command::Console(args) => command::console::run(&args),
            Command::Portal(args) => command::portal::run(&args),
            Command::Lab(args) => command::lab::run(args).map_err(Failure::from),
            Command::PortalSession(args) => command::portal_session::run(&args),
            Command::PortalTerminal(args) => command::portal_terminal::run(&args),
            Command::ConsoleAction(args) => command::console_action::run(&args),
            Command::Node(args) => command::node::run(&args),
        }?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Options of every command that reaches the machines.
#[derive(Args, Clone, Debug)]
pub struct Reach {
    /// Site file [default: ./site.toml, else /etc/slurmha/site.toml]
    pub site: Option<PathBuf>,
    /// ssh configuration to use instead of the site file's, or of ~/.ssh/config
    #[arg(long, value_name = "FILE", env = "SLURMHA_SSH_CONFIG")]
    pub ssh_config: Option<PathBuf>,
}

#[cfg(test)]
mod tests;
