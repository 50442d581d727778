// SPDX-License-Identifier: Apache-2.0
//! Whether a daemon answers a real request.

use std::time::Duration;

use slurmha_core::observe::Health;
use slurmha_host::System;
use slurmha_host::program::{mariadb, slurm};

use super::Daemon;

const LIMIT: Duration = Duration::from_secs(5);

/// Port of slurmdbd, slurmdbd.conf(5), and of slurmctld, slurm.conf(5).
const SLURMDBD_PORT: u16 = 6819;

/// Asks once. No answer is "not yet", whatever the reason.
pub fn answers(system: &dyn System, daemon: Daemon) -> bool {
    match daemon {
        // A ping and not a connection: from Slurm 23 on the port opens
        // before the state has been read.
        Daemon::Slurmctld => matches!(slurm::ping(system, LIMIT), Ok(Health::Up)),
        // slurmdbd opens its port after it has reached the database; asking
        // more would need the VIP, which comes up beside it.
        Daemon::Slurmdbd => is_listening(system, SLURMDBD_PORT),
        Daemon::Mariadb => mariadb::select_one(system, LIMIT).is_ok(),
    }
}

/// Whether a local TCP socket listens on the port; proc_net_tcp of the
/// kernel's documentation (state 0A is LISTEN).
fn is_listening(system: &dyn System, port: u16) -> bool {
    let wanted = format!(":{port:04X}");
    let listens = |line: &str| {
        let mut fields = line.split_whitespace().skip(1);
        let local = fields.next().unwrap_or_default();
        local.ends_with(&wanted) && fields.nth(1) == Some("0A")
    };
    ["/proc/net/tcp", "/proc/net/tcp6"].iter().any(|path| {
        let bytes = system.read(path.as_ref()).ok().flatten().unwrap_or_default();
        String::from_utf8_lossy(&bytes).lines().any(listens)
    })
}
