// SPDX-License-Identifier: Apache-2.0
//! What the services that listen have in common: where they cannot, and when
//! they end.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;
use std::time::Duration;

use jiff::Timestamp;
use slurmha_core::layout::BINARY;
use slurmha_host::System;
use slurmha_lab::interrupt::interrupted;

use crate::failure::Failure;

/// How long an end that was asked for may go unnoticed.
const TICK: Duration = Duration::from_millis(200);

/// Why nobody can be answered at that address.
pub fn cannot_listen(address: SocketAddr, error: &io::Error) -> Failure {
    let failure = Failure::remote(format!("cannot listen at {address}: {error}"));
    match error.kind() {
        ErrorKind::AddrInUse => {
            let port = address.port();
            failure.hint(format!("`ss -ltnp sport = :{port}`, as root, says who does"))
        }
        ErrorKind::AddrNotAvailable => failure.hint(
            "it is on no interface of this machine: `ip -brief address` shows those that are",
        ),
        _ => failure,
    }
}

/// Until somebody ends it, or what it runs from is replaced: systemd then
/// starts the new one.
pub fn wait_for_the_end(
    what: &str,
    system: &dyn System,
    site: &Path,
    threads: &[JoinHandle<()>],
) -> Result<(), Failure> {
    let origin = Origin::of(system, site);
    while !interrupted() {
        if threads.iter().any(JoinHandle::is_finished) {
            return Err(Failure::internal(format!("a part of the {what} has ended: see above")));
        }
        if Origin::of(system, site) != origin {
            eprintln!("{BINARY} or {} has been replaced", site.display());
            return Ok(());
        }
        system.sleep(TICK);
    }
    Ok(())
}

/// The binary and the site file, as they were.
#[derive(PartialEq)]
struct Origin {
    binary: Option<PathBuf>,
    site: Option<Timestamp>,
}

impl Origin {
    fn of(system: &dyn System, site: &Path) -> Self {
        Self {
            binary: system.resolve(BINARY.as_ref()).ok().flatten(),
            site: system.metadata(site).ok().flatten().map(|file| file.modified),
        }
    }
}
