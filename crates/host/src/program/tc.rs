// SPDX-License-Identifier: Apache-2.0
//! tc(8): an interface that drops, loses or delays, on purpose.

use std::time::Duration;

use crate::command::{Command, CommandError};
use crate::system::System;

const LIMIT: Duration = Duration::from_secs(10);

/// Nothing gets out through the interface; with `inward`, nothing in either.
///
/// A filter that drops everything, tc-matchall(8); it hangs on the queueing
/// discipline `clsact`, beside whatever else the interface has.
///
/// # Errors
/// Also when the interface has such a discipline already: somebody uses it.
pub fn drop_all(system: &dyn System, interface: &str, inward: bool) -> Result<(), CommandError> {
    tc(system, &["qdisc", "add", "dev", interface, "clsact"])?;
    let directions = if inward { &["egress", "ingress"][..] } else { &["egress"] };
    let filter = |direction: &&str| {
        tc(system, &["filter", "add", "dev", interface, direction, "matchall", "action", "drop"])
    };
    directions.iter().try_for_each(filter).inspect_err(|_| {
        // Half a cut would stay for ever. That it fails, too, adds no news.
        let _ = pass(system, interface);
    })
}

/// Loses so many in a hundred of the packets that leave, tc-netem(8).
///
/// # Errors
/// Also when an administrator has set the interface's discipline.
pub fn lose(system: &dyn System, interface: &str, percent: u32) -> Result<(), CommandError> {
    netem(system, interface, &["loss", &format!("{percent}%")])
}

/// Delays the packets that leave by so many milliseconds, tc-netem(8).
///
/// # Errors
/// Also when an administrator has set the interface's discipline.
pub fn delay(system: &dyn System, interface: &str, milliseconds: u32) -> Result<(), CommandError> {
    // More packets than this at a time would be lost; the default of 1000 is
    // less than a fast link sends in the delay.
    netem(system, interface, &["limit", "100000", "delay", &format!("{milliseconds}ms")])
}

/// Takes back what [`drop_all`] does.
///
/// # Errors
/// Also when there is nothing to take back.
pub fn pass(system: &dyn System, interface: &str) -> Result<(), CommandError> {
    tc(system, &["qdisc", "delete", "dev", interface, "clsact"])
}

/// Takes back what [`lose`] and [`delay`] do.
///
/// # Errors
/// Also when there is nothing to take back.
pub fn unimpair(system: &dyn System, interface: &str) -> Result<(), CommandError> {
    tc(system, &["qdisc", "delete", "dev", interface, "root", "netem"])
}

fn netem(system: &dyn System, interface: &str, how: &[&str]) -> Result<(), CommandError> {
    tc(system, &[&["qdisc", "add", "dev", interface, "root", "netem"], how].concat())
}

fn tc(system: &dyn System, words: &[&str]) -> Result<(), CommandError> {
    system.run(&Command::new("tc").args(words).timeout(LIMIT))?.success().map(|_| ())
}
