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
use slurmha_host::{System, clock};

/// Taken at a time, in bytes.
const PIECE: usize = 16 << 20;
/// Distance between tries when the kernel gives no more.
const PAUSE: Duration = Duration::from_millis(100);

const UNIT: &str = "slurmha-drill-memory";

/// A unit that takes memory.
pub struct Hog;

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
        systemctl::run_again(system, UNIT, description, lasts, &words)
            .map_err(|error| format!("nothing could take memory: {error}"))?;
        Ok((Self, at))
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
