// SPDX-License-Identifier: Apache-2.0
//! All conversations of a drill or a move together.

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use slurmha_core::drill::ClockOffset;
use slurmha_core::site::NodeName;
use slurmha_host::{Local, System as _};

use super::watch::{Watch, is_exact_enough};
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

/// That it can be told when these machines did what.
///
/// # Errors
/// Names the one whose clock could not be read, or only vaguely.
pub fn are_read(
    clocks: &BTreeMap<NodeName, ClockOffset>,
    machines: &[&NodeName],
) -> Result<(), Failure> {
    let is_read = |name: &NodeName| clocks.get(name).copied().is_some_and(is_exact_enough);
    let Some(name) = machines.iter().find(|name| !is_read(name)) else { return Ok(()) };
    let what = match clocks.get(*name) {
        Some(clock) => format!("could be read only to {:.0} s", clock.error_s),
        None => "could not be read".to_owned(),
    };
    let why = "without it nobody can tell who wrote when; nothing was broken";
    Err(Failure::remote(format!("the clock of {name} {what}: {why}"))
        .hint("it has much to do, or the way there is slow: try again when that is over"))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_no_clock_is_named() {
        let [ctl1, ctl2] = ["ctl1", "ctl2"].map(NodeName::from);
        let mut clocks = BTreeMap::from([(ctl1.clone(), ClockOffset { add_s: 9.0, error_s: 0.2 })]);
        let mut told = |error_s: Option<f64>| {
            clocks
                .extend(error_s.map(|error_s| (ctl2.clone(), ClockOffset { add_s: 0.0, error_s })));
            are_read(&clocks, &[&ctl1, &ctl2]).map_err(|failure| failure.message().to_owned())
        };
        let why = "without it nobody can tell who wrote when; nothing was broken";
        assert_eq!(told(None), Err(format!("the clock of ctl2 could not be read: {why}")));
        let vague = format!("the clock of ctl2 could be read only to 4 s: {why}");
        assert_eq!(told(Some(4.0)), Err(vague));
        assert_eq!(told(Some(1.0)), Ok(()));
    }
}
