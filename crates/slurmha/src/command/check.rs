// SPDX-License-Identifier: Apache-2.0
//! `slurmha check`: every mistake in the site file and on the machines.

use std::collections::BTreeMap;
use std::time::Duration;

use slurmha_core::check::{self, Answer, NoAnswer};
use slurmha_core::desired::desired;
use slurmha_core::observe::ObserveRequest;
use slurmha_core::site::NodeName;
use slurmha_host::RemoteError;
use slurmha_host::program::apt::FETCH_TIMEOUT;

use crate::cli::Reach;
use crate::failure::Failure;
use crate::fleet::{Fleet, Patience};
use crate::progress::Progress;
use crate::site_file::SiteFile;
use crate::stdout;

#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  slurmha check site.toml             the file, then every machine over ssh
  slurmha check site.toml --offline   the file alone
  slurmha check site.toml --stalls 600
                                      watch the controllers for ten minutes: which token is safe
  slurmha check site.toml --json      for other programs: mistakes in the file, with their line and
                                      column, and what was found on the machines

Exit status 6 when a machine is not fit, 3 when the file is wrong.")]
pub struct Args {
    #[command(flatten)]
    reach: Reach,
    /// Look at the file alone, not at the machines
    #[arg(long)]
    offline: bool,
    /// For how many seconds to watch whether the controllers stand still
    #[arg(long, value_name = "SECONDS", default_value_t = 3,
          value_parser = clap::value_parser!(u64).range(1..=3600))]
    stalls: u64,
    /// Show what passed, too
    #[arg(long)]
    all: bool,
    /// Print the findings as JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Failure> {
    let mut findings = Vec::new();
    let file = match SiteFile::find_and_tell(args.reach.site.as_deref(), &mut findings) {
        Ok(file) => file,
        Err(failure) => {
            // Of a file that cannot be read there is nothing to tell.
            if args.json && !findings.is_empty() {
                stdout::line(crate::json(&findings)?)?;
            }
            return Err(failure);
        }
    };
    if args.offline {
        return if args.json {
            stdout::line(crate::json(&findings)?)
        } else {
            stdout::line(format_args!("{}: no mistakes", file.path.display()))
        };
    }
    let progress = Progress::new(args.json);
    progress.stage("looking at the machines");
    let stalls = Duration::from_secs(args.stalls);
    let requests: BTreeMap<NodeName, ObserveRequest> = desired(&file.site, &file.text)
        .iter()
        .map(|wants| (wants.machine.name.clone(), check::request(&file.site, wants, stalls)))
        .collect();
    let more_time = stalls + fetches(&requests);
    let fleet = Fleet::open(&file, &args.reach, Patience::Work)?.with_more_time(more_time);
    let answers: BTreeMap<NodeName, Answer> = fleet
        .observe(&requests)
        .into_iter()
        .map(|(name, answer)| (name, answer.map_err(|error| no_answer(&error))))
        .collect();
    let of_machines = check::check(&file.site, &answers);
    if args.json {
        findings.extend(of_machines.iter().cloned());
        stdout::line(crate::json(&findings)?)?;
    } else {
        stdout::print(&check::explain(&of_machines, args.all))?;
    }
    if check::has_failures(&of_machines) { Err(Failure::not_as_wanted("")) } else { Ok(()) }
}

/// How long a machine may take that reaches none of its package repositories.
fn fetches(requests: &BTreeMap<NodeName, ObserveRequest>) -> Duration {
    let files = requests.values().filter_map(|asked| Some(asked.preflight.as_ref()?.fetch.len()));
    let most = files.max().and_then(|most| u32::try_from(most).ok());
    FETCH_TIMEOUT * most.unwrap_or_default()
}

fn no_answer(error: &RemoteError) -> NoAnswer {
    NoAnswer { why: error.to_string(), cure: error.hint().unwrap_or_default() }
}
