// SPDX-License-Identifier: Apache-2.0
//! DRBD, Corosync, Pacemaker, Slurm and WireGuard, all asked at the same time.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::thread::{self, Scope, ScopedJoinHandle};

use slurmha_core::observe::{
    ClusterStatus, DrbdStatus, Observation, ObserveRequest, Preference, QuorumStatus, Reading,
    Safeguards, SlurmStatus, VpnState,
};

use super::QUERY_TIMEOUT;
use super::health::{self, SLURM_TIMEOUT};
use super::safeguards;
use crate::program::{corosync, drbd, pacemaker, slurm, wg};
use crate::system::System;

/// The parts of an observation that programs have to be asked for.
#[derive(Default)]
pub(super) struct Parts {
    drbd: Reading<DrbdStatus>,
    quorum: Reading<QuorumStatus>,
    cluster: Reading<ClusterStatus>,
    preferences: Option<Reading<Vec<Preference>>>,
    cib: Reading<String>,
    slurm: Reading<SlurmStatus>,
    vpn: Reading<VpnState>,
    safeguards: Option<Safeguards>,
}

impl Parts {
    pub(super) fn put_into(self, observation: &mut Observation) {
        observation.drbd = self.drbd;
        observation.quorum = self.quorum;
        observation.cluster = self.cluster;
        observation.preferences = self.preferences;
        observation.cib = self.cib;
        observation.slurm = self.slurm;
        observation.vpn = self.vpn;
        observation.safeguards = self.safeguards;
    }
}

pub(super) fn observe(system: &dyn System, request: &ObserveRequest) -> Parts {
    thread::scope(|scope| {
        let drbd = request.drbd_resource.as_deref().map(|resource| {
            scope.spawn(move || reading(drbd::status(system, resource, QUERY_TIMEOUT)))
        });
        let quorum = ask(scope, request.quorum, || corosync::quorum(system, QUERY_TIMEOUT));
        let cluster = ask(scope, request.cluster, || pacemaker::status(system, QUERY_TIMEOUT));
        let preferences =
            ask(scope, request.preferences, || pacemaker::preferences(system, QUERY_TIMEOUT));
        let cib = ask(scope, request.cib, || pacemaker::query(system, QUERY_TIMEOUT));
        let slurm = request.slurm.then(|| scope.spawn(|| Reading::Known(observe_slurm(system))));
        let vpn = request.vpn_interface.as_deref().map(|interface| {
            scope.spawn(move || reading(wg::show(system, interface, QUERY_TIMEOUT)))
        });
        let safeguards = request.safeguards.then(|| scope.spawn(|| safeguards::observe(system)));
        Parts {
            drbd: answer(drbd),
            quorum: answer(quorum),
            cluster: answer(cluster),
            preferences: preferences.map(|asked| answer(Some(asked))),
            cib: answer(cib),
            slurm: answer(slurm),
            vpn: answer(vpn),
            safeguards: safeguards.and_then(|asked| asked.join().ok()),
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

/// A real request to each daemon. Counting jobs and nodes needs slurmctld, so
/// it is asked together with the ping and not after it.
fn observe_slurm(system: &dyn System) -> SlurmStatus {
    thread::scope(|scope| {
        let slurmctld = scope.spawn(|| health::slurmctld(system));
        let slurmdbd = scope.spawn(|| health::slurmdbd(system));
        let mariadb = scope.spawn(|| health::mariadb(system));
        let waits = scope.spawn(|| slurm::waits(system, SLURM_TIMEOUT).unwrap_or_default());
        let jobs = scope.spawn(|| slurm::job_states(system, SLURM_TIMEOUT).unwrap_or_default());
        let nodes = scope.spawn(|| slurm::node_states(system, SLURM_TIMEOUT).unwrap_or_default());
        let waits = waits.join().unwrap_or_default();
        SlurmStatus {
            slurmctld: slurmctld.join().unwrap_or_default(),
            slurmdbd: slurmdbd.join().unwrap_or_default(),
            mariadb: mariadb.join().unwrap_or_default(),
            records_waiting: waits.records,
            waits_until: waits.until,
            jobs: jobs.join().unwrap_or_else(|_| BTreeMap::new()),
            nodes: nodes.join().unwrap_or_else(|_| BTreeMap::new()),
        }
    })
}
