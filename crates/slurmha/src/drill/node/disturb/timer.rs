// SPDX-License-Identifier: Apache-2.0
//! A timer on the machine that takes a fault back, whatever becomes of us.

use std::time::Duration;

use slurmha_host::System;
use slurmha_host::program::systemctl;

/// How much later it takes a fault back than the drill does.
const SLACK: Duration = Duration::from_secs(30);

/// Sets a timer that runs a subcommand of `slurmha node` after a fault that
/// lasts so long; returns its unit. Timers of this kind run by the monotonic
/// clock (systemd.timer(5), `OnActiveSec`), which nobody sets.
///
/// # Errors
/// Why none could be set, so that nothing may be broken.
pub fn set(
    system: &dyn System,
    unit: &str,
    lasts: Duration,
    words: &[&str],
) -> Result<String, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let program = program.to_string_lossy();
    let words: Vec<String> =
        [&[program.as_ref(), "node"], words].concat().into_iter().map(str::to_owned).collect();
    systemctl::run_later(system, unit, lasts + SLACK, &words)
        .map_err(|error| format!("nothing was broken, because no timer could be set: {error}"))?;
    Ok(format!("{unit}.timer"))
}

/// Takes the timer away: there is nothing left for it to do.
///
/// # Errors
/// Why it could not be taken away.
pub fn stop(system: &dyn System, timer: &str) -> Result<(), String> {
    systemctl::act(system, "stop", timer)
        .map_err(|error| format!("{timer} could not be stopped: {error}"))
}
