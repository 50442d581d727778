// SPDX-License-Identifier: Apache-2.0
//! Whether the daemons of the control plane answer, each by a real request.

use std::time::Duration;

use slurmha_core::observe::Health;

use crate::command::CommandError;
use crate::program::{mariadb, slurm};
use crate::system::System;

/// Slurm's clients wait for a VIP that nobody has until their time is up, and
/// that is when `status` is asked for: whoever asks this machine gives it 15 s
/// for all of its answers, on an emulated processor, too.
pub const SLURM_TIMEOUT: Duration = Duration::from_secs(5);

/// The scheduler, through the VIP.
pub fn slurmctld(system: &dyn System, limit: Duration) -> Health {
    let answer = slurm::ping(system, limit);
    answer.unwrap_or_else(|error| Health::Unknown(error.to_string()))
}

/// The accounting daemon.
pub fn slurmdbd(system: &dyn System, limit: Duration) -> Health {
    judge_slurmdbd(slurm::clusters(system, limit))
}

/// The accounting database on this machine.
pub fn mariadb(system: &dyn System, limit: Duration) -> Health {
    judge_mariadb(mariadb::select_one(system, limit))
}

/// sacctmgr fails quickly when slurmdbd's port refuses; every other failure
/// says nothing about slurmdbd.
fn judge_slurmdbd(answer: Result<Vec<String>, CommandError>) -> Health {
    match answer {
        Ok(_) => Health::Up,
        Err(CommandError::Failed { stderr, .. }) if stderr.contains("Connection refused") => {
            Health::Down("slurmdbd's port refuses connections".to_owned())
        }
        Err(error) => Health::Unknown(error.to_string()),
    }
}

/// MariaDB runs on the active controller only. No socket there means that it
/// does not run here, which is right on the passive one: the caller knows
/// which one this is.
fn judge_mariadb(answer: Result<(), CommandError>) -> Health {
    match answer {
        Ok(()) => Health::Up,
        Err(CommandError::NotFound { .. }) => Health::Elsewhere,
        // ERROR 2002: no socket, or nobody listens on it.
        Err(CommandError::Failed { stderr, .. }) if stderr.contains("ERROR 2002") => {
            Health::Elsewhere
        }
        Err(CommandError::Failed { stderr, .. }) => Health::Down(stderr),
        Err(error) => Health::Unknown(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{Command, CommandOutput, Exit};

    fn failed(stderr: &str) -> CommandError {
        let command = Command::new("program");
        CommandOutput::new(&command, Exit::Status(1), Vec::new(), stderr.into()).failure()
    }

    #[test]
    fn only_a_refusal_is_down() {
        assert_eq!(judge_slurmdbd(Ok(vec!["c".to_owned()])), Health::Up);
        let refused = "sacctmgr: error: slurm_persist_conn_open_without_init: failed to open \
            persistent connection to host:localhost:6819: Connection refused";
        assert!(matches!(judge_slurmdbd(Err(failed(refused))), Health::Down(_)));
        let unreadable = judge_slurmdbd(Err(failed("cannot read slurm.conf")));
        assert!(matches!(unreadable, Health::Unknown(why) if why.contains("slurm.conf")));
        let missing = CommandError::NotFound { program: "sacctmgr".to_owned() };
        assert!(matches!(judge_slurmdbd(Err(missing)), Health::Unknown(_)));
    }

    #[test]
    fn mariadb_without_a_socket_runs_elsewhere() {
        let absent = "ERROR 2002 (HY000): Can't connect to local server through socket \
            '/run/mysqld/mysqld.sock' (2)";
        assert_eq!(judge_mariadb(Err(failed(absent))), Health::Elsewhere);
        let denied = failed("ERROR 1045 (28000): Access denied for user");
        assert!(matches!(judge_mariadb(Err(denied)), Health::Down(_)));
    }
}
