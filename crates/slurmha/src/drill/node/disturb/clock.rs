// SPDX-License-Identifier: Apache-2.0
//! A wall clock that is wrong.
//!
//! chronyd goes on: one that has corrected the clock often enough after its
//! start (`makestep` in our chrony.conf) only slews it, by 5 s in a minute at
//! most (chrony.conf(5), `maxslewrate`). The clock is put right by the raw one,
//! which is not slewed, so that what chronyd has done is taken back as well.

use std::io;
use std::time::Duration;

use jiff::Timestamp;
use slurmha_core::drill::{CLOCK_STEP, ClockFault};
use slurmha_host::{System, clock};

use super::timer;

const TIMER: &str = "slurmha-mend-clock";

/// A clock that was set wrong.
pub struct Wrong {
    /// By how much it was ahead of the raw clock before.
    lead: Duration,
    timer: String,
}

impl Wrong {
    /// Sets it wrong; says when that was, by a clock that was not.
    pub fn set(
        system: &dyn System,
        fault: ClockFault,
        lasts: Duration,
    ) -> Result<(Self, Timestamp), String> {
        let lead = clock::lead();
        Self::set_by(system, fault, lasts, lead, &clock::set_lead)
    }

    fn set_by(
        system: &dyn System,
        fault: ClockFault,
        lasts: Duration,
        lead: Duration,
        set: &dyn Fn(Duration) -> io::Result<()>,
    ) -> Result<(Self, Timestamp), String> {
        let wrong = match fault {
            ClockFault::Forward => lead.checked_add(CLOCK_STEP),
            ClockFault::Backward => lead.checked_sub(CLOCK_STEP),
        };
        let wrong = wrong.ok_or("the clock of this machine has no date yet")?;
        let words = ["mend-clock", &lead.as_nanos().to_string()];
        let timer = timer::set(system, TIMER, lasts, &words)?;
        let at = system.now();
        match set(wrong) {
            Ok(()) => Ok((Self { lead, timer }, at)),
            Err(error) => {
                let why = format!("the clock could not be set: {error}");
                Err(timer::and_left(&why, timer::stop(system, &timer)))
            }
        }
    }

    /// Puts it right.
    pub fn mend(self, system: &dyn System) -> Result<(), String> {
        // When it fails the timer stays: it will try again.
        mend(self.lead).map_err(|error| format!("the clock could not be set: {error}"))?;
        timer::stop(system, &self.timer)
    }
}

/// Puts it right, whatever was done to it: what the timer does.
///
/// # Errors
/// When this process may not set the clock.
pub fn mend(lead: Duration) -> io::Result<()> {
    clock::set_lead(lead)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use slurmha_host::{Command, CommandOutput, Exit};

    use super::*;
    use crate::agent::test_machine::TestMachine;

    const LEAD: Duration = Duration::from_secs(1_800_000_000);
    const LASTS: Duration = Duration::from_secs(45);

    fn machine() -> TestMachine {
        TestMachine::with(|machine| {
            machine.program = Box::new(|command: &Command| {
                let output = CommandOutput::new(command, Exit::Status(0), Vec::new(), Vec::new());
                matches!(command.program(), "systemd-run" | "systemctl").then_some(output)
            });
        })
    }

    #[test]
    fn a_timer_that_knows_the_right_time_is_set_before_the_clock_is() {
        for (fault, expected) in
            [(ClockFault::Forward, 1_800_000_600), (ClockFault::Backward, 1_799_999_400)]
        {
            let machine = machine();
            let was_set = Cell::new(0);
            Wrong::set_by(&machine, fault, LASTS, LEAD, &|lead| {
                assert_eq!(machine.ran("systemd-run").len(), 1);
                was_set.set(lead.as_secs());
                Ok(())
            })
            .unwrap();
            assert_eq!(was_set.get(), expected);
            let timer = machine.ran("systemd-run").concat();
            assert!(timer.contains("--unit slurmha-mend-clock --on-active=75"), "{timer}");
            assert!(timer.ends_with("node mend-clock 1800000000000000000"), "{timer}");
            assert_eq!(machine.ran("systemctl"), [""; 0], "the timer stays");
        }
    }

    #[test]
    fn a_clock_that_cannot_be_set_leaves_no_timer() {
        let machine = machine();
        let refused = |_| Err(io::Error::other("no"));
        let why = Wrong::set_by(&machine, ClockFault::Forward, LASTS, LEAD, &refused).err();
        assert_eq!(why.as_deref(), Some("the clock could not be set: no"));
        assert_eq!(machine.ran("systemctl"), ["systemctl stop -- slurmha-mend-clock.timer"]);
    }
}
