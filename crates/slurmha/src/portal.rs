// SPDX-License-Identifier: Apache-2.0
//! The built-in portal: the front, which speaks with browsers, and sessions, which are users.

pub mod front;
pub mod session;
pub mod terminal;

use slurmha_host::System;
use slurmha_host::system::read_trimmed;

/// This machine's name, by which its forms are told from those of other hosts.
fn host(system: &dyn System) -> String {
    read_trimmed(system, "/proc/sys/kernel/hostname").unwrap_or_default()
}
