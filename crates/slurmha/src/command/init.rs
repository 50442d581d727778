// SPDX-License-Identifier: Apache-2.0
//! `slurmha init`: a commented site file to begin with.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::PathBuf;

use slurmha_core::site::{self, InitAnswers, InitHost};

use crate::failure::Failure;

#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  slurmha init > site.toml
  slurmha init --cluster hpc --vip 10.1.0.5 --network 10.1.0.0/16 --output site.toml
  slurmha init --schema > site.schema.json      for editors that complete and check TOML")]
pub struct Args {
    /// Write to this file, which must not exist, instead of stdout
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Slurm's ClusterName
    #[arg(long, value_name = "NAME")]
    cluster: Option<String>,
    /// The address that moves with slurmctld
    #[arg(long, value_name = "ADDRESS")]
    vip: Option<String>,
    /// Network of Corosync, Slurm and the VIP
    #[arg(long, value_name = "CIDR")]
    network: Option<String>,
    /// Network of DRBD and Corosync's second link
    #[arg(long, value_name = "CIDR")]
    replication_network: Option<String>,
    /// Host of the third vote, as NAME=ADDRESS
    #[arg(long, value_name = "NAME=ADDRESS")]
    arbiter: Option<String>,
    /// Print the JSON schema of the site file instead
    #[arg(long)]
    schema: bool,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Failure> {
    let text = if args.schema {
        crate::json(&site::schema())? + "\n"
    } else {
        site::init(&answers(args)?)
    };
    match &args.output {
        None => crate::stdout::print(&text)?,
        Some(path) => write_new(path, &text)?,
    }
    if !args.schema {
        report_what_to_edit(args, &text);
    }
    Ok(())
}

fn answers(args: &Args) -> Result<InitAnswers, Failure> {
    let mut answers = InitAnswers::default();
    let given = |place: &mut String, value: &Option<String>| {
        if let Some(value) = value {
            place.clone_from(value);
        }
    };
    given(&mut answers.cluster_name, &args.cluster);
    given(&mut answers.vip, &args.vip);
    given(&mut answers.cluster_network, &args.network);
    given(&mut answers.replication_network, &args.replication_network);
    if let Some(arbiter) = &args.arbiter {
        let (name, address) = arbiter.split_once('=').ok_or_else(|| {
            Failure::usage(format!("--arbiter {arbiter} is not NAME=ADDRESS"))
                .hint("as in --arbiter login1=10.77.0.31")
        })?;
        answers.arbiter = Some(InitHost { name: name.to_owned(), address: address.to_owned() });
    }
    Ok(answers)
}

/// Never over a file that somebody may have edited.
fn write_new(path: &PathBuf, text: &str) -> Result<(), Failure> {
    let file = OpenOptions::new().write(true).create_new(true).open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes())).map_err(|error| {
        Failure::usage(format!("cannot write {}: {error}", path.display()))
            .hint("choose another name with --output")
    })
}

/// The flags can contradict the rest of the example (a VIP outside the
/// network): said at once, on stderr, with the lines to edit.
fn report_what_to_edit(args: &Args, text: &str) {
    let name = args.output.as_ref().map_or("site.toml".into(), |path| path.display().to_string());
    match site::parse(&name, text) {
        Ok((_, notes)) | Err(notes) => eprint!("{}", site::render(&name, text, &notes)),
    }
}
