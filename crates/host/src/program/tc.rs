// SPDX-License-Identifier: Apache-2.0
//! tc(8): an interface that drops, loses or delays, on purpose.

use std::time::Duration;

use crate::command::{Command, CommandError};
use crate::system::System;

const LIMIT: Duration = Duration::from_secs(10);

/// Nothing gets in through the interface.
///
/// A filter that drops everything, tc-matchall(8); it hangs on the queueing
/// discipline `clsact`, beside whatever else the interface has.
///
/// # Errors
/// Also when the interface has such a discipline already: somebody uses it.
pub fn drop_incoming(system: &dyn System, interface: &str) -> Result<(), CommandError> {
    tc(system, &["qdisc", "add", "dev", interface, "clsact"])?;
    let filter = ["filter", "add", "dev", interface, "ingress", "matchall", "action", "drop"];
    tc(system, &filter).inspect_err(|_| {
        // An empty discipline would stay. That it does adds no news.
        let _ = admit(system, interface);
    })
}

/// Loses so many in a hundred of the packets that leave, tc-netem(8).
///
/// Not by a filter on the way out: its drop comes back to the sender as
/// ENOBUFS, which no broken cable does, and at which Corosync's transport tries
/// for ever to send the same packet, on whichever link (libknet,
/// transport_udp.c, `udp_transport_tx_sock_error`).
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

/// Takes back what [`drop_incoming`] does.
///
/// # Errors
/// Also when there is nothing to take back.
pub fn admit(system: &dyn System, interface: &str) -> Result<(), CommandError> {
    tc(system, &["qdisc", "delete", "dev", interface, "clsact"])
}

/// Takes back what [`lose`] and [`delay`] do.
///
/// # Errors
/// Also when there is nothing to take back.
pub fn deliver(system: &dyn System, interface: &str) -> Result<(), CommandError> {
    tc(system, &["qdisc", "delete", "dev", interface, "root", "netem"])
}

/// Every discipline of the interface, a line each: `qdisc netem 8001: root ...`.
///
/// # Errors
/// When tc cannot tell.
pub fn disciplines(system: &dyn System, interface: &str) -> Result<String, CommandError> {
    let show = Command::new("tc").args(["qdisc", "show", "dev", interface]).timeout(LIMIT);
    Ok(system.run(&show)?.success()?.text())
}

fn netem(system: &dyn System, interface: &str, how: &[&str]) -> Result<(), CommandError> {
    tc(system, &[&["qdisc", "add", "dev", interface, "root", "netem"], how].concat())
}

fn tc(system: &dyn System, words: &[&str]) -> Result<(), CommandError> {
    system.run(&Command::new("tc").args(words).timeout(LIMIT))?.success().map(|_| ())
}
