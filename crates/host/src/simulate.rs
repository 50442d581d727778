// SPDX-License-Identifier: Apache-2.0
//! What Pacemaker would do with a changed configuration, asked beforehand.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use slurmha_core::plan::cib;

use crate::command::{Command, CommandError};
use crate::program::pacemaker;
use crate::system::System;

const TIMEOUT: Duration = Duration::from_secs(30);

/// What `slurmha node simulate` answers, in one line of JSON: text of several
/// lines could not be told from what a login shell prints before.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moves {
    /// As crm_simulate tells them; empty when nothing moves or no cluster runs.
    pub moves: String,
}

/// The moves that `crm_simulate` predicts for the live cluster with this
/// configuration merged in.
///
/// # Errors
/// When the cluster runs and the simulator fails.
pub fn simulate(system: &dyn System, configuration: &str) -> Result<Moves, CommandError> {
    let Ok(live) = pacemaker::query(system, TIMEOUT) else { return Ok(Moves::default()) };
    let Ok(Some(merged)) = cib::merge(&live, configuration) else { return Ok(Moves::default()) };
    let command = Command::new("crm_simulate")
        .args(["--simulate", "--xml-pipe"])
        .stdin(merged)
        .timeout(TIMEOUT);
    let moves = transition_summary(&system.run(&command)?.success()?.text());
    Ok(Moves { moves })
}

/// The part of crm_simulate's output (Pacemaker 2.1.5) that says what moves.
fn transition_summary(output: &str) -> String {
    let after = output.split_once("Transition Summary:").map_or("", |(_, after)| after);
    let summary = after.split("Executing Cluster Transition:").next().unwrap_or_default();
    let lines: Vec<&str> = summary.lines().filter(|line| !line.trim().is_empty()).collect();
    if lines.is_empty() { String::new() } else { lines.join("\n") + "\n" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_moves_are_kept() {
        let output = "Current cluster status:\n  * Online: [ a ]\n\nTransition Summary:\n  \
                      * Restart    vip     ( ctl1 )\n\nExecuting Cluster Transition:\n  * x\n";
        assert_eq!(transition_summary(output), "  * Restart    vip     ( ctl1 )\n");
        assert_eq!(transition_summary("nothing of the kind"), "");
    }
}
