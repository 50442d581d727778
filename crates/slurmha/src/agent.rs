// SPDX-License-Identifier: Apache-2.0
//! Resource agents (OCF 1.1): `ocf:slurmha:slurmctld`, `:slurmdbd`,
//! `:mariadb`, `:drbd`, `:volume` and `:vip`.
//!
//! Pacemaker's own `systemd:` class (2.1.5) looks two seconds after it asked
//! for a start and takes a unit that systemd has not got round to yet for a
//! failed one; it also takes "forked" for "ready". These agents wait for
//! systemd's job and then for an answer to a real request.
//!
//! Exit statuses and their meaning: "Resource Agent API", OCF 1.1.

mod daemon;
mod event;
mod intent;
mod kill;
mod metadata;
mod parameters;
pub mod ready;
mod replication;
mod restart;
mod takeover;
mod vip;
mod volume;

use std::process::ExitCode;
use std::time::Duration;

use clap::ValueEnum as _;

use slurmha_host::{Local, System};

pub use daemon::Daemon;
pub use event::{Unreported, report};
#[cfg(test)]
pub use intent::{expect, forget};
pub use intent::{forget_hang, is_expected, note_hang};
use parameters::Parameters;
pub use ready::ask;
use replication::Replication;
pub use restart::CIB;
use vip::Vip;
use volume::Volume;

/// How an action ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// As asked.
    Success = 0,
    /// Failed, or could not be told.
    Generic = 1,
    /// A parameter of the resource is missing or makes no sense.
    BadParameter = 2,
    /// The action is not one of ours.
    Unimplemented = 3,
    /// What is needed to run is not here: not worth another try on this node.
    NotInstalled = 5,
    /// Not worth another try on any node: what is wrong is the same there.
    Misconfigured = 6,
    /// Cleanly stopped.
    NotRunning = 7,
    /// Runs, in the promoted role.
    Promoted = 8,
}

/// What an action came to, with the reason that Pacemaker shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The exit status.
    pub status: Status,
    /// Why, unless all is well.
    pub reason: Option<String>,
}

impl Answer {
    fn plain(status: Status) -> Self {
        Self { status, reason: None }
    }

    fn because(status: Status, reason: impl Into<String>) -> Self {
        Self { status, reason: Some(reason.into()) }
    }
}

/// The agents, by the names of their resource types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Agent {
    /// The scheduler
    Slurmctld,
    /// Accounting
    Slurmdbd,
    /// Accounting's database
    Mariadb,
    /// The replication of the volumes
    Drbd,
    /// A replicated file system
    Volume,
    /// The address of the controller
    Vip,
}

impl Agent {
    /// The daemon that it runs, if that is what it does.
    fn daemon(self) -> Option<Daemon> {
        match self {
            Self::Slurmctld => Some(Daemon::Slurmctld),
            Self::Slurmdbd => Some(Daemon::Slurmdbd),
            Self::Mariadb => Some(Daemon::Mariadb),
            Self::Drbd | Self::Volume | Self::Vip => None,
        }
    }
}

#[derive(clap::Args, Debug)]
pub struct Args {
    /// Which agent: its name, or the path of its file
    #[arg(value_parser = by_name)]
    agent: Agent,
    /// The action, as Pacemaker names it
    action: String,
}

/// The kernel hands the path of a resource agent to its interpreter.
fn by_name(text: &str) -> Result<Agent, String> {
    let name = text.rsplit('/').next().unwrap_or_default();
    Agent::from_str(name, false).map_err(|_| {
        let all = Agent::value_variants().iter().filter_map(Agent::to_possible_value);
        let all: Vec<String> = all.map(|agent| agent.get_name().to_owned()).collect();
        format!("the agents are {}", all.join(", "))
    })
}

