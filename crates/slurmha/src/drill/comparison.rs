// SPDX-License-Identifier: Apache-2.0
//! Whether both copies of the data are the same in the end.

use std::sync::Mutex;
use std::time::Duration;

use slurmha_core::drill::Aftermath;
use slurmha_core::site::NodeName;
use slurmha_host::{Local, System as _};
use slurmha_lab::interrupt::interrupted;

use super::protocol::{Reply, Task};
use super::run::Drill;
use super::watch::Watch;

/// How long the machine may say nothing: it says how far it is every ten seconds,
/// and is slow to begin with.
const SILENCE: Duration = Duration::from_secs(120);

impl Drill<'_> {
    /// The KiB that differ, or why that is not known; nothing where nobody asked.
    pub(super) fn compare(&self, after: &Aftermath) -> Option<Result<u64, String>> {
        if !self.scenario.verify {
            return None;
        }
        if !after.lacking.is_empty() {
            return Some(Err("the cluster is not as healthy as before".to_owned()));
        }
        self.progress.stage("comparing both copies of the data, block by block");
        Some(self.compare_on(&self.site.controllers[0].name))
    }

    /// Ctrl-C ends the comparison, and not the report of what was seen before.
    fn compare_on(&self, machine: &NodeName) -> Result<u64, String> {
        let watch = Watch::start(self.fleet.remote(), machine).map_err(|it| it.to_string())?;
        let clock = Local::new();
        let heard = Mutex::new(clock.elapsed());
        let is_over = || {
            let last = heard.lock().map(|last| *last).unwrap_or_default();
            interrupted() || clock.elapsed() > last + SILENCE
        };
        let mut compared = None;
        watch.hear_out(Task::Verify, None, &is_over, &mut |reply| {
            if let Ok(mut last) = heard.lock() {
                *last = clock.elapsed();
            }
            match reply {
                Reply::Comparing(progress) => self.progress.machine(machine.as_str(), &progress),
                Reply::Compared(result) => compared = Some(result),
                _ => {}
            }
        })?;
        compared.unwrap_or_else(|| Err(format!("{machine} did not answer")))
    }
}
