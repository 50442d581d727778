// SPDX-License-Identifier: Apache-2.0
//! Whether both copies of the data are the same in the end.

use std::time::Duration;

use slurmha_core::drill::Aftermath;
use slurmha_lab::interrupt::interrupted;

use super::protocol::{Reply, Task};
use super::run::Drill;
use super::watch::complete_unless;

/// For a volume of some GiB over a slow link: less than 10 MiB/s for 10 GiB.
const LIMIT: Duration = Duration::from_secs(1800);

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
        let machine = &self.site.controllers[0].name;
        let remote = self.fleet.remote();
        let task = Task::Verify { limit: LIMIT };
        // Ctrl-C ends the comparison, and not the report of what was seen before.
        let answer = complete_unless(remote, machine, task, false, LIMIT * 2, &interrupted);
        Some(answer.and_then(|(replies, _)| {
            let compared = replies.into_iter().find_map(|reply| match reply {
                Reply::Compared(compared) => Some(compared),
                _ => None,
            });
            compared.unwrap_or_else(|| Err(format!("{machine} did not answer")))
        }))
    }
}
