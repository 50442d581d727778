// SPDX-License-Identifier: Apache-2.0
//! `slurmha vpn add`: a machine is let in, and gets its file.

use std::fs::{File, OpenOptions};
use std::io::{IsTerminal as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use slurmha_core::render::vpn::{ClientFile, client};
use slurmha_core::site::{Gateway, Peer, Site, Vpn, add_peer, new_peer};
use slurmha_core::wireguard::{KEY_BYTES, PrivateKey, PublicKey};
use slurmha_host::{Local, System as _};

use super::{look, qr, refused, vpn};
use crate::cli::Reach;
use crate::failure::Failure;
use crate::fleet::{Fleet, Patience};
use crate::site_file::SiteFile;

#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  slurmha vpn add anna-laptop site.toml
  slurmha vpn add anna-laptop site.toml --output anna.conf
  slurmha vpn add anna-laptop site.toml --public-key KEY     she keeps the other half

It writes a [[vpn.peer]] with the next free address into the site file and prints
the machine's own file, on a terminal also as a QR code. With two gateways there
are two files: a machine uses one at a time. The private key is made here, printed
this once and kept nowhere; with --public-key it never was here, and the file has a
line to fill in. The machine is let in by the next `slurmha apply`.

Exit status 2 when it cannot be added, 4 when the gateway's key could not be
fetched; nothing was changed then.")]
pub struct Args {
    /// What the machine is called: lower-case letters, digits and -
    name: String,
    #[command(flatten)]
    reach: Reach,
    /// The public half of a key that the machine made itself (wg pubkey)
    #[arg(long, value_name = "KEY")]
    public_key: Option<String>,
    /// Give out the file for this gateway alone
    #[arg(long, value_name = "NAME")]
    gateway: Option<String>,
    /// Write the file here, readable by you alone, instead of printing it
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Failure> {
    let file = SiteFile::find(args.reach.site.as_deref())?;
    let vpn = vpn(&file)?;
    let (private_key, public_key) = keys(args.public_key.as_deref())?;
    let peer = new_peer(vpn, &args.name, public_key).map_err(|error| refused(&error))?;
    let text = add_peer(&file.text, &peer).map_err(|error| refused(&error))?;
    let gateways = chosen(vpn, args)?;
    let fleet = Fleet::open(&file, &args.reach, Patience::Work)?;
    let gateways = with_keys(&fleet, &gateways)?;
    let output = args.output.as_deref().map(create).transpose()?;
    let site = file.replace(&text).inspect_err(|_| {
        // What was not given out must not look as if it was.
        args.output.as_deref().map(std::fs::remove_file);
    })?;
    let files: Vec<String> = gateways
        .iter()
        .filter_map(|(gateway, key)| client_file(&site, gateway, key, &peer, private_key.as_ref()))
        .collect();
    give_out(&files, output).map_err(|error| {
        error.hint(format!("`slurmha vpn revoke {0} --later`, then `add {0}` again", peer.name))
    })?;
    say(args, &file, &peer, private_key.is_some());
    Ok(())
}

/// A new pair, or the given half of one.
fn keys(given: Option<&str>) -> Result<(Option<PrivateKey>, PublicKey), Failure> {
    if let Some(text) = given {
        let key = PublicKey::parse(text.trim()).map_err(|error| {
            Failure::usage(format!("--public-key: {error}"))
                .hint("copy all 44 characters that `wg pubkey` prints, = included")
        })?;
        return Ok((None, key));
    }
    let random = Local::new().random(KEY_BYTES).map_err(Failure::internal)?;
    let bytes = <[u8; KEY_BYTES]>::try_from(random)
        .map_err(|_| Failure::internal("the kernel gave too few random bytes"))?;
    let key = PrivateKey::from_random(bytes);
    let public = key.public();
    Ok((Some(key), public))
}

/// The gateways whose files are given out.
fn chosen<'v>(vpn: &'v Vpn, args: &Args) -> Result<Vec<&'v Gateway>, Failure> {
    let names = || vpn.gateways.iter().map(|it| it.name.as_str()).collect::<Vec<_>>().join(", ");
    let is_meant = |name: &str| args.gateway.as_deref().is_none_or(|meant| meant == name);
    let gateways: Vec<&Gateway> =
        vpn.gateways.iter().filter(|it| is_meant(it.name.as_str())).collect();
    match (&args.gateway, gateways.len()) {
        (Some(name), 0) => {
            Err(Failure::usage(format!("{name} is no gateway")).hint(format!("one of {}", names())))
        }
        (_, 2..) if args.output.is_some() => {
            Err(Failure::usage("two gateways make two files, and --output is one")
                .hint(format!("add --gateway, one of {}", names())))
        }
        _ => Ok(gateways),
    }
}

