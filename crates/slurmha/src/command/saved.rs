// SPDX-License-Identifier: Apache-2.0
//! `slurmha saved`: whether an accepted job is safe.

use std::net::Ipv4Addr;
use std::time::Duration;

use slurmha_core::durable::controller_address;
use slurmha_core::layout::{BINARY, NODE_SLURM_CONF, SLURM_CONF};
use slurmha_host::system::read_trimmed;
use slurmha_host::{Local, System};

use crate::durable::{Outcome, ask};
use crate::failure::Failure;
use crate::stdout;

/// Where Slurm's clients find theirs: the machine's own, or the one that
/// slurmd has fetched (configless).
const SLURM_CONFS: [&str; 2] = [SLURM_CONF, NODE_SLURM_CONF];

#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  slurmha saved 42            wait until it is, 15 s at most
  slurmha saved 42 --wait 0   as it is now

It waits until slurmctld's saved state, on the replicated disk, contains the job.
Until then the job runs as any other, and is lost if the active controller fails
within the next seconds. Exit status 0 when it is safe, 6 when it is not yet or
the controller does not know it, 4 when the controller could not be asked.")]
pub struct Args {
    /// The job's id, as sbatch printed it
    #[arg(value_parser = job_id)]
    job: u32,
    /// Seconds to wait for it
    #[arg(long, value_name = "SECONDS", default_value_t = 15, env = "SLURMHA_DURABLE_WAIT",
          value_parser = clap::value_parser!(u64).range(0..=3600))]
    wait: u64,
    /// Print nothing when it is safe
    #[arg(long)]
    quiet: bool,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Failure> {
    let system = Local::new();
    let controller = controller(&system)?;
    let job = args.job;
    match ask(&system, controller, job, Duration::from_secs(args.wait)) {
        Outcome::Saved => {
            if args.quiet {
                return Ok(());
            }
            stdout::line(format_args!("job {job} is saved on the replicated disk"))
        }
        Outcome::NotYet => Err(not_safe(job, Failure::not_as_wanted, "it is not saved yet")),
        Outcome::Unasked(why) => Err(not_safe(job, Failure::remote, &why)),
        Outcome::Unknown => Err(Failure::not_as_wanted(format!(
            "job {job} is not known to the controller: it ended some time ago, or it was lost in \
             a failover"
        ))
        .hint(format!(
            "`sacct -X -j {job} --format=JobID,State` shows how it ended; with PENDING, RUNNING or \
             nothing there it was lost: submit it again"
        ))),
    }
}

fn job_id(text: &str) -> Result<u32, String> {
    match text.split_once('_') {
        Some((array, _)) if array.parse().is_ok_and(|id: u32| id > 0) => {
            Err(format!("the tasks of an array are saved with it: ask for {array}"))
        }
        _ => match text.parse() {
            Ok(0) | Err(_) => Err("an id is a whole number from 1 up, as in 42".to_owned()),
            Ok(id) => Ok(id),
        },
    }
}

fn not_safe(job: u32, kind: fn(String) -> Failure, why: &str) -> Failure {
    kind(format!("job {job} was accepted, but is not yet known to be safe: {why}"))
        .hint(format!("do not submit it again now; `{BINARY} saved {job}` asks once more"))
        .hint("until then it is lost if the active controller fails")
}

fn controller(system: &dyn System) -> Result<Ipv4Addr, Failure> {
    let files = SLURM_CONFS.iter().filter_map(|path| read_trimmed(system, path));
    files.filter_map(|text| controller_address(&text)).next().ok_or_else(|| {
        Failure::remote(format!("no controller's address is in {}", SLURM_CONFS.join(" or ")))
            .hint("run it where Slurm's commands work")
    })
}
