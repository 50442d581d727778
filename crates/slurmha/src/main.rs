// SPDX-License-Identifier: Apache-2.0
//! `slurmha`: one site file in, a highly available Slurm cluster out.

// Results go through `stdout`, messages through the macros of `stderr`: the standard
// library's panic when nobody reads them.
#![cfg_attr(not(test), deny(clippy::print_stdout, clippy::print_stderr))]

// Before all others, whose `eprintln!` it then is. Tests keep the one whose output is
// shown only when they fail.
#[cfg(not(test))]
#[macro_use]
mod stderr;

mod agent;
mod apply;
mod await_members;
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
mod given_secrets;
mod live;
mod look;
mod notice;
mod order;
mod pages;
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

use std::panic::UnwindSafe;
use std::process::ExitCode;

use clap::Parser as _;
use serde::Serialize;

use failure::Failure;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    match unless_it_panics(|| cli.run()) {
        Ok(code) => code,
        Err(failure) => {
            failure.print();
            failure.exit_code()
        }
    }
}

/// A panic is a mistake in slurmha and has the exit status of one; what and where it was
/// the panic has printed by then.
fn unless_it_panics<T>(
    run: impl FnOnce() -> Result<T, Failure> + UnwindSafe,
) -> Result<T, Failure> {
    std::panic::catch_unwind(run).unwrap_or_else(|_| {
        Err(Failure::internal("stopped in the middle by a mistake in slurmha itself")
            .hint("please report it, with the lines above and what was typed")
            .hint("`slurmha status` tells how the cluster is"))
    })
}

/// A value as JSON for other programs.
fn json(value: &impl Serialize) -> Result<String, Failure> {
    serde_json::to_string_pretty(value).map_err(Failure::internal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Kind;

    #[test]
    fn a_panic_has_the_status_of_a_mistake_in_slurmha() {
        let failure = unless_it_panics::<()>(|| panic!("on purpose")).expect_err("a failure");
        assert_eq!(failure.outcome().code, Kind::Internal as u8);
        assert!(unless_it_panics(|| Ok(7)).is_ok_and(|value| value == 7));
    }
}
