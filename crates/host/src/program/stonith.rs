// SPDX-License-Identifier: Apache-2.0
//! stonith_admin(8) of Pacemaker 2.1.5: the fencer's memory, and a fence.

use std::time::Duration;

use slurmha_core::observe::{FencingEvent, parse_fence_history};

use super::AskError;
use crate::command::{Command, CommandError};
use crate::system::System;

/// `stonith_admin --history NODE`: what this machine's fencer remembers of
/// one node. Without `--verbose` it tells one success only.
pub fn history(
    system: &dyn System,
    node: &str,
    timeout: Duration,
) -> Result<Vec<FencingEvent>, AskError> {
    let command = Command::new("stonith_admin")
        .args(["--history", node, "--verbose", "--output-as=xml"])
        .timeout(timeout);
    let output = system.run(&command)?;
    if output.stdout.trim_ascii().is_empty() {
        return Err(output.failure().into());
    }
    // The reason for a status other than 0 is in the document.
    Ok(parse_fence_history(&output.text())?)
}

/// Switches a node on, by the device that fences it, and waits until that
/// says that it is.
pub fn power_on(system: &dyn System, node: &str, limit: Duration) -> Result<(), CommandError> {
    let seconds = limit.as_secs().max(1).to_string();
    let command = Command::new("stonith_admin")
        .args(["--unfence", node, "--timeout", &seconds])
        .timeout(limit + Duration::from_secs(1));
    system.run(&command)?.success().map(|_| ())
}

/// Fences a node (`off`) and waits until it is proven. A fence of the last
/// ten seconds counts, and one that is under way is joined
/// (fenced_remote.c, `merge_duplicates`).
pub fn fence(system: &dyn System, node: &str, limit: Duration) -> Result<(), CommandError> {
    let seconds = limit.as_secs().max(1).to_string();
    let command = Command::new("stonith_admin")
        .args(["--fence", node, "--tolerance", "10s", "--timeout", &seconds])
        .timeout(limit + Duration::from_secs(1));
    system.run(&command)?.success().map(|_| ())
}
