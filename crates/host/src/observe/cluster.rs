// SPDX-License-Identifier: Apache-2.0
//! DRBD, Corosync, Pacemaker and Slurm, all asked at the same time.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::thread::{self, Scope, ScopedJoinHandle};
use std::time::Duration;

use slurmha_core::observe::{
    ClusterStatus, DrbdStatus, Health, Observation, ObserveRequest, QuorumStatus, Reading,
    SlurmStatus,
};

use super::QUERY_TIMEOUT;
use crate::command::CommandError;
use crate::program::slurm::SlurmError;
use crate::program::{corosync, drbd, mariadb, pacemaker, slurm};
use crate::system::System;

/// The parts of an observation that programs have to be asked for.
#[derive(Default)]
pub(super) struct Parts {
    drbd: Reading<DrbdStatus>,
    quorum: Reading<QuorumStatus>,
    cluster: Reading<ClusterStatus>,
    cib: Reading<String>,
    slurm: Reading<SlurmStatus>,
}

impl Parts {
    pub(super) fn put_into(self, observation: &mut Observation) {
        observation.drbd = self.drbd;
        observation.quorum = self.quorum;
        observation.cluster = self.cluster;
        observation.cib = self.cib;
        observation.slurm = self.slurm;
    }
}

pub(super) fn observe(system: &dyn System, request: &ObserveRequest) -> Parts {
    thread::scope(|scope| {
        let drbd = request.drbd_resource.as_deref().map(|resource| {
            scope.spawn(move || reading(drbd::status(system, resource, QUERY_TIMEOUT)))
        });
        let quorum = ask(scope, request.quorum, || corosync::quorum(system, QUERY_TIMEOUT));
        let cluster = ask(scope, request.cluster, || pacemaker::status(system, QUERY_TIMEOUT));
        let cib = ask(scope, request.cib, || pacemaker::query(system, QUERY_TIMEOUT));
        let slurm = request.slurm.then(|| scope.spawn(|| Reading::Known(observe_slurm(system))));
        Parts {
            drbd: answer(drbd),
            quorum: answer(quorum),
            cluster: answer(cluster),
            cib: answer(cib),
            slurm: answer(slurm),
        }
    })
}

type Question<'s, T> = Option<ScopedJoinHandle<'s, Reading<T>>>;

fn ask<'s, T: Send + 's, E: Display>(
    scope: &'s Scope<'s, '_>,
    wanted: bool,
    question: impl FnOnce() -> Result<T, E> + Send + 's,
) -> Question<'s, T> {
    wanted.then(|| scope.spawn(|| reading(question())))
}

fn answer<T>(question: Question<'_, T>) -> Reading<T> {
    match question.map(ScopedJoinHandle::join) {
        None => Reading::default(),
        Some(Ok(reading)) => reading,
        Some(Err(_)) => Reading::Unknown("the question failed inside slurmha".to_owned()),
    }
}

fn reading<T, E: Display>(result: Result<T, E>) -> Reading<T> {
    match result {
        Ok(value) => Reading::Known(value),
        Err(error) => Reading::Unknown(error.to_string()),
    }
}

/// Slurm's clients wait for a VIP that nobody has until their time is up, and
/// that is when `status` is asked for: whoever asks this machine gives it 15 s
/// for all of its answers, on an emulated processor, too.
const SLURM_TIMEOUT: Duration = Duration::from_secs(5);

/// A real request to each daemon. Counting jobs and nodes needs slurmctld, so
/// it is asked together with the ping and not after it.
fn observe_slurm(system: &dyn System) -> SlurmStatus {
    thread::scope(|scope| {
        let slurmctld = scope.spawn(|| slurmctld(slurm::ping(system, SLURM_TIMEOUT)));
        let slurmdbd = scope.spawn(|| slurmdbd(slurm::clusters(system, SLURM_TIMEOUT)));
        let mariadb = scope.spawn(|| mariadb(mariadb::select_one(system, QUERY_TIMEOUT)));
        let records = scope.spawn(|| slurm::records_waiting(system, SLURM_TIMEOUT).ok().flatten());
        let jobs = scope.spawn(|| slurm::job_states(system, SLURM_TIMEOUT).unwrap_or_default());
        let nodes = scope.spawn(|| slurm::node_states(system, SLURM_TIMEOUT).unwrap_or_default());
        SlurmStatus {
            slurmctld: slurmctld.join().unwrap_or_default(),
            slurmdbd: slurmdbd.join().unwrap_or_default(),
            mariadb: mariadb.join().unwrap_or_default(),
            records_waiting: records.join().ok().flatten(),
            jobs: jobs.join().unwrap_or_else(|_| BTreeMap::new()),
            nodes: nodes.join().unwrap_or_else(|_| BTreeMap::new()),
        }
    })
}

fn slurmctld(answer: Result<Health, SlurmError>) -> Health {
    answer.unwrap_or_else(|error| Health::Unknown(error.to_string()))
}

/// sacctmgr fails quickly when slurmdbd's port refuses; every other failure
/// says nothing about slurmdbd.
fn slurmdbd(answer: Result<Vec<String>, CommandError>) -> Health {
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
fn mariadb(answer: Result<(), CommandError>) -> Health {
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
        assert_eq!(slurmdbd(Ok(vec!["c".to_owned()])), Health::Up);
        let refused = "sacctmgr: error: slurm_persist_conn_open_without_init: failed to open \
            persistent connection to host:localhost:6819: Connection refused";
        assert!(matches!(slurmdbd(Err(failed(refused))), Health::Down(_)));
        let unreadable = slurmdbd(Err(failed("cannot read slurm.conf")));
        assert!(matches!(unreadable, Health::Unknown(why) if why.contains("slurm.conf")));
        let missing = CommandError::NotFound { program: "sacctmgr".to_owned() };
        assert!(matches!(slurmdbd(Err(missing)), Health::Unknown(_)));
    }

    #[test]
    fn mariadb_without_a_socket_runs_elsewhere() {
        let absent = "ERROR 2002 (HY000): Can't connect to local server through socket \
            '/run/mysqld/mysqld.sock' (2)";
        assert_eq!(mariadb(Err(failed(absent))), Health::Elsewhere);
        let denied = failed("ERROR 1045 (28000): Access denied for user");
        assert!(matches!(mariadb(Err(denied)), Health::Down(_)));
    }
}
