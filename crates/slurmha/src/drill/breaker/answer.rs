// SPDX-License-Identifier: Apache-2.0
//! Waiting for the machine that makes the fault happen.

use std::time::Duration;

use slurmha_host::{Local, System as _};

use crate::drill::protocol::Struck;
use crate::drill::seen::Seen;
use crate::drill::watch::Watch;
use crate::failure::Failure;
use crate::pause::pause;

/// Time for a machine to say that it has struck. It may first have to wait for Pacemaker;
/// putting something under DRBD takes up to four minutes.
const STRIKE_PATIENCE: Duration = Duration::from_secs(300);

/// Distance between looks whether it has.
const TICK: Duration = Duration::from_millis(20);

/// Waits until the machine has struck.
///
/// # Errors
/// When it says that it did not, or says nothing.
pub fn await_strike(watch: &Watch, seen: &Seen) -> Result<Struck, Failure> {
    let machine = &watch.machine;
    let clock = Local::new();
    while clock.elapsed() < STRIKE_PATIENCE {
        // Asked before, so that a last word is not missed.
        let ended = watch.has_ended();
        match seen.struck() {
            Some(Ok(struck)) => return Ok(struck),
            Some(Err(why)) => return Err(Failure::remote(format!("{machine}: {why}"))),
            None => {}
        }
        if let Some(moved) = seen.moved() {
            let left = moved.left_over.map(|left| format!("\n  {left}")).unwrap_or_default();
            let why = moved.result.err().unwrap_or_default();
            return Err(Failure::remote(format!("{machine}: {why}{left}")));
        }
        if ended {
            let troubles = seen.troubles().join("\n  ");
            return Err(Failure::remote(format!("{machine} said nothing\n  {troubles}")));
        }
        pause(TICK)?;
    }
    let limit = STRIKE_PATIENCE.as_secs();
    Err(Failure::remote(format!("{machine} has done nothing in {limit} s")))
}
