// SPDX-License-Identifier: Apache-2.0
//! A process that takes all memory that it can get.
//!
//! It is one like any other, so that the kernel chooses between it and the
//! cluster's daemons as it would between them and a program that leaks. It
//! runs in a unit of its own, which systemd starts again as often as the kernel
//! kills it, and ends by itself when its time is over.

use std::fs;
use std::thread;
use std::time::Duration;

use jiff::Timestamp;
use slurmha_host::program::systemctl;
use slurmha_host::system::read_trimmed;
use slurmha_host::{System, clock};

/// Taken at a time, in bytes.
const PIECE: usize = 16 << 20;
/// Distance between tries when the kernel gives no more.
const PAUSE: Duration = Duration::from_millis(100);

const UNIT: &str = "slurmha-drill-memory";

/// Percent of the memory that were still to be had: what is never below this was never
/// short. Before a kernel kills anything it is at a few percent.
const SHORT: u64 = 20;

/// A unit that takes memory.
pub struct Hog {
    /// The least percentage that was to be had, if that was told.
    least: Option<u64>,
    /// How often the kernel had killed something for its memory before.
    kills: Option<u64>,
}

impl Hog {
    /// Starts it; says when that was.
    pub fn start(system: &dyn System, lasts: Duration) -> Result<(Self, Timestamp), String> {
        spare();
        let program = std::env::current_exe().map_err(|error| error.to_string())?;
        let end = (clock::since_boot() + lasts).as_millis().to_string();
        let words =
            [program.to_string_lossy().as_ref(), "node", "take-memory", &end].map(str::to_owned);
        let description = "slurmha drill: takes all memory for a while";
        let at = system.now();
        let kills = kills(system);
        systemctl::run_again(system, UNIT, description, lasts, &words)
            .map_err(|error| format!("nothing could take memory: {error}"))?;
        Ok((Self { least: None, kills }, at))
    }

    /// Looks how much is left.
    pub fn keep_up(&mut self, system: &dyn System) {
        self.least = self.least.into_iter().chain(available(system)).min();
    }

    /// Why nobody can have felt it: memory was to be had all the time, and the kernel
    /// killed nothing for it.
    pub fn unfelt(&self, system: &dyn System) -> Option<String> {
        let killed_nothing = self.kills.zip(kills(system)).is_some_and(|(old, new)| old == new);
        let least = self.least.filter(|least| *least > SHORT && killed_nothing)?;
        Some(format!("{least} % of the memory was to be had all the time"))
    }

    /// Ends it.
    pub fn stop(self, system: &dyn System) -> Result<(), String> {
        let unit = format!("{UNIT}.service");
        let stopped = systemctl::act(system, "stop", &unit);
        // Over by itself: systemd has forgotten it.
        let is_over =
            || systemctl::show_one(system, &unit).is_ok_and(|it| it.state.active == "inactive");
        match stopped {
            Err(error) if !is_over() => Err(format!("{unit} could not be stopped: {error}")),
            _ => Ok(()),
        }
    }
}

/// Takes memory until that many milliseconds after boot, or until the kernel
/// ends it.
pub fn take(until: u64) {
    let end = Duration::from_millis(until);
    let mut pieces: Vec<Vec<u8>> = Vec::new();
    while clock::since_boot() < end {
        let mut piece = Vec::new();
        if piece.try_reserve_exact(PIECE).is_err() {
            thread::sleep(PAUSE);
            continue;
        }
        // Written to, because only then the kernel gives it.
        piece.resize(PIECE, 1);
        pieces.push(piece);
    }
}

/// The kernel kills something else than this process (proc(5),
/// `oom_score_adj`): who is watched must not be lost with who watches.
pub fn spare() {
    // Without the right to it, it may be hit like everybody else.
    let _ = fs::write("/proc/self/oom_score_adj", "-1000");
}

/// Percent of the memory that programs can have (proc(5), `MemAvailable`).
fn available(system: &dyn System) -> Option<u64> {
    let text = read_trimmed(system, "/proc/meminfo")?;
    let total = number(&text, "MemTotal:")?;
    (number(&text, "MemAvailable:")? * 100).checked_div(total)
}

/// How often the kernel has killed something because memory had run out.
fn kills(system: &dyn System) -> Option<u64> {
    number(&read_trimmed(system, "/proc/vmstat")?, "oom_kill")
}

fn number(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find(|line| line.split_whitespace().next() == Some(name))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use slurmha_host::Local;

    #[test]
    fn memory_that_was_never_short_is_told() {
        let system = Local::new();
        let kills = kills(&system);
        let told = |least, kills| Hog { least, kills }.unfelt(&system);
        // A kernel older than 4.13 does not count; nothing is said then.
        if kills.is_some() {
            let why = "61 % of the memory was to be had all the time";
            assert_eq!(told(Some(61), kills).as_deref(), Some(why));
        }
        assert_eq!(told(Some(4), kills), None);
        assert_eq!(told(None, kills), None);
        assert_eq!(told(Some(61), kills.map(|count| count + 1)), None);
        let mut hog = Hog { least: Some(3), kills };
        hog.keep_up(&system);
        assert!(hog.least.is_some_and(|least| least <= 3));
    }

    #[test]
    fn a_line_is_found_by_its_whole_name() {
        let text =
            "MemTotal:       1000 kB\nMemAvailable:    610 kB\noom_kill_total 8\noom_kill 7\n";
        assert_eq!(number(text, "MemAvailable:"), Some(610));
        assert_eq!(number(text, "oom_kill"), Some(7));
    }
}
