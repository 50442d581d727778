// SPDX-License-Identifier: Apache-2.0
//! `slurmha vpn list`: who may come in, and when they last did.

use slurmha_core::vpn::{list, render};
use slurmha_host::{Local, System as _};

use super::{look, vpn};
use crate::cli::Reach;
use crate::failure::Failure;
use crate::fleet::{Fleet, Patience};
use crate::site_file::SiteFile;

#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  slurmha vpn list site.toml
  slurmha vpn list site.toml --json     for other programs

Exit status 0, also when one of two gateways does not answer; 4 when none does.")]
pub struct Args {
    #[command(flatten)]
    reach: Reach,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Failure> {
    let file = SiteFile::find(args.reach.site.as_deref())?;
    let vpn = vpn(&file)?;
    // Without its one gateway the listing says nothing: a busy one is waited for.
    let fleet = Fleet::open(&file, &args.reach, Patience::Work)?;
    let listing = list(vpn, &look(&fleet, &vpn.gateways));
    let text = if args.json {
        format!("{}\n", crate::json(&listing)?)
    } else {
        render(&listing, Local::new().now())
    };
    crate::stdout::print(&text)?;
    if listing.silent.len() == vpn.gateways.len() {
        return Err(Failure::remote("no gateway could be asked")
            .hint("`slurmha check` says why a machine does not answer")
            .hint("`slurmha apply` makes a gateway of it"));
    }
    Ok(())
}
