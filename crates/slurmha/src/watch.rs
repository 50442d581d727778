// SPDX-License-Identifier: Apache-2.0
//! `slurmha watch`: notices a daemon that runs and does not work.
//!
//! One for each controller, as a service. It does nothing while Pacemaker has
//! started nothing there: a handful of files a second are looked at. Exits are not
//! its business, systemd tells those.

mod bystander;
mod fenced;
mod marks;
mod reach;
mod watcher;

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Duration;

use slurmha_core::layout::BINARY;
use slurmha_core::watch::Heard;
use slurmha_host::{Local, System};

use crate::agent::{self, Daemon};
use bystander::Bystander;
use marks::Marks;
use watcher::Watcher;

const PAUSE: Duration = Duration::from_secs(1);

#[derive(clap::Args, Debug)]
pub struct Args {
    /// Addresses in the cluster network of which one at least should answer
    #[arg(long = "neighbour", value_name = "ADDRESS")]
    neighbours: Vec<Ipv4Addr>,
    /// The other controller, which is to have its power back after a fence
    #[arg(long = "power-on", value_name = "MACHINE")]
    power_on: Option<String>,
    /// This is the arbiter: look for its daemon and nothing else
    #[arg(long)]
    arbiter: bool,
}

/// Looks for daemons that hang, once a second, and beside that whether anybody
/// answers in the cluster network and whether the other controller was fenced,
/// until it is ended.
pub fn run(args: &Args) -> ExitCode {
    let system = Local::new();
    if args.arbiter {
        return watch_arbiter(&system);
    }
    let neighbours = args.neighbours.clone();
    if !neighbours.is_empty() {
        thread::spawn(move || reach::run(&Local::new(), &neighbours));
    }
    if let Some(peer) = args.power_on.clone() {
        thread::spawn(move || fenced::run(&Local::new(), &peer));
    }
    let (ask, told) = asker();
    let mut watchers = [Daemon::Slurmctld, Daemon::Slurmdbd, Daemon::Mariadb].map(Watcher::new);
    let (mut bystanders, mut marks) = (Bystander::of_controller(), Marks::default());
    let binary = system.resolve(BINARY.as_ref()).ok();
    loop {
        for (daemon, heard) in told.try_iter() {
            let asked = watchers.iter_mut().filter(|watcher| watcher.daemon == daemon);
            asked.for_each(|watcher| watcher.hear(system.elapsed(), heard));
        }
        for watcher in &mut watchers {
            if watcher.look(&system) && ask.send(watcher.daemon).is_err() {
                return ExitCode::FAILURE;
            }
        }
        bystanders.iter_mut().for_each(|bystander| bystander.look(&system));
        marks.look(&system);
        if is_replaced(&system, binary.as_ref()) {
            return ExitCode::SUCCESS;
        }
        system.sleep(PAUSE);
    }
}

fn watch_arbiter(system: &dyn System) -> ExitCode {
    let mut qnetd = Bystander::qnetd();
    let binary = system.resolve(BINARY.as_ref()).ok();
    while !is_replaced(system, binary.as_ref()) {
        qnetd.look(system);
        system.sleep(PAUSE);
    }
    ExitCode::SUCCESS
}

/// Whether there is a new version, which systemd starts when this one ends.
fn is_replaced(system: &dyn System, binary: Option<&Option<PathBuf>>) -> bool {
    let replaced = system.resolve(BINARY.as_ref()).ok().as_ref() != binary;
    if replaced {
        eprintln!("{BINARY} has been replaced: systemd starts the new one");
    }
    replaced
}

/// Requests run beside the looks: a daemon that is stopped in the middle of
/// one is seen to be stopped before the request's time is up.
fn asker() -> (Sender<Daemon>, Receiver<(Daemon, Heard)>) {
    let (ask, asked) = mpsc::channel();
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        let system = Local::new();
        for daemon in asked {
            if tell.send((daemon, agent::ask(&system, daemon))).is_err() {
                return;
            }
        }
    });
    (ask, told)
}
