// SPDX-License-Identifier: Apache-2.0
//! `slurmha exporter`: metrics of this controller for Prometheus.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use slurmha_core::layout::SITE_FILE;
use slurmha_core::site::{NodeName, Site};
use slurmha_host::system::read_trimmed;
use slurmha_host::{Local, System};
use slurmha_lab::interrupt;

use crate::exporter::{Board, ask_once, keep_asking, serve};
use crate::failure::Failure;
use crate::site_file::SiteFile;
use crate::{service, stdout};

const AFTER_HELP: &str = "\
Examples:
  slurmha exporter --once                        what is known now, to stdout
  slurmha exporter --listen 10.77.0.11:9817      what slurmha-exporter.service runs
  curl http://10.77.0.11:9817/metrics            what Prometheus reads

A scrape asks nobody: it is answered with what was seen last. What could not be
read, or is two intervals overdue, is NaN. Slurm is asked by the active
controller alone.";

/// Tells Prometheus how this controller is: Pacemaker, Corosync, DRBD and,
/// on the active one, Slurm.
#[derive(clap::Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub struct Args {
    /// Where to listen: an address of this controller in the cluster network
    #[arg(long, value_name = "ADDRESS:PORT", required_unless_present = "once")]
    listen: Option<SocketAddr>,
    /// Seconds from one round of questions to the next [default: what the site
    /// file says, else 15]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600))]
    interval: Option<u64>,
    /// Ask once, print the metrics and end
    #[arg(long, conflicts_with = "listen")]
    once: bool,
    /// Site file; `apply` puts it on the controllers
    #[arg(long, value_name = "FILE", default_value = SITE_FILE)]
    site: PathBuf,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<(), Failure> {
    let system = Local::new();
    let site = SiteFile::load(&args.site)
        .map_err(|failure| {
            failure.hint("`slurmha apply` puts it on the controllers; `--site FILE` names another")
        })?
        .site;
    let own = own_name(&system, &site)?;
    let interval = interval(args, &site);
    let board = Board::new(Box::new(system), site, own, interval);
    match args.listen {
        Some(address) => listen(address, board, &args.site),
        None => {
            ask_once(&board);
            stdout::print(&board.text())
        }
    }
}

/// As often as Prometheus looks.
fn interval(args: &Args, site: &Site) -> Duration {
    let wanted = args.interval.map(Duration::from_secs);
    let of_site = || site.monitoring.as_ref().map(|monitoring| monitoring.interval);
    wanted.or_else(of_site).unwrap_or(Duration::from_secs(15))
}

/// The others have nothing of what is asked.
fn own_name(system: &dyn System, site: &Site) -> Result<NodeName, Failure> {
    let own = read_trimmed(system, "/proc/sys/kernel/hostname").unwrap_or_default();
    let controllers = site.controllers.each_ref().map(|controller| controller.name.as_str());
    if controllers.contains(&own.as_str()) {
        return Ok(NodeName(own));
    }
    let names = controllers.join(" and ");
    Err(Failure::usage(format!("this machine, {own}, is no controller: those are {names}"))
        .hint(format!("ssh {} slurmha exporter --once", controllers[0])))
}

fn listen(address: SocketAddr, board: Board, site: &Path) -> Result<(), Failure> {
    let listener =
        TcpListener::bind(address).map_err(|error| service::cannot_listen(address, &error))?;
    interrupt::watch();
    let board = Arc::new(board);
    let mut threads = keep_asking(&board);
    threads.push({
        let board = Arc::clone(&board);
        thread::spawn(move || {
            if let Err(error) = serve(listener, board) {
                eprintln!("cannot serve at {address}: {error}");
            }
        })
    });
    service::wait_for_the_end("exporter", &*board.system, site, &threads)
}
