// SPDX-License-Identifier: Apache-2.0
//! All conversations of a drill or a move together.

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use slurmha_core::drill::ClockOffset;
use slurmha_core::site::NodeName;
use slurmha_host::{Local, System as _};

use super::watch::Watch;
use crate::failure::Failure;
use crate::pause::pause;

/// How often what happens is looked at.
pub(super) const TICK: Duration = Duration::from_millis(200);

/// Time for submissions that wait to be answered after the load has ended.
const ANSWER_PATIENCE: Duration = Duration::from_secs(60);

/// Reads every machine's clock; a machine has several conversations, of
/// which the quickest reading counts.
pub fn synchronise(watches: &[Watch], patience: Duration) -> BTreeMap<NodeName, ClockOffset> {
    thread::scope(|scope| {
        for watch in watches {
            scope.spawn(|| watch.synchronise(patience));
        }
    });
    let mut clocks: BTreeMap<NodeName, ClockOffset> = BTreeMap::new();
    for watch in watches {
        let Some(offset) = watch.offset() else { continue };
        let known = clocks.entry(watch.machine.clone()).or_insert(offset);
        if offset.error_s < known.error_s {
            *known = offset;
        }
    }
    clocks
}

/// Ends the load; submissions that wait may still be answered.
pub fn end_load(watches: &[Watch]) -> Result<(), Failure> {
    watches.iter().for_each(Watch::stop);
    let clock = Local::new();
    while clock.elapsed() < ANSWER_PATIENCE && !watches.iter().all(Watch::has_ended) {
        pause(TICK)?;
    }
    Ok(())
}

/// Ends every conversation when it goes.
pub struct EndAll<'a>(pub &'a [Watch]);

impl Drop for EndAll<'_> {
    fn drop(&mut self) {
        for watch in self.0.iter().filter(|watch| !watch.has_ended()) {
            watch.kill();
        }
    }
}
