// SPDX-License-Identifier: Apache-2.0
//! Hits a daemon's main process and watches what becomes of it.
//!
//! The signal goes to the process itself, past systemd, Pacemaker and the
//! agents, which have to find out. A frozen process goes on when the drill
//! ends in whatever way: told so, cut off, or, when this process is killed,
//! by a timer that was set before.

use std::io;
use std::time::Duration;

use slurmha_core::drill::{Daemon, FaultSignal, ProcessFate};
use slurmha_host::System;
use slurmha_host::process::{Activity, Process};
use slurmha_host::program::{corosync, munge, pacemaker, systemctl};

use super::super::protocol::{Reply, StrikeTask, Struck};
use super::link::Link;
use super::processes::Processes;
use crate::agent::{self, ready};

/// The kernel ends or stops a process as soon as it leaves the kernel.
const STRIKE_LIMIT: Duration = Duration::from_secs(10);
const STRIKE_PAUSE: Duration = Duration::from_millis(5);

/// Distance between looks for a new process.
const LOOK_PAUSE: Duration = Duration::from_millis(100);
/// Distance between questions to it.
const ASK_PAUSE: Duration = Duration::from_millis(250);
/// Time for an answer.
const ASK_LIMIT: Duration = Duration::from_secs(5);

/// How much later than the end of the watch the timer lets a frozen process
/// go on.
const TIMER_SLACK: Duration = Duration::from_secs(30);

/// Hits, watches, and lets a frozen process go on.
pub fn run(system: &dyn System, link: &Link, task: &StrikeTask) {
    let mut watch = match Watch::prepare(system, task) {
        Ok(watch) => watch,
        Err(why) => return link.send(&Reply::Unharmed(why)),
    };
    match strike(system, &watch.process, task.signal) {
        Ok(struck) => link.send(&Reply::Struck(struck)),
        Err(why) => {
            link.send(&Reply::Unharmed(why));
            return watch.undo(system, link);
        }
    }
    watch.until_stopped(system, link, task.limit);
    watch.undo(system, link);
}

/// A process goes on if it is still there and still frozen: what the timer
/// does, and an administrator can.
///
/// # Errors
/// When it is there and may not be sent a signal.
pub fn thaw(pid: u32, started: u64) -> io::Result<bool> {
    let Some(process) = Process::find_again(pid, started)? else { return Ok(false) };
    if process.activity()? != Activity::Frozen {
        return Ok(false);
    }
    process.thaw().map(|()| true)
}

/// Sends the signal and waits until it has had its effect.
fn strike(system: &dyn System, process: &Process, signal: FaultSignal) -> Result<Struck, String> {
    let wanted = match signal {
        FaultSignal::Kill => Activity::Gone,
        FaultSignal::Freeze => Activity::Frozen,
    };
    let at = system.now();
    let sent = match signal {
        FaultSignal::Kill => process.kill(),
        FaultSignal::Freeze => process.freeze(),
    };
    sent.map_err(|error| format!("process {} could not be hit: {error}", process.pid))?;
    let end = system.elapsed() + STRIKE_LIMIT;
    while system.elapsed() < end {
        if process.activity().is_ok_and(|activity| activity == wanted) {
            return Ok(Struck { at, confirmed: system.now() });
        }
        system.sleep(STRIKE_PAUSE);
    }
    Err(format!("process {} was not {wanted:?} after {STRIKE_LIMIT:?}", process.pid).to_lowercase())
}

/// A daemon whose process is hit.
struct Watch {
    daemon: Daemon,
    process: Process,
    /// The processes of that name before.
    old: Vec<u32>,
    processes: Processes,
    fate: ProcessFate,
    /// The unit that lets the process go on, when it is to be frozen.
    timer: Option<String>,
}

