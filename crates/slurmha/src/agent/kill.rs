// SPDX-License-Identifier: Apache-2.0
//! The stop of a daemon that was found to hang.

use std::time::Duration;

use slurmha_core::watch::{Process, is_idle};
use slurmha_host::{Command, System, unit_process};

use super::Daemon;

const PAUSE: Duration = Duration::from_millis(100);

/// How long a daemon that hangs may do nothing about the request to stop.
const GRACE: Duration = Duration::from_secs(3);

/// Asks the daemon to stop and returns when it has, when it has done nothing
/// about it for a few seconds, or when the patience is at its end. What still
/// runs then is for the caller to kill.
///
/// systemd sends SIGCONT after SIGTERM (systemd.kill(5)), so that a daemon
/// that was only stopped by a signal wakes up, saves what it has and ends by
/// itself; it works while it does, and is let. One that is deadlocked does
/// nothing, and what it had not saved by now it never will.
pub fn stop_hung(system: &dyn System, daemon: Daemon, patience: Duration) {
    let unit = daemon.unit();
    let stop = Command::new("systemctl").args(["stop", "--no-block", "--", &unit]).timeout(GRACE);
    // The caller looks what came of it.
    let _ = system.run(&stop);
    let begin = system.elapsed();
    let mut window: Option<(Duration, Process)> = None;
    while system.elapsed() - begin < patience {
        let Ok(Some(now)) = unit_process::of_unit(system, &unit) else { return };
        let (since, then) = *window.get_or_insert((system.elapsed(), now));
        let time = system.elapsed() - since;
        if time >= GRACE {
            let idle = then.pid == now.pid && is_idle(now.ticks.saturating_sub(then.ticks), time);
            if idle && !unit_process::waits_for_disk(system, now.pid) {
                return;
            }
            window = None;
        }
        system.sleep(PAUSE);
    }
}
