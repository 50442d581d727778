// SPDX-License-Identifier: Apache-2.0
//! DRBD, Corosync, Pacemaker, Slurm and WireGuard, all asked at the same time.

use std::fmt::Display;
use std::thread::{self, Scope, ScopedJoinHandle};
use std::time::Duration;

use slurmha_core::observe::{
    ClusterStatus, DrbdStatus, EndingJobs, Observation, ObserveRequest, Preference, QuorumStatus,
    Reading, Safeguards, SlurmStatus, VpnState,
};

use super::QUERY_TIMEOUT;
use super::health::SLURM_TIMEOUT;
use super::{PATIENCE, safeguards, slurm};
use crate::program::{corosync, drbd, pacemaker, wg};
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
    ending_jobs: Reading<EndingJobs>,
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
        observation.ending_jobs = self.ending_jobs;
        observation.vpn = self.vpn;
        observation.safeguards = self.safeguards;
    }
}

pub(super) fn observe(system: &dyn System, request: &ObserveRequest) -> Parts {
    let limits = Limits::of(request);
    let limit = limits.query;
    thread::scope(|scope| {
        let drbd = request
            .drbd_resource
            .as_deref()
            .map(|resource| scope.spawn(move || reading(drbd::status(system, resource, limit))));
        let quorum = ask(scope, request.quorum, move || corosync::quorum(system, limit));
        let cluster = ask(scope, request.cluster, move || pacemaker::status(system, limit));
        let preferences =
            ask(scope, request.preferences, move || pacemaker::preferences(system, limit));
        let cib = ask(scope, request.cib, move || pacemaker::query(system, limit));
        let slurm = slurm::observe(scope, system, request.slurm, limits);
        let wanted = request.wanted_places.as_ref();
        let ending_jobs =
            wanted.map(|places| scope.spawn(move || slurm::ending_jobs(system, places, limits)));
        let vpn = request
            .vpn_interface
            .as_deref()
            .map(|interface| scope.spawn(move || reading(wg::show(system, interface, limit))));
        let safeguards =
            request.safeguards.then(|| scope.spawn(move || safeguards::observe(system, limit)));
        Parts {
            drbd: answer(drbd),
            quorum: answer(quorum),
            cluster: answer(cluster),
            preferences: preferences.map(|asked| answer(Some(asked))),
            cib: answer(cib),
            slurm: answer(slurm),
            ending_jobs: answer(ending_jobs),
            vpn: answer(vpn),
            safeguards: safeguards.and_then(|asked| asked.join().ok()),
        }
    })
}

/// A question under way; `None` when nothing is asked.
pub(super) type Question<'s, T> = Option<ScopedJoinHandle<'s, Reading<T>>>;

/// How long programs may take.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    pub(super) query: Duration,
    pub(super) slurm: Duration,
}

impl Limits {
    fn of(request: &ObserveRequest) -> Self {
        let times = if request.patient { PATIENCE } else { 1 };
        Self { query: QUERY_TIMEOUT * times, slurm: SLURM_TIMEOUT * times }
    }
}

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

pub(super) fn reading<T, E: Display>(result: Result<T, E>) -> Reading<T> {
    match result {
        Ok(value) => Reading::Known(value),
        Err(error) => Reading::Unknown(error.to_string()),
    }
}