impl Watch {
    fn prepare(system: &dyn System, task: &StrikeTask) -> Result<Self, String> {
        let daemon = task.daemon;
        let (name, unit) = (daemon.program(), daemon.unit());
        let pid = systemctl::main_pid(system, unit).map_err(|error| error.to_string())?;
        let pid = pid.ok_or_else(|| format!("{unit} has no main process"))?;
        let process = Process::find(pid).map_err(|error| error.to_string())?;
        let process =
            process.ok_or_else(|| format!("the main process of {unit} has just ended"))?;
        let mut processes = Processes::default();
        processes.look(system);
        let old = processes.named(name);
        // A mistake here would hit a stranger.
        if !old.contains(&pid) {
            return Err(format!("the main process of {unit}, {pid}, is not called {name}"));
        }
        let timer = match task.signal {
            FaultSignal::Kill => None,
            FaultSignal::Freeze => Some(set_timer(system, &process, task.limit)?),
        };
        let fate = ProcessFate { pid, ..ProcessFate::default() };
        Ok(Self { daemon, process, old, processes, fate, timer })
    }

    fn until_stopped(&mut self, system: &dyn System, link: &Link, limit: Duration) {
        let end = system.elapsed() + limit;
        let mut due = system.elapsed();
        link.send(&Reply::Process(self.fate.clone()));
        while due < end && link.wait_until(system, due) {
            let known = self.fate.clone();
            due = match (known.restarted, known.answered) {
                (None, _) => {
                    self.look(system);
                    system.elapsed() + LOOK_PAUSE
                }
                (Some(_), None) => {
                    if answers(system, self.daemon) {
                        self.fate.answered = Some(system.now());
                    }
                    system.elapsed() + ASK_PAUSE
                }
                (Some(_), Some(_)) => system.elapsed() + ASK_PAUSE,
            };
            if self.fate != known {
                link.send(&Reply::Process(self.fate.clone()));
            }
        }
    }

    /// Looks for a process of that name that was not there before.
    fn look(&mut self, system: &dyn System) {
        let told = self.processes.look(system);
        if told
            && self.processes.named(self.daemon.program()).iter().any(|pid| !self.old.contains(pid))
        {
            self.fate.restarted = Some(system.now());
        }
    }

    /// Lets a frozen process go on, and takes the timer away.
    fn undo(&mut self, system: &dyn System, link: &Link) {
        let Some(timer) = self.timer.take() else { return };
        match thaw(self.process.pid, self.process.started) {
            Ok(thawed) => self.fate.thawed = thawed,
            Err(error) => {
                // The timer stays: it will try again.
                let pid = self.process.pid;
                let what = format!("process {pid} is frozen and could not be thawed: {error}");
                return link.send(&Reply::Trouble(what));
            }
        }
        link.send(&Reply::Process(self.fate.clone()));
        if let Err(error) = systemctl::act(system, "stop", &timer) {
            link.send(&Reply::Trouble(format!("{timer} could not be stopped: {error}")));
        }
    }
}

/// Whether a daemon answers a real request.
fn answers(system: &dyn System, daemon: Daemon) -> bool {
    match daemon {
        Daemon::Slurmctld => ready::answers(system, agent::Daemon::Slurmctld),
        Daemon::Slurmdbd => ready::answers(system, agent::Daemon::Slurmdbd),
        Daemon::Mariadb => ready::answers(system, agent::Daemon::Mariadb),
        Daemon::Corosync => corosync::quorum(system, ASK_LIMIT).is_ok(),
        Daemon::Qnetd => corosync::ask_qnetd(system, ASK_LIMIT).is_ok(),
        Daemon::Munged => munge::sign(system, "slurmha").is_ok(),
        Daemon::Pacemakerd => pacemaker::ping_parent(system, ASK_LIMIT).is_ok(),
    }
}

/// Sets a timer that lets the process go on, whatever becomes of us.
fn set_timer(system: &dyn System, process: &Process, limit: Duration) -> Result<String, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let (pid, started) = (process.pid.to_string(), process.started.to_string());
    let words =
        [program.to_string_lossy().as_ref(), "node", "thaw", &pid, &started].map(str::to_owned);
    let unit = format!("slurmha-thaw-{pid}");
    systemctl::run_later(system, &unit, limit + TIMER_SLACK, &words)
        .map_err(|error| format!("nothing was frozen, because no timer could be set: {error}"))?;
    Ok(format!("{unit}.timer"))
}
