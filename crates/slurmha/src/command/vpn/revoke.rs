// SPDX-License-Identifier: Apache-2.0
//! `slurmha vpn revoke`: a machine is let in no longer.

use slurmha_core::layout::VPN_INTERFACE;
use slurmha_core::plan::{Step, admission_request, admit_only};
use slurmha_core::site::{NodeName, Peer, Site, Vpn, remove_peer};
use slurmha_host::for_each_host;

use super::{look, refused, vpn};
use crate::apply::lock::{Lock, reach_and_take};
use crate::cli::Reach;
use crate::failure::Failure;
use crate::fleet::{Fleet, Patience};
use crate::site_file::SiteFile;
use crate::stdout;

#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  slurmha vpn revoke anna-laptop site.toml
  slurmha vpn revoke anna-laptop site.toml --later     with the next `slurmha apply`

It takes the machine out of the site file and off every gateway, at once and for
good; nobody else's tunnel is cut. Who was added to the site file and not applied
is let in by the same stroke.

It waits for nobody: while an `apply` or a switchover is at work, it is refused
and nothing is changed (exit status 5). When the first controller does not
answer, it goes on without the lock that lies there.

Exit status 4 when the machine is out of the site file, but a gateway did not
answer and may still let it in.")]
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
        return stdout::line(format_args!(
            "{name} is out of {path}; it can come in until `slurmha apply {path}`"
        ));
    }
    let fleet = Fleet::open(&file, &args.reach, Patience::Work)?;
    at_once(&fleet, &file, &text, peer)
}

/// Out of the file, and off the gateways.
fn at_once(fleet: &Fleet, file: &SiteFile, text: &str, peer: &Peer) -> Result<(), Failure> {
    let _lock = lock(fleet, &file.site, peer)?;
    let site = file.replace(text)?;
    let (name, path) = (&peer.name, file.path.display());
    // Whoever is to be kept out is cut off, whether or not somebody reads about it.
    let _ = stdout::line(format_args!("{name} is out of {path}"));
    let mut failed = Vec::new();
    for outcome in cut_off_everywhere(fleet, vpn_of(&site)?, peer) {
        match outcome {
            Ok(said) => drop(stdout::line(said)),
            Err(why) => failed.push(why),
        }
    }
    if failed.is_empty() {
        return Ok(());
    }
    let message = format!("{name} may still come in\n{}", failed.join("\n"));
    Err(Failure::remote(message)
        .hint(format!("once it answers: slurmha apply {path}"))
        .hint("until then: close its UDP port in front of it, or switch it off"))
}

/// The lock of everything that changes machines: an `apply` at work has a plan
/// that lets the peer in, and would write it after us. `None`, and said so, when
/// the first controller does not answer: a revocation must work without it.
fn lock(fleet: &Fleet, site: &Site, peer: &Peer) -> Result<Option<Lock>, Failure> {
    let name = &peer.name;
    match reach_and_take(fleet, site, &format!("a revocation of {name}")) {
        Ok(lock) => Ok(Some(lock)),
        Err(taken) if taken.is_refusal() => Err(by_hand(taken, peer)),
        Err(silent) => {
            let (why, first) = (silent.message(), &site.controllers[0].name);
            eprintln!("going on without the lock that keeps two administrators apart: {why}");
            eprintln!("`slurmha apply` once {first} answers puts right what two have done at once");
            Ok(None)
        }
    }
}

/// What can be done by somebody who cannot wait.
fn by_hand(taken: Failure, peer: &Peer) -> Failure {
    let (name, key) = (&peer.name, &peer.public_key);
    taken
        .hint(format!("nothing was changed: then `slurmha vpn revoke {name}` again"))
        .hint("if that is too late, on each gateway, and then revoke all the same:")
        .hint(format!("wg set {VPN_INTERFACE} peer {key} remove"))
}

