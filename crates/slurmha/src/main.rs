// SPDX-License-Identifier: Apache-2.0
//! `slurmha`: one site file in, a highly available Slurm cluster out.

mod agent;
mod apply;
mod cli;
mod command;
mod console;
mod console_action;
mod drill;
mod durable;
mod exporter;
mod failure;
mod fence_peer;
mod fleet;
mod live;
mod look;
mod notice;
mod order;
mod pause;
mod portal;
mod power_on;
mod progress;
mod service;
mod site_file;
mod snapshot;
mod stdout;
mod switchover;
#[cfg(test)]
mod test_fleet;
#[cfg(test)]
mod test_system;
mod vpn_metrics;
mod watch;
mod web;

use std::process::ExitCode;

use clap::Parser as _;
use serde::Serialize;

use failure::Failure;

fn main() -> ExitCode {
    match cli::Cli::parse().run() {
        Ok(code) => code,
        Err(failure) => {
            failure.print();
            failure.exit_code()
        }
    }
}

/// A value as JSON for other programs.
fn json(value: &impl Serialize) -> Result<String, Failure> {
    serde_json::to_string_pretty(value).map_err(Failure::internal)
}
