// SPDX-License-Identifier: Apache-2.0
//! One daemon under watch.

use std::time::Duration;

use slurmha_core::layout::SLURMCTLD_PORT;
use slurmha_core::watch::{Heard, Judge, Look, PATIENCE, Process, Verdict};
use slurmha_host::{System, unit_process};

use crate::agent::{self, Daemon, Unreported};

/// Pause after a report that was not made: each costs a client of Pacemaker,
/// and in maintenance mode nothing changes for long.
const QUIET: Duration = Duration::from_secs(30);

/// How long a process that was reported is Pacemaker's. First it stops what depends on it, for
/// which that has 120 s; by then the failure has expired (`failure-timeout`), and told once more it
/// would count as another one, for which the role moves.
const HANDED_OVER: Duration = Duration::from_secs(150);

/// One daemon, and what is known of it.
pub struct Watcher {
    /// The daemon.
    pub daemon: Daemon,
    judge: Judge,
    /// A request is under way.
    is_asking: bool,
    quiet: Option<Quiet>,
    /// The last thing that was said, so that it is not said each second.
    said: String,
}

/// Nothing is said of a process for a while.
#[derive(Clone, Copy, Debug)]
struct Quiet {
    /// Process id and beginning.
    process: (u32, u64),
    until: Duration,
}

impl Watcher {
    /// Nothing is known yet.
    pub fn new(daemon: Daemon) -> Self {
        Self {
            daemon,
            judge: Judge::new(PATIENCE),
            is_asking: false,
            quiet: None,
            said: String::new(),
        }
    }

    /// A request has ended.
    pub fn hear(&mut self, at: Duration, heard: Heard) {
        self.is_asking = false;
        self.judge.hear(at, heard);
    }

    /// Looks once, reports a hang, and says whether the daemon is to be asked.
    pub fn look(&mut self, system: &dyn System) -> bool {
        let Some(process) = self.process(system) else {
            self.judge.forget();
            return false;
        };
        let at = system.elapsed();
        match self.judge.look(at, &self.closely(system, process)) {
            Verdict::Hung(why) if !self.is_quiet(at, process) => {
                self.report(system, at, process, &why);
            }
            _ => {}
        }
        let asks = !self.is_asking && self.judge.wants_to_ask(at) && self.can_be_asked();
        self.is_asking |= asks;
        asks
    }

    fn is_quiet(&self, at: Duration, process: Process) -> bool {
        let of_it = |quiet: Quiet| quiet.process == process.identity();
        self.quiet.is_some_and(|quiet| of_it(quiet) && at < quiet.until)
    }

    /// slurmdbd of 22.05 has no request that anybody may make.
    fn can_be_asked(&self) -> bool {
        self.daemon != Daemon::Slurmdbd
    }

    /// The daemon's process, where it is meant to run and does.
    fn process(&mut self, system: &dyn System) -> Option<Process> {
        if !agent::is_expected(system, self.daemon) {
            return None;
        }
        match unit_process::of_unit(system, &self.daemon.unit()) {
            Ok(process) => process,
            Err(error) => {
                self.say(format!("{} cannot be watched: {error}", self.daemon.name()));
                None
            }
        }
    }

    /// Threads and connections cost time to read, and matter only during a
    /// silence.
    fn closely(&self, system: &dyn System, process: Process) -> Look {
        let closely = self.judge.is_listening_closely();
        let has_port = self.daemon == Daemon::Slurmctld;
        Look {
            process,
            waits_for_disk: closely && unit_process::waits_for_disk(system, process.pid),
            waiting: (closely && has_port)
                .then(|| unit_process::waiting_at(system, SLURMCTLD_PORT))
                .flatten(),
        }
    }

    fn report(&mut self, system: &dyn System, at: Duration, process: Process, why: &str) {
        let name = self.daemon.name();
        // Before the report: the stop follows at once.
        agent::note_hang(system, self.daemon);
        let pause = match agent::report(system, self.daemon) {
            Ok(()) => {
                self.say(format!("{name} {why}: reported to Pacemaker"));
                HANDED_OVER
            }
            Err(Unreported::Withheld(no) | Unreported::Failed(no)) => {
                agent::forget_hang(system, self.daemon);
                self.say(format!("{name} {why}, which was not reported: {no}"));
                QUIET
            }
        };
        self.quiet = Some(Quiet { process: process.identity(), until: at + pause });
        self.judge.forget();
    }

    fn say(&mut self, what: String) {
        if self.said != what {
            eprintln!("{what}");
            self.said = what;
        }
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