/// Runs one action on this machine and answers as an agent must.
pub fn run(args: &Args) -> ExitCode {
    // The limit that Pacemaker kills us at, in milliseconds.
    let limit = std::env::var("OCF_RESKEY_CRM_meta_timeout").ok();
    let limit = limit.and_then(|text| text.parse().ok()).unwrap_or(60_000);
    let limit = Duration::from_millis(limit);
    let (system, parameters) = (Local::new(), Parameters::from_environment());
    let answer = act(&system, args.agent, &args.action, &parameters, limit);
    if let Some(daemon) = args.agent.daemon() {
        let interval = std::env::var("OCF_RESKEY_CRM_meta_interval").unwrap_or_default();
        adopt(&system, daemon, &interval, &answer);
    }
    if let Some(reason) = &answer.reason {
        // The prefix makes Pacemaker show the line in crm_mon and its log.
        let prefix = std::env::var("OCF_EXIT_REASON_PREFIX");
        eprintln!("{}{reason}", prefix.unwrap_or_else(|_| "ocf-exit-reason:".to_owned()));
    }
    ExitCode::from(answer.status as u8)
}

/// What a recurring action finds in order is Pacemaker's, whoever started it:
/// such an action, with an interval other than 0 ms, runs nowhere else.
fn adopt(system: &dyn System, daemon: Daemon, interval: &str, answer: &Answer) {
    if interval.parse().is_ok_and(|interval: u64| interval > 0)
        && *answer == Answer::plain(Status::Success)
        && !intent::is_expected(system, daemon)
    {
        intent::expect(system, daemon);
        if daemon == Daemon::Slurmctld {
            takeover::found_running(system);
        }
    }
}

/// One action. `limit` is the time after which Pacemaker gives up on it.
pub fn act(
    system: &dyn System,
    agent: Agent,
    action: &str,
    parameters: &Parameters,
    limit: Duration,
) -> Answer {
    if action == "meta-data" {
        // Without any parameter: pcs asks before there is a resource.
        return match crate::stdout::write(&metadata::of(agent)) {
            Ok(()) => Answer::plain(Status::Success),
            Err(error) => Answer::because(Status::Generic, format!("not printed: {error}")),
        };
    }
    if let Some(daemon) = agent.daemon() {
        return act_on_daemon(system, daemon, action, limit);
    }
    let answer = match agent {
        Agent::Drbd => {
            Replication::new(parameters).map(|drbd| act_on_drbd(system, &drbd, action, limit))
        }
        Agent::Volume => {
            Volume::new(parameters).map(|volume| act_on_volume(system, &volume, action, limit))
        }
        _ => Vip::new(parameters).map(|vip| act_on_vip(system, &vip, action)),
    };
    answer.unwrap_or_else(|answer| answer)
}

/// Two are none of Pacemaker's: `settle` runs in a unit of its own, and with
/// `exited` systemd tells that the daemon has ended.
fn act_on_daemon(system: &dyn System, daemon: Daemon, action: &str, limit: Duration) -> Answer {
    match action {
        "start" => daemon.start(system, limit),
        "stop" => daemon.stop(system, limit),
        "monitor" | "status" => daemon.monitor(system, limit),
        "validate-all" => daemon.validate(system),
        "settle" if daemon == Daemon::Slurmctld => {
            takeover::settle(system);
            Answer::plain(Status::Success)
        }
        "exited" => event::exited(system, daemon),
        other => unimplemented(other),
    }
}

fn act_on_drbd(system: &dyn System, drbd: &Replication, action: &str, limit: Duration) -> Answer {
    match action {
        "start" => drbd.start(system, limit),
        "stop" => drbd.stop(system, limit),
        "promote" => drbd.promote(system, limit),
        "demote" => drbd.demote(system, limit),
        "monitor" | "status" => drbd.monitor(system, limit),
        "validate-all" => drbd.validate(system),
        other => unimplemented(other),
    }
}

fn act_on_volume(system: &dyn System, volume: &Volume, action: &str, limit: Duration) -> Answer {
    match action {
        "start" => volume.start(system, limit),
        "stop" => volume.stop(system, limit),
        "monitor" | "status" => volume.monitor(system),
        "validate-all" => volume.validate(system),
        other => unimplemented(other),
    }
}

fn act_on_vip(system: &dyn System, vip: &Vip, action: &str) -> Answer {
    match action {
        "start" => vip.start(system),
        "stop" => vip.stop(system),
        "monitor" | "status" => vip.monitor(system),
        "validate-all" => vip.validate(system),
        other => unimplemented(other),
    }
}

fn unimplemented(action: &str) -> Answer {
    Answer::because(Status::Unimplemented, format!("there is no action {action}"))
}

#[cfg(test)]
pub mod test_machine;
#[cfg(test)]
mod tests;