/// Each gateway with its public key, which is made there by `apply`.
fn with_keys<'g>(
    fleet: &Fleet,
    gateways: &[&'g Gateway],
) -> Result<Vec<(&'g Gateway, PublicKey)>, Failure> {
    let mut answers = look(fleet, gateways.iter().copied());
    let with_key = |gateway: &&'g Gateway| match answers.remove(&gateway.name) {
        Some(Ok(state)) => Ok((*gateway, state.public_key)),
        answer => {
            let why = answer.and_then(Result::err).unwrap_or_else(|| "not asked".to_owned());
            let name = &gateway.name;
            let failure =
                format!("{name} does not tell its public key, nothing was changed: {why}");
            let failure =
                Failure::remote(failure).hint("`slurmha apply` makes a gateway of it, and its key");
            Err(match gateways.len() {
                1 => failure,
                _ => failure.hint("or name the other gateway with --gateway"),
            })
        }
    };
    gateways.iter().map(with_key).collect()
}

/// A new file that only its owner can read.
fn create(path: &Path) -> Result<File, Failure> {
    let options = OpenOptions::new().write(true).create_new(true).mode(0o600).to_owned();
    options.open(path).map_err(|error| {
        Failure::usage(format!("cannot make {}, nothing was changed: {error}", path.display()))
            .hint("name a file that is not there yet")
    })
}

fn client_file(
    site: &Site,
    gateway: &Gateway,
    gateway_key: &PublicKey,
    peer: &Peer,
    private_key: Option<&PrivateKey>,
) -> Option<String> {
    let vpn = site.vpn.as_ref()?;
    Some(client(&ClientFile { site, vpn, gateway, gateway_key, peer, private_key }))
}

fn give_out(files: &[String], output: Option<File>) -> Result<(), Failure> {
    if let Some(mut output) = output {
        let written = output.write_all(files.concat().as_bytes()).and_then(|()| output.sync_all());
        return written.map_err(|error| Failure::remote(format!("the file is lost: {error}")));
    }
    let with_codes = std::io::stdout().is_terminal();
    let shown = |file: &String| match qr::on_terminal(file).filter(|_| with_codes) {
        Some(code) => format!("{file}\n{code}"),
        None => file.clone(),
    };
    let text = files.iter().map(shown).collect::<Vec<_>>().join("\n");
    // It is shown this once: a reader that has gone away has lost it.
    let mut stdout = std::io::stdout().lock();
    stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
        .map_err(|error| Failure::remote(format!("the file was not printed and is lost: {error}")))
}

fn say(args: &Args, file: &SiteFile, peer: &Peer, has_key: bool) {
    let (name, site) = (&peer.name, file.path.display());
    match &args.output {
        Some(output) => {
            eprintln!("{}: the file for {name}; it is kept nowhere else", output.display())
        }
        None if has_key => eprintln!("this is the only time that the file for {name} is shown"),
        None => {}
    }
    eprintln!("{name} is {} in {site}; `slurmha apply {site}` lets it in", peer.address);
}
