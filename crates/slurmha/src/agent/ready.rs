// SPDX-License-Identifier: Apache-2.0
//! Whether a daemon answers a real request.

use std::time::Duration;

use slurmha_core::layout::{SLURMCTLD_PORT, SLURMDBD_PORT};
use slurmha_core::observe::Health;
use slurmha_core::watch::Heard;
use slurmha_host::command::CommandError;
use slurmha_host::program::{AskError, mariadb, slurm};
use slurmha_host::{System, unit_process};

use super::Daemon;

const LIMIT: Duration = Duration::from_secs(5);

/// Asks once. No answer is "not yet", whatever the reason.
pub fn answers(system: &dyn System, daemon: Daemon) -> bool {
    match daemon {
        // A ping and not a connection: from Slurm 23 on the port opens
        // before the state has been read. Before it is open a ping would only
        // take time from the daemon that starts.
        Daemon::Slurmctld => {
            unit_process::waiting_at(system, SLURMCTLD_PORT).is_some()
                && matches!(slurm::ping(system, LIMIT), Ok(Health::Up))
        }
        // slurmdbd opens its port after it has reached the database; asking
        // more would need the VIP, which comes up beside it.
        Daemon::Slurmdbd => unit_process::waiting_at(system, SLURMDBD_PORT).is_some(),
        Daemon::Mariadb => mariadb::select_one(system, LIMIT).is_ok(),
    }
}

/// Asks once for the watcher. A slurmdbd is not asked: 22.05 has no request
/// for it that needs no account, and a connection without one is an error in
/// its log.
pub fn ask(system: &dyn System, daemon: Daemon) -> Heard {
    let answer = match daemon {
        Daemon::Slurmctld => match slurm::ping(system, LIMIT) {
            Ok(Health::Up) => return Heard::Answer,
            Err(AskError::Command(error)) => Err(error),
            Ok(_) | Err(AskError::Parse(_)) => return Heard::Unknown,
        },
        Daemon::Slurmdbd => return Heard::Unknown,
        Daemon::Mariadb => mariadb::select_one(system, LIMIT),
    };
    match answer {
        Ok(()) => Heard::Answer,
        Err(CommandError::TimedOut { .. }) => Heard::Silence,
        // A refused connection, a broken client, a full table of connections.
        Err(_) => Heard::Unknown,
    }
}
