// SPDX-License-Identifier: Apache-2.0
//! The wall clock, measured against one that nobody sets.
//!
//! `CLOCK_MONOTONIC_RAW` is neither stepped nor slewed (clock_gettime(2)), so
//! that a clock which was set wrong can be put right whatever chronyd has done
//! to it meanwhile.

use std::io;
use std::time::Duration;

use jiff::Timestamp;
use rustix::time::{ClockId, Timespec, clock_gettime, clock_settime};

/// By how much the wall clock is ahead of the raw one, which began at boot.
pub fn lead() -> Duration {
    since_zero(ClockId::Realtime).saturating_sub(since_zero(ClockId::MonotonicRaw))
}

/// Sets the wall clock so that it is ahead by this.
///
/// # Errors
/// When the kernel refuses: this process is not root, or the time is none.
pub fn set_lead(lead: Duration) -> io::Result<()> {
    let time = since_zero(ClockId::MonotonicRaw) + lead;
    let seconds = i64::try_from(time.as_secs()).map_err(io::Error::other)?;
    let time = Timespec { tv_sec: seconds, tv_nsec: time.subsec_nanos().into() };
    Ok(clock_settime(ClockId::Realtime, time)?)
}

/// What a wall clock with this lead says now.
///
/// # Errors
/// When that is no time.
pub fn at(lead: Duration) -> Result<Timestamp, jiff::Error> {
    Timestamp::UNIX_EPOCH.checked_add(since_zero(ClockId::MonotonicRaw) + lead)
}

/// Time since boot that only goes forward, the same for every process.
pub fn since_boot() -> Duration {
    since_zero(ClockId::Monotonic)
}

fn since_zero(clock: ClockId) -> Duration {
    let time = clock_gettime(clock);
    // No clock of these is before its zero on a machine that has booted.
    let part = |value: i64| u64::try_from(value).unwrap_or_default();
    Duration::from_secs(part(time.tv_sec)) + Duration::from_nanos(part(time.tv_nsec))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Local, System as _};

    #[test]
    fn a_steady_clock_agrees_with_one_that_nobody_has_set() {
        let apart = Local::steady().now().duration_since(Local::new().now());
        assert!(apart.abs().as_secs() < 60, "{apart:?}");
    }

    #[test]
    fn a_lead_is_a_time() {
        let hour = Duration::from_secs(3600);
        let later = at(lead() + hour).unwrap().duration_since(at(lead()).unwrap());
        assert!(later.as_secs() >= 3590, "{later:?}");
    }
}
