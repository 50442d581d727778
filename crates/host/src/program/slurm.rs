// SPDX-License-Identifier: Apache-2.0
//! scontrol(1), sacctmgr(1), squeue(1), sinfo(1) of Slurm 22.05.

use std::collections::BTreeMap;
use std::time::Duration;

use slurmha_core::observe::{
    Health, ParseError, parse_scontrol_ping, parse_sinfo_states, parse_squeue_states,
};
use thiserror::Error;

use crate::command::{Command, CommandError};
use crate::system::System;

/// Why Slurm could not be asked.
#[derive(Debug, Error)]
pub enum SlurmError {
    /// The client failed.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// The client printed something else.
    #[error(transparent)]
    Parse(#[from] ParseError),
}

/// `scontrol ping`; it ends with 1 when the controller does not answer.
pub fn ping(system: &dyn System, timeout: Duration) -> Result<Health, SlurmError> {
    let output = system.run(&Command::new("scontrol").arg("ping").timeout(timeout))?;
    let status = output.status().unwrap_or(-1);
    match parse_scontrol_ping(&output.text(), status) {
        // scontrol's own complaint says more than "no answer".
        Err(_) if !output.ok() => Err(output.failure().into()),
        result => Ok(result?),
    }
}

/// Jobs by state.
pub fn job_states(
    system: &dyn System,
    timeout: Duration,
) -> Result<BTreeMap<String, u64>, SlurmError> {
    let command =
        Command::new("squeue").args(["--noheader", "--array", "--format", "%T"]).timeout(timeout);
    Ok(parse_squeue_states(&system.run(&command)?.success()?.text())?)
}

/// Nodes by state.
pub fn node_states(
    system: &dyn System,
    timeout: Duration,
) -> Result<BTreeMap<String, u64>, SlurmError> {
    let command =
        Command::new("sinfo").args(["--noheader", "--Node", "--format", "%N %T"]).timeout(timeout);
    Ok(parse_sinfo_states(&system.run(&command)?.success()?.text())?)
}

/// Names of the clusters that slurmdbd knows.
pub fn clusters(system: &dyn System, timeout: Duration) -> Result<Vec<String>, CommandError> {
    let command = Command::new("sacctmgr")
        .args(["--noheader", "--parsable2", "show", "cluster", "format=Cluster"])
        .timeout(timeout);
    let text = system.run(&command)?.success()?.text();
    Ok(text.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect())
}

/// `sacctmgr --immediate add cluster NAME`.
pub fn add_cluster(system: &dyn System, cluster: &str) -> Result<(), CommandError> {
    let command = Command::new("sacctmgr")
        .args(["--immediate", "add", "cluster", cluster])
        .timeout(Duration::from_secs(60));
    system.run(&command)?.success().map(|_| ())
}

/// `scontrol reconfigure`: slurmctld and every slurmd read slurm.conf again.
pub fn reconfigure(system: &dyn System) -> Result<(), CommandError> {
    let command = Command::new("scontrol").arg("reconfigure").timeout(Duration::from_secs(60));
    system.run(&command)?.success().map(|_| ())
}
