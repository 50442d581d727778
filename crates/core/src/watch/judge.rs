// SPDX-License-Identifier: Apache-2.0
//! Looks at one daemon, one after the other, and what they come to.

use std::time::Duration;

use super::patience::{Patience, is_idle};
use super::process::Process;

/// How a request to the daemon ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// The daemon answered, be it with a refusal.
    Answer,
    /// Nothing came back in time.
    Silence,
    /// The request failed for a reason that need not be the daemon's.
    Unknown,
}

/// One look at a daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Its main process.
    pub process: Process,
    /// Whether one of its threads waits for a disk. Nobody can end such a
    /// process, and when DRBD holds back writes it has to wait: a report
    /// would end in a failed stop, and that costs the machine its power.
    pub waits_for_disk: bool,
    /// Connections at its port that it has not accepted; `None` when it has
    /// no port or that could not be told.
    pub waiting: Option<u32>,
}

/// What the looks so far come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing speaks against it.
    Well,
    /// Something does, and not for long enough.
    Suspect,
    /// It hangs; the reason in a few words.
    Hung(String),
}

/// Remembers what it needs of earlier looks at one daemon.
///
/// Times are those of a clock that only goes forward.
#[derive(Clone, Debug)]
pub struct Judge {
    patience: Patience,
    /// Process id and beginning of the process that is judged.
    process: Option<(u32, u64)>,
    stopped: u32,
    asked: Duration,
    silent: bool,
    silence: Option<Silence>,
}

/// A silence that lasts.
#[derive(Clone, Copy, Debug)]
struct Silence {
    /// Since when it is not explained by a disk.
    since: Duration,
    strikes: u32,
    window: Window,
}

/// The time of one possible strike.
#[derive(Clone, Copy, Debug)]
struct Window {
    began: Duration,
    ticks: u64,
    looks: u32,
    disk: bool,
}

impl Judge {
    /// A judge who has seen nothing.
    pub fn new(patience: Patience) -> Self {
        Self {
            patience,
            process: None,
            stopped: 0,
            asked: Duration::ZERO,
            silent: false,
            silence: None,
        }
    }

    /// Forgets everything: the daemon does not run, or need not.
    pub fn forget(&mut self) {
        *self = Self::new(self.patience);
    }

    /// Whether it is time for a real request. A silent daemon is asked again
    /// sooner than one that answers.
    pub fn wants_to_ask(&self, at: Duration) -> bool {
        let Patience { ask_every, ask_again, .. } = self.patience;
        let pause = if self.silent { ask_again } else { ask_every };
        self.process.is_some() && self.stopped == 0 && at.saturating_sub(self.asked) >= pause
    }

    /// Whether a look needs more than the process: threads and connections
    /// cost time to read, and matter only during a silence.
    pub fn is_listening_closely(&self) -> bool {
        self.silent
    }

    /// A request has ended. "Cannot tell" ends a silence: it would take a
    /// daemon for hung because its client is broken.
    pub fn hear(&mut self, at: Duration, heard: Heard) {
        self.asked = at;
        self.silent = heard == Heard::Silence;
    }

    /// One more look.
    pub fn look(&mut self, at: Duration, look: &Look) -> Verdict {
        let identity = look.process.identity();
        if self.process != Some(identity) {
            self.forget();
            self.process = Some(identity);
            // Its start ended with an answer.
            self.asked = at;
        }
        if look.process.state == 'T' {
            self.stopped += 1;
            return self.stopped();
        }
        self.stopped = 0;
        // Who opens the door is not deaf: then the client waits for
        // something else, such as munge.
        if !self.silent || look.waiting == Some(0) {
            self.silence = None;
            return Verdict::Well;
        }
        let mut silence = self.silence.unwrap_or_else(|| Silence::begin(at, look));
        silence.note(at, look, &self.patience);
        self.silence = Some(silence);
        silence.verdict(at, look, &self.patience)
    }

    fn stopped(&self) -> Verdict {
        if self.stopped < self.patience.stopped_looks {
            return Verdict::Suspect;
        }
        Verdict::Hung("is stopped by a signal".to_owned())
    }
}

impl Silence {
    fn begin(at: Duration, look: &Look) -> Self {
        Self { since: at, strikes: 0, window: Window::begin(at, look) }
    }

    fn note(&mut self, at: Duration, look: &Look, patience: &Patience) {
        self.window.looks += 1;
        if look.waits_for_disk {
            self.window.disk = true;
            self.since = at;
        }
        let time = at.saturating_sub(self.window.began);
        if time >= patience.strike {
            let idle = is_idle(look.process.ticks.saturating_sub(self.window.ticks), time);
            // A watcher that stood still itself has seen no silence.
            let seen = u64::from(self.window.looks) * 2 >= time.as_secs();
            let is_strike = idle && seen && !self.window.disk;
            self.strikes = if is_strike { self.strikes + 1 } else { 0 };
            self.window = Window::begin(at, look);
        }
    }

    fn verdict(&self, at: Duration, look: &Look, patience: &Patience) -> Verdict {
        let silent = at.saturating_sub(self.since);
        if self.strikes >= patience.strikes {
            return Verdict::Hung(format!(
                "answers nothing and does nothing for {} s",
                (patience.strike * patience.strikes).as_secs()
            ));
        }
        if silent >= patience.busy && !look.waits_for_disk {
            return Verdict::Hung(format!("works and answers nothing for {} s", silent.as_secs()));
        }
        Verdict::Suspect
    }
}

impl Window {
    fn begin(at: Duration, look: &Look) -> Self {
        Self { began: at, ticks: look.process.ticks, looks: 0, disk: false }
    }
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
