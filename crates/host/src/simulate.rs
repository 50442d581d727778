// SPDX-License-Identifier: Apache-2.0
//! What Pacemaker would do with a changed configuration, asked beforehand.

use std::time::Duration;

use slurmha_core::plan::cib;

use crate::command::{Command, CommandError};
use crate::program::pacemaker;
use crate::system::System;

const TIMEOUT: Duration = Duration::from_secs(30);

/// The moves that `crm_simulate` predicts for the live cluster with this
/// configuration merged in, as text; empty when nothing moves or no cluster
/// runs here.
///
/// # Errors
/// When the cluster runs and the simulator fails.
pub fn simulate(system: &dyn System, configuration: &str) -> Result<String, CommandError> {
    let Ok(live) = pacemaker::query(system, TIMEOUT) else { return Ok(String::new()) };
    let Ok(Some(merged)) = cib::merge(&live, configuration) else { return Ok(String::new()) };
    let command = Command::new("crm_simulate")
        .args(["--simulate", "--xml-pipe"])
        .stdin(merged)
        .timeout(TIMEOUT);
    Ok(transition_summary(&system.run(&command)?.success()?.text()))
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
