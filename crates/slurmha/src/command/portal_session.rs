// SPDX-License-Identifier: Apache-2.0
//! `slurmha portal-session`: one user behind the portal.

use crate::failure::Failure;
use crate::portal::session;

/// Signs a user in and serves what they ask for, on the connection that is its
/// standard input.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// This process is the user already
    #[arg(long)]
    as_user: bool,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Failure> {
    match args.as_user {
        true => session::serve(),
        false => session::admit(),
    }
}
