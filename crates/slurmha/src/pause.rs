// SPDX-License-Identifier: Apache-2.0
//! Waiting that Ctrl-C ends.

use std::thread;
use std::time::Duration;

use slurmha_host::{Local, System as _};
use slurmha_lab::interrupt::interrupted;

use crate::failure::Failure;

/// How long Ctrl-C may go unnoticed.
const TICK: Duration = Duration::from_millis(200);

/// Waits.
///
/// # Errors
/// When somebody pressed Ctrl-C meanwhile.
pub fn pause(time: Duration) -> Result<(), Failure> {
    let clock = Local::new();
    loop {
        if interrupted() {
            return Err(Failure::remote("interrupted; what was begun has been ended"));
        }
        let left = time.saturating_sub(clock.elapsed());
        if left.is_zero() {
            return Ok(());
        }
        thread::sleep(left.min(TICK));
    }
}