/// What became of the peer on each gateway, or why it may still come in there,
/// in the site file's order. On all at once: it comes in by any of them, and one
/// that does not answer takes a while to find out.
fn cut_off_everywhere(fleet: &Fleet, vpn: &Vpn, peer: &Peer) -> Vec<Result<String, String>> {
    for_each_host(&vpn.gateways, |gateway| {
        let named = |told| format!("{}: {told}", gateway.name);
        cut_off(fleet, vpn, &gateway.name, peer).map(named).map_err(named)
    })
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
    let is_down = !steps.iter().any(|step| matches!(step, Step::RestartUnit { .. }));
    fleet.apply(gateway, &steps, &mut |_| {}).map_err(|error| error.to_string())?;
    let gateways = vpn.gateway(gateway);
    match look(fleet, gateways).remove(gateway) {
        Some(Ok(state)) if state.peers.iter().any(|it| it.public_key == peer.public_key) => {
            Err("the kernel lets it in all the same".to_owned())
        }
        Some(Ok(_)) => Ok(format!("{} is cut off", peer.name)),
        // No interface, nobody inside; it stays out when there is one again.
        _ if is_down => Ok(format!("{} stays out; WireGuard is down there", peer.name)),
        Some(Err(why)) => Err(why),
        None => Err("it was not asked".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use slurmha_core::site;

    use super::*;
    use crate::test_fleet::{fleet, fleet_that_waits};

    const VPN: &str = r#"
[vpn]
network = "10.99.0.0/24"
endpoint = "vpn.example.edu"

[[vpn.gateway]]
name = "login1"
address = "10.77.0.31"

[[vpn.peer]]
name = "bob"
public_key = "zN2M/ieN9KahF/pHYt3Pmd1Mn11iEGYiDL/8aomn5A8="
address = "10.99.0.3"
"#;

    /// Bob's revocation on machines that are made up, and the file after it.
    fn revoked(script: &str) -> (Result<(), Failure>, String) {
        let (directory, fleet) = fleet(script);
        let path = directory.path().join("site.toml");
        let lab = include_str!("../../../../../examples/lab/site.toml");
        std::fs::write(&path, format!("{lab}{VPN}")).expect("written");
        let outcome = revoke(&fleet, &path);
        (outcome, std::fs::read_to_string(&path).expect("read"))
    }

    fn revoke(fleet: &Fleet, path: &Path) -> Result<(), Failure> {
        let file = SiteFile::load(path)?;
        let text = remove_peer(&file.text, "bob").map_err(|error| refused(&error))?;
        at_once(fleet, &file, &text, &vpn(&file)?.peers[0])
    }

    #[test]
    fn while_somebody_else_is_at_work_nothing_is_changed_and_the_way_by_hand_is_told() {
        let (outcome, after) = revoked("read who; echo 'taken by an apply by anna@admin'");
        let outcome = outcome.expect_err("a refusal").outcome();
        assert_eq!(outcome.code, 5);
        assert!(outcome.text.contains("an apply by anna@admin"), "{}", outcome.text);
        let by_hand = "wg set slurmha-vpn peer zN2M/ieN9KahF/pHYt3Pmd1Mn11iEGYiDL/8aomn5A8= remove";
        assert!(outcome.next.iter().any(|hint| hint == by_hand), "{:?}", outcome.next);
        assert!(after.contains("bob"));
    }

    #[test]
    fn with_the_lock_and_without_its_controller_the_peer_goes() {
        for script in ["read who; echo held; cat >/dev/null", "exit 255"] {
            let (outcome, after) = revoked(script);
            assert!(outcome.is_ok(), "{script}: {outcome:?}");
            assert!(!after.contains("bob"), "{script}");
        }
    }

    const SECOND_GATEWAY: &str = r#"
[[vpn.gateway]]
name = "gate"
address = "10.77.0.32"
endpoint = "vpn2.example.edu"
"#;

    /// What becomes of bob on two gateways, each of which does `first` when it is looked at.
    fn cut_off_on_two(first: &str) -> Vec<Result<String, String>> {
        let (_directory, fleet) = fleet_that_waits(first);
        let lab = include_str!("../../../../../examples/lab/site.toml");
        let text = format!("{lab}{VPN}{SECOND_GATEWAY}");
        let (site, _) = site::parse("site.toml", &text).expect("a valid site file");
        let vpn = vpn_of(&site).expect("it has one");
        cut_off_everywhere(&fleet, vpn, &vpn.peers[0])
    }

    #[test]
    fn all_gateways_are_asked_at_once_and_told_in_the_files_order() {
        // Each answers when the other has been asked, the first one last.
        let told = cut_off_on_two(
            r#"
await() { for _ in $(seq 100); do [ -e "$1" ] && return; sleep 0.1; done; exit 255; }
case "$*" in
*"login1 "*) echo >login1; await gate; sleep 0.3;;
*"gate "*) echo >gate; await login1;;
esac"#,
        );
        let never = |name: &str| Ok(format!("{name}: nothing was ever applied there"));
        assert_eq!(told, [never("login1"), never("gate")]);
    }

    #[test]
    fn a_gateway_that_does_not_answer_is_named_and_the_other_one_is_done() {
        let told = cut_off_on_two(r#"case "$*" in *"login1 "*) exit 255;; esac"#);
        let [Err(silent), Ok(done)] = &told[..] else { panic!("{told:?}") };
        assert!(silent.starts_with("login1: "), "{silent}");
        assert_eq!(done, "gate: nothing was ever applied there");
    }
}
