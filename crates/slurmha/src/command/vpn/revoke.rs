// SPDX-License-Identifier: Apache-2.0
//! `slurmha vpn revoke`: a machine is let in no longer.

use slurmha_core::plan::{Step, admission_request, admit_only};
use slurmha_core::site::{NodeName, Peer, Site, Vpn, remove_peer};

use super::{look, refused, vpn};
use crate::cli::Reach;
use crate::failure::Failure;
use crate::fleet::{Fleet, Patience};
use crate::site_file::SiteFile;

/// Takes the machine out of the site file and off every gateway, at once and for
/// good; nobody else's tunnel is cut. Who was added to the site file and not
/// applied is let in by the same stroke.
///
/// Exit status 4: it is out of the site file, but a gateway did not answer and
/// may still let it in.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The machine's name in the site file
    name: String,
    #[command(flatten)]
    reach: Reach,
    /// Only change the site file; the next `apply` cuts the machine off
    #[arg(long)]
    later: bool,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Failure> {
    let file = SiteFile::find(args.reach.site.as_deref())?;
    let name = &args.name;
    let text = remove_peer(&file.text, name).map_err(|error| refused(&error))?;
    let peer = vpn(&file)?.peers.iter().find(|peer| peer.name == *name);
    let peer = peer.ok_or_else(|| Failure::internal("a peer is in the text alone"))?;
    let path = file.path.display();
    if args.later {
        file.replace(&text)?;
        println!("{name} is out of {path}; it can come in until `slurmha apply {path}`");
        return Ok(());
    }
    let fleet = Fleet::open(&file, &args.reach, Patience::Work)?;
    let site = file.replace(&text)?;
    println!("{name} is out of {path}");
    let failed = cut_off_everywhere(&fleet, vpn_of(&site)?, peer);
    if failed.is_empty() {
        return Ok(());
    }
    let message = format!("{name} may still come in\n{}", failed.join("\n"));
    Err(Failure::remote(message)
        .hint(format!("once it answers: slurmha apply {path}"))
        .hint("until then: close its UDP port in front of it, or switch it off"))
}

/// Says what became of the peer on each gateway; what failed is returned.
fn cut_off_everywhere(fleet: &Fleet, vpn: &Vpn, peer: &Peer) -> Vec<String> {
    let mut failed = Vec::new();
    for gateway in &vpn.gateways {
        match cut_off(fleet, vpn, &gateway.name, peer) {
            Ok(said) => println!("{}: {said}", gateway.name),
            Err(why) => failed.push(format!("{}: {why}", gateway.name)),
        }
    }
    failed
}

fn vpn_of(site: &Site) -> Result<&Vpn, Failure> {
    site.vpn.as_ref().ok_or_else(|| Failure::internal("[vpn] went with the peer"))
}

/// Cuts the machine off on one gateway, and looks whether it is.
fn cut_off(fleet: &Fleet, vpn: &Vpn, gateway: &NodeName, peer: &Peer) -> Result<String, String> {
    let requests = [(gateway.clone(), admission_request())].into();
    let answer = fleet.observe(&requests).remove(gateway);
    let observed = answer.ok_or("it was not asked")?.map_err(|error| error.to_string())?;
    let steps: Vec<Step> = admit_only(vpn, &observed).into_iter().map(|it| it.step).collect();
    if steps.is_empty() {
        return Ok("nothing was ever applied there".to_owned());
    }
    fleet.apply(gateway, &steps, &mut |_| {}).map_err(|error| error.to_string())?;
    let gateways = vpn.gateway(gateway);
    match look(fleet, gateways).remove(gateway) {
        Some(Ok(state)) if state.peers.iter().any(|it| it.public_key == peer.public_key) => {
            Err("the kernel lets it in all the same".to_owned())
        }
        Some(Ok(_)) => Ok(format!("{} is cut off", peer.name)),
        // No interface, nobody inside; it stays out when there is one again.
        _ if steps.len() == 1 => Ok(format!("{} stays out; WireGuard is down there", peer.name)),
        Some(Err(why)) => Err(why),
        None => Err("it was not asked".to_owned()),
    }
}
