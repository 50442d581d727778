// SPDX-License-Identifier: Apache-2.0
//! `slurmha durable`: says when a job is in slurmctld's saved state.
//!
//! One beside the running slurmctld, as a service on the VIP. A connection is
//! a thread that reads one question, and everything about it is bounded: how
//! many there are, also for each address and each user, how long a question
//! may take and may be. Only who has munge's key is answered.

mod client;
mod connection;
mod gate;
mod saves;
mod waiters;

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use slurmha_core::layout::{BINARY, DURABLE_PORT};
use slurmha_host::{Local, System};

pub use client::{Outcome, ask};
use connection::{Connection, Service};
use gate::Guest;

/// Small ones: a thread only waits.
const STACK: usize = 256 * 1024;
/// Pause after a connection that could not be accepted: descriptors are
/// scarce, and asking again at once makes nothing better.
const PAUSE: Duration = Duration::from_millis(100);

/// Between two looks at what the service belongs to.
const LOOK: Duration = Duration::from_secs(1);
/// Looks without a slurmctld: longer than a start in its place takes.
const PATIENCE: u32 = 60;

/// Where to listen.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The address, which is the VIP
    address: Ipv4Addr,
}

/// Answers until it is ended. A failure is systemd's to repeat: the address
/// may not be here yet.
pub fn run(args: &Args) -> ExitCode {
    let address = SocketAddr::from((args.address, DURABLE_PORT));
    let listener = match TcpListener::bind(address) {
        Ok(listener) => listener,
        Err(error) => {
            eprintln!("cannot listen at {address}: {error}");
            return ExitCode::FAILURE;
        }
    };
    let system = Local::new();
    let service = Service::new(&system);
    thread::scope(|scope| {
        scope.spawn(|| waiters::tell(&system, &service.waiters));
        scope.spawn(|| leave_in_time(&system));
        serve(
            &listener,
            |connection| {
                let builder = thread::Builder::new().stack_size(STACK);
                let spawned = builder.spawn_scoped(scope, || connection.answer(&service));
                spawned.map(drop)
            },
            &service,
        );
    });
    ExitCode::SUCCESS
}

/// Accepts for ever; who comes when the house is full is told so.
fn serve<'s>(
    listener: &TcpListener,
    mut begin: impl FnMut(Connection<'s>) -> io::Result<()>,
    service: &'s Service<'s>,
) {
    loop {
        let (stream, peer) = match listener.accept() {
            Ok(accepted) => accepted,
            Err(error) => {
                eprintln!("cannot accept a connection: {error}");
                thread::sleep(PAUSE);
                continue;
            }
        };
        let IpAddr::V4(address) = peer.ip() else { continue };
        match service.guests.admit(Guest::Address(address)) {
            None => connection::turn_away(stream),
            Some(place) => {
                if let Err(error) = begin(Connection { stream, place }) {
                    eprintln!("cannot start a thread: {error}");
                }
            }
        }
    }
}

/// Ends the service when there is another binary, which systemd starts; or
/// when slurmctld is gone for good, with which it comes back.
fn leave_in_time(system: &dyn System) {
    let binary = system.resolve(BINARY.as_ref()).ok();
    let mut alone = 0;
    loop {
        system.sleep(LOOK);
        if system.resolve(BINARY.as_ref()).ok() != binary {
            eprintln!("{BINARY} has been replaced: systemd starts the new one");
            std::process::exit(0);
        }
        alone = if saves::is_without_slurmctld(system) { alone + 1 } else { 0 };
        if alone == PATIENCE {
            eprintln!("no slurmctld has run here for {PATIENCE} s");
            std::process::exit(0);
        }
    }
}
