// SPDX-License-Identifier: Apache-2.0
//! How long this machine does not run even what is most urgent.

use std::time::Duration;

use slurmha_core::observe::Reading;

use crate::command::Command;
use crate::system::System;

/// Distance between two looks at the clock.
const NAP: Duration = Duration::from_millis(5);

/// Sleeps for naps and answers by how much the worst of them was late.
pub fn watch(system: &dyn System, time: Duration) -> Duration {
    let begin = system.elapsed();
    let mut worst = Duration::ZERO;
    let mut then = begin;
    while then - begin < time {
        system.sleep(NAP);
        let now = system.elapsed();
        worst = worst.max((now - then).saturating_sub(NAP));
        then = now;
    }
    worst
}

/// The same in a process with the scheduling class and priority of Corosync
/// (SCHED_RR, the highest; corosync.conf(5), `sched_rr`), by chrt(1).
pub(super) fn measure(system: &dyn System, time: Duration) -> Reading<Duration> {
    match try_measure(system, time) {
        Ok(stall) => Reading::Known(stall),
        Err(why) => Reading::Unknown(why),
    }
}

fn try_measure(system: &dyn System, time: Duration) -> Result<Duration, String> {
    let own = std::env::current_exe().map_err(|error| error.to_string())?;
    let milliseconds = time.as_millis().to_string();
    let command = Command::new("chrt")
        .args(["--rr", "99", &own.to_string_lossy(), "node", "stalls", &milliseconds])
        .timeout(time + Duration::from_secs(20));
    let output = system.run(&command).and_then(|output| output.success());
    let text = output.map_err(|error| error.to_string())?.text();
    let stall = text.trim().parse().map_err(|_| format!("chrt answered {:?}", text.trim()))?;
    Ok(Duration::from_millis(stall))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Simulated;

    #[test]
    fn a_machine_that_is_never_late_has_no_stall() {
        let machine = Simulated::new("ctl1", "ctl2");
        assert_eq!(watch(&machine, Duration::from_secs(1)), Duration::ZERO);
        assert!(machine.elapsed() >= Duration::from_secs(1));
    }
}
