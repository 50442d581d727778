// SPDX-License-Identifier: Apache-2.0
//! `slurmha vpn`: who may come in from outside.

mod add;
mod list;
mod qr;
mod revoke;

use std::collections::BTreeMap;

use clap::Subcommand;
use slurmha_core::layout::VPN_INTERFACE;
use slurmha_core::observe::{ObserveRequest, Reading, VpnState};
use slurmha_core::site::{EditError, Gateway, NodeName, Vpn};

use crate::failure::Failure;
use crate::fleet::Fleet;
use crate::site_file::SiteFile;

#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  slurmha vpn add anna-laptop site.toml       a key, a line in site.toml, and the file for Anna
  slurmha vpn list site.toml                  who was there when
  slurmha vpn revoke anna-laptop site.toml    not any more, as of now

`add` and `revoke` change [[vpn.peer]] of the site file; comments stay.")]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Let a machine in, and give out its file once
    Add(add::Args),
    /// Who may come in, and when and from where they last did; changes nothing
    List(list::Args),
    /// Let a machine in no longer, and cut it off at once
    Revoke(revoke::Args),
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Failure> {
    match &args.command {
        Command::Add(args) => add::run(args),
        Command::List(args) => list::run(args),
        Command::Revoke(args) => revoke::run(args),
    }
}

/// The site's VPN.
fn vpn(file: &SiteFile) -> Result<&Vpn, Failure> {
    file.site.vpn.as_ref().ok_or_else(|| {
        Failure::site(format!("{} has no [vpn]", file.path.display()))
            .hint("docs/guide/vpn.md shows its lines, network, endpoint and a gateway")
    })
}

/// What WireGuard says on each gateway, or why it does not.
fn look<'g>(
    fleet: &Fleet,
    gateways: impl IntoIterator<Item = &'g Gateway>,
) -> BTreeMap<NodeName, Result<VpnState, String>> {
    let request = ObserveRequest {
        vpn_interface: Some(VPN_INTERFACE.to_owned()),
        ..ObserveRequest::default()
    };
    let requests =
        gateways.into_iter().map(|gateway| (gateway.name.clone(), request.clone())).collect();
    let answers = fleet.observe(&requests).into_iter().map(|(name, answer)| {
        let state = match answer {
            Ok(observation) => match observation.vpn {
                Reading::Known(state) => Ok(state),
                Reading::Unknown(why) => Err(why),
            },
            Err(error) => Err(error.to_string()),
        };
        (name, state)
    });
    answers.collect()
}

/// Why the site file cannot be changed in that way.
fn refused(error: &EditError) -> Failure {
    match error {
        EditError::Name { message, help } => Failure::usage(message).hint(help),
        EditError::NameTaken(name) => Failure::usage(error).hint(format!(
            "choose another name, or first `slurmha vpn revoke {name}`: its file is not given out \
             twice"
        )),
        EditError::KeyTaken(_) => {
            Failure::usage(error).hint("each machine makes a pair of keys of its own: wg genkey")
        }
        EditError::NoPeer(_) => Failure::usage(error).hint("`slurmha vpn list` shows the names"),
        EditError::NoAddress(_) => Failure::site(error)
            .hint("revoke who is not needed; a wider network changes everybody's address"),
        EditError::Form => {
            Failure::site(error).hint("write each peer as a [[vpn.peer]] table of its own")
        }
    }
}
