// SPDX-License-Identifier: Apache-2.0
//! `slurmha console-action`: what somebody has asked the console for.

use std::fs;
use std::path::PathBuf;

use slurmha_core::layout::SITE_FILE;
use slurmha_host::Local;

use crate::console::Password;
use crate::console_action;
use crate::failure::Failure;
use crate::site_file::SiteFile;

/// Does what the connection on its standard input orders.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// File with the password of the actions, or with its hash
    #[arg(long, value_name = "FILE")]
    password_file: PathBuf,
    /// Site file
    #[arg(long, value_name = "FILE", default_value = SITE_FILE)]
    site: PathBuf,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Failure> {
    let file = args.password_file.display();
    let failed =
        |why: String| Failure::usage(format!("cannot take the password from {file}: {why}"));
    let text =
        fs::read_to_string(&args.password_file).map_err(|error| failed(error.to_string()))?;
    let password = Password::new(&Local::new(), &text).map_err(failed)?;
    console_action::run(&SiteFile::load(&args.site)?.site, &password)
}
