// SPDX-License-Identifier: Apache-2.0
//! Resource agents (OCF 1.1): `ocf:slurmha:slurmctld`, `:slurmdbd`, `:mariadb`.
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
mod ready;

use std::process::ExitCode;
use std::time::Duration;

use slurmha_host::{Local, System};

pub use daemon::Daemon;
pub use event::{Unreported, report};
#[cfg(test)]
pub use intent::{expect, forget};
pub use intent::{forget_hang, is_expected, note_hang};
pub use ready::ask;

/// How an action ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// As asked.
    Success = 0,
    /// Failed, or could not be told.
    Generic = 1,
    /// The action is not one of ours.
    Unimplemented = 3,
    /// What is needed to run is not here: not worth another try on this node.
    NotInstalled = 5,
    /// Cleanly stopped.
    NotRunning = 7,
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

#[derive(clap::Args, Debug)]
pub struct Args {
    /// Which daemon
    daemon: Daemon,
    /// The action, as Pacemaker names it
    action: String,
}

/// Runs one action on this machine and answers as an agent must.
pub fn run(args: &Args) -> ExitCode {
    // The limit that Pacemaker kills us at, in milliseconds.
    let limit = std::env::var("OCF_RESKEY_CRM_meta_timeout").ok();
    let limit = limit.and_then(|text| text.parse().ok()).unwrap_or(60_000);
    let system = Local::new();
    let answer = act(&system, args.daemon, &args.action, Duration::from_millis(limit));
    let interval = std::env::var("OCF_RESKEY_CRM_meta_interval").unwrap_or_default();
    adopt(&system, args.daemon, &interval, &answer);
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
    {
        intent::expect(system, daemon);
    }
}

/// One action. `limit` is the time after which Pacemaker gives up on it.
/// `exited` is none of Pacemaker's: systemd tells with it that the daemon has
/// ended.
pub fn act(system: &dyn System, daemon: Daemon, action: &str, limit: Duration) -> Answer {
    match action {
        "meta-data" => {
            print!("{}", metadata::of(daemon));
            Answer::plain(Status::Success)
        }
        "start" => daemon.start(system, limit),
        "stop" => daemon.stop(system, limit),
        "monitor" | "status" => daemon.monitor(system),
        "validate-all" => daemon.validate(system),
        "exited" => event::exited(system, daemon),
        other => Answer::because(Status::Unimplemented, format!("there is no action {other}")),
    }
}

#[cfg(test)]
pub mod test_machine;
#[cfg(test)]
mod tests;
