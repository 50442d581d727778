// SPDX-License-Identifier: Apache-2.0
//! `slurmha portal-terminal`: a user's login behind the portal.

use crate::failure::Failure;
use crate::portal::terminal;

/// Opens a terminal for whoever is on the connection that is its standard input.
#[derive(clap::Args, Debug)]
pub struct Args {}

/// Runs the command.
pub fn run(_: &Args) -> Result<(), Failure> {
    terminal::open()
}
