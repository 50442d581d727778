// SPDX-License-Identifier: Apache-2.0
//! How long a daemon may do nothing before it is taken for hung.

use std::time::Duration;

/// The limits of a judgement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Looks in a row, a second apart, that find a process stopped.
    pub stopped_looks: u32,
    /// How long an idle silence is one strike.
    pub strike: Duration,
    /// Strikes in a row that make a hang.
    pub strikes: u32,
    /// How long a daemon may be silent that uses its CPU.
    pub busy: Duration,
    /// Pause between two requests to a daemon that answers.
    pub ask_every: Duration,
    /// Pause before a daemon that gave no answer is asked again.
    pub ask_again: Duration,
}

/// The limits in use.
///
/// - A process that a signal has stopped does nothing at all, whatever the
///   load: three looks, three seconds.
/// - Silence is one strike after 10 s in which the daemon neither worked nor
///   waited for a disk; three strikes are the `MessageTimeout` of our
///   slurm.conf, after which every client of that time has given up. A daemon
///   under load uses CPU or a disk; one that waits for slurmdbd or munge gets
///   its answer, or its own timeout, within that time.
/// - Work without an answer for five minutes helps nobody: a start takes
///   less, also with a large job table.
/// - A request costs a client process: 5 to 10 ms of CPU on hardware, 0.3 s
///   in emulation. Every 10 s that is nothing; every second it would be a
///   third of a virtual machine. A silent one is asked sooner, and not without a
///   rest: on a machine that is short of CPU time that would be what it is short of.
pub const PATIENCE: Patience = Patience {
    stopped_looks: 3,
    strike: Duration::from_secs(10),
    strikes: 3,
    busy: Duration::from_secs(300),
    ask_every: Duration::from_secs(10),
    ask_again: Duration::from_secs(3),
};

/// Whether a process that used so many hundredths of a second of CPU in this
/// time did next to nothing: less than a tenth of one core. Timers and a
/// scheduler that looks at an empty queue use one or two hundredths of it.
pub fn is_idle(ticks: u64, time: Duration) -> bool {
    u128::from(ticks) * 100 < time.as_millis()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idle_is_less_than_a_tenth_of_a_core() {
        assert!(is_idle(0, Duration::from_secs(1)));
        assert!(is_idle(99, Duration::from_secs(10)));
        assert!(!is_idle(100, Duration::from_secs(10)));
        assert!(!is_idle(u64::MAX, Duration::from_secs(10)));
        assert!(!is_idle(0, Duration::ZERO), "no time is no proof");
    }
}
