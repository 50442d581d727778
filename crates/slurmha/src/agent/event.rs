// SPDX-License-Identifier: Apache-2.0
//! Telling Pacemaker at once what its monitor would find in seconds.

use std::time::Duration;

use slurmha_core::watch::may_report;
use slurmha_host::System;
use slurmha_host::program::pacemaker;
use slurmha_host::system::read_trimmed;

use super::{Answer, Daemon, Status, intent, restart};

/// Time for Pacemaker to say what it has started.
const LIMIT: Duration = Duration::from_secs(10);

/// Why a failure was not reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unreported {
    /// It is no news, or Pacemaker keeps its hands off.
    Withheld(String),
    /// Pacemaker could not be asked or told.
    Failed(String),
}

/// Tells Pacemaker that the daemon failed on this machine, if that is news.
pub fn report(system: &dyn System, daemon: Daemon) -> Result<(), Unreported> {
    let failed = |what: &str| Unreported::Failed(what.to_owned());
    let node = read_trimmed(system, "/proc/sys/kernel/hostname");
    let node = node.ok_or_else(|| failed("this machine's name is not known"))?;
    let cluster = pacemaker::status(system, LIMIT).map_err(|e| failed(&e.to_string()))?;
    may_report(&cluster, &node, daemon.name()).map_err(Unreported::Withheld)?;
    // Pacemaker may have begun a stop while it was asked.
    if !intent::is_expected(system, daemon) {
        return Err(Unreported::Withheld("a stop has begun".to_owned()));
    }
    restart::note_failure(system, daemon);
    pacemaker::fail_resource(system, daemon.name(), &node).map_err(|e| failed(&e.to_string()))
}

/// Starts the daemon again, or has Pacemaker do it. Says what was done.
fn recover(system: &dyn System, daemon: Daemon) -> Result<&'static str, Unreported> {
    if restart::may_begin(system, daemon) {
        restart::note_failure(system, daemon);
        match restart::begin(system, daemon) {
            Ok(()) => return Ok("started again, and counted by Pacemaker"),
            // A stop that begins meanwhile ends this process.
            Err(why) => eprintln!("{} was not started again: {why}", daemon.name()),
        }
        // The start took the mark away.
        intent::expect(system, daemon);
    }
    report(system, daemon)?;
    // The same end is not reported twice.
    intent::forget(system, daemon);
    Ok("reported to Pacemaker")
}

/// systemd says that the daemon's unit has ended.
pub fn exited(system: &dyn System, daemon: Daemon) -> Answer {
    let name = daemon.name();
    if !intent::is_expected(system, daemon) {
        eprintln!("{name} has ended, as was asked for, or without having started");
        return Answer::plain(Status::Success);
    }
    // `systemctl restart` by hand: it is back before anybody misses it.
    if daemon.has_its_process(system) {
        eprintln!("{name} has ended and runs again already");
        return Answer::plain(Status::Success);
    }
    match recover(system, daemon) {
        Ok(done) => {
            eprintln!("{name} has ended{}: {done}", how_it_ended());
            Answer::plain(Status::Success)
        }
        Err(Unreported::Withheld(why)) => {
            eprintln!("{name} has ended{}, which was not reported: {why}", how_it_ended());
            Answer::plain(Status::Success)
        }
        Err(Unreported::Failed(why)) => {
            let reason = format!("{name} has ended and Pacemaker was not told: {why}");
            Answer::because(Status::Generic, reason)
        }
    }
}

/// What systemd knows of the end, such as ` (killed KILL)`; systemd.exec(5).
fn how_it_ended() -> String {
    let value = |name: &str| std::env::var(name).ok();
    match (value("MONITOR_EXIT_CODE"), value("MONITOR_EXIT_STATUS")) {
        (Some(code), Some(status)) => format!(" ({code} {status})"),
        _ => String::new(),
    }
}

#[cfg(test)]
#[path = "event_tests.rs"]
mod tests;
