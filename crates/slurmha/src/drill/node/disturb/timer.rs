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

/// Takes the timer away: there is nothing left for it to do, or it has done it.
///
/// # Errors
/// Why it could not be taken away.
pub fn stop(system: &dyn System, timer: &str) -> Result<(), String> {
    systemctl::stop_if_loaded(system, timer)
        .map_err(|error| format!("{timer} could not be stopped: {error}"))
}

/// Why something could not be done, and what of it could not be taken back.
pub fn and_left(why: &str, taken_back: Result<(), String>) -> String {
    match taken_back {
        Ok(()) => why.to_owned(),
        Err(left) => format!("{why}; {left}"),
    }
}

#[cfg(test)]
mod tests {
    use slurmha_host::{Command, CommandOutput, Exit};

    use super::*;
    use crate::agent::test_machine::TestMachine;

    fn stopped_with(status: i32) -> Result<(), String> {
        let machine = TestMachine::with(|machine| {
            machine.program = Box::new(move |command: &Command| {
                let output =
                    |status| CommandOutput::new(command, Exit::Status(status), vec![], vec![]);
                (command.program() == "systemctl").then(|| output(status))
            });
        });
        stop(&machine, "slurmha-mend-disks.timer")
    }

    #[test]
    fn a_timer_that_has_run_is_there_no_more() {
        assert_eq!(stopped_with(0), Ok(()));
        assert_eq!(stopped_with(5), Ok(()));
        assert!(stopped_with(1).is_err());
    }
}
