// SPDX-License-Identifier: Apache-2.0
//! Boots this machine anew, as an administrator would.

use std::time::Duration;

use slurmha_host::System;
use slurmha_host::program::systemctl;

use super::super::protocol::{Reply, Struck};
use super::link::Link;

/// Time for the last word to get out: sessions are among the first to end.
const LAST_WORD: Duration = Duration::from_millis(300);

/// Says that it will happen, and makes it happen.
pub fn run(system: &dyn System, link: &Link) {
    let at = system.now() + LAST_WORD;
    link.send(&Reply::Struck(Struck { at, confirmed: at }));
    system.sleep(LAST_WORD);
    if let Err(error) = systemctl::reboot(system) {
        link.send(&Reply::Trouble(format!("the machine does not boot anew: {error}")));
    }
}
