// SPDX-License-Identifier: Apache-2.0
//! Ends this machine's kernel in the middle of everything.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::time::Duration;

use slurmha_host::System;

use super::super::protocol::{Reply, Struck};
use super::link::Link;

/// Root may write here whatever `kernel.sysrq` allows the keyboard (Linux,
/// Documentation/admin-guide/sysrq.rst).
const TRIGGER: &str = "/proc/sysrq-trigger";

/// Time for the last word to get out.
const LAST_WORD: Duration = Duration::from_millis(300);

/// Says that it will happen, and makes it happen: nobody could say afterwards
/// that it has.
pub fn run(system: &dyn System, link: &Link) {
    let mut trigger = match OpenOptions::new().write(true).open(TRIGGER) {
        Ok(trigger) => trigger,
        Err(error) => return link.send(&Reply::Unharmed(format!("{TRIGGER}: {error}"))),
    };
    let at = system.now() + LAST_WORD;
    link.send(&Reply::Struck(Struck { at, confirmed: at }));
    system.sleep(LAST_WORD);
    if let Err(error) = trigger.write_all(b"c") {
        link.send(&Reply::Trouble(format!("the kernel did not crash: {TRIGGER}: {error}")));
    }
}
