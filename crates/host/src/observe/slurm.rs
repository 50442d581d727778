// SPDX-License-Identifier: Apache-2.0
//! Slurm's daemons and MariaDB, each asked with a real request.

use std::thread::{self, Scope};

use slurmha_core::layout;
use slurmha_core::observe::{EndingJobs, Health, Reading, SlurmQuestion, SlurmStatus};
use slurmha_core::slurm_conf::Places;

use super::cluster::{Limits, Question, reading};
use super::health;
use crate::program::slurm;
use crate::system::{System, read_trimmed};
use crate::unit_process;

const SLURMCTLD: &str = "slurmctld.service";

/// Where one of these has a process, everything is asked: in the middle of a failover
/// the last one of them still tells what it knows.
const UNITS: [&str; 3] = [SLURMCTLD, "slurmdbd.service", "mariadb.service"];

/// Begins to ask.
pub(super) fn observe<'s>(
    scope: &'s Scope<'s, '_>,
    system: &'s dyn System,
    question: SlurmQuestion,
    limits: Limits,
) -> Question<'s, SlurmStatus> {
    let everything = match question {
        SlurmQuestion::Nothing => return None,
        SlurmQuestion::Ping => false,
        SlurmQuestion::WhereItRuns => runs_here(system),
        SlurmQuestion::Everything => true,
    };
    let ask = if everything { ask_everything } else { ping };
    Some(scope.spawn(move || Reading::Known(ask(system, limits))))
}

/// The jobs in what slurm.conf has and shall no longer have. The whole queue is asked
/// for only where something goes, and where slurmctld is.
pub(super) fn ending_jobs(
    system: &dyn System,
    wanted: &Places,
    limits: Limits,
) -> Reading<EndingJobs> {
    let text = read_trimmed(system, layout::SLURM_CONF).unwrap_or_default();
    let gone = Places::of(&text).without(wanted);
    if gone.is_empty() || matches!(unit_process::of_unit(system, SLURMCTLD), Ok(None)) {
        return Reading::default();
    }
    reading(slurm::ending_jobs(system, &gone, limits.slurm))
}

/// "Cannot tell" is asked about.
fn runs_here(system: &dyn System) -> bool {
    UNITS.iter().any(|unit| !matches!(unit_process::of_unit(system, unit), Ok(None)))
}

fn ping(system: &dyn System, limits: Limits) -> SlurmStatus {
    SlurmStatus {
        slurmctld: health::slurmctld(system, limits.slurm),
        slurmdbd: Health::Elsewhere,
        mariadb: Health::Elsewhere,
        ..SlurmStatus::default()
    }
}

/// Counting jobs and nodes needs slurmctld, so it is asked together with the ping and not
/// after it.
fn ask_everything(system: &dyn System, Limits { query, slurm: limit }: Limits) -> SlurmStatus {
    thread::scope(|scope| {
        let slurmctld = scope.spawn(|| health::slurmctld(system, limit));
        let slurmdbd = scope.spawn(|| health::slurmdbd(system, limit));
        let mariadb = scope.spawn(|| health::mariadb(system, query));
        let waits = scope.spawn(|| slurm::waits(system, limit).unwrap_or_default());
        let jobs = scope.spawn(|| reading(slurm::job_states(system, limit)));
        let nodes = scope.spawn(|| reading(slurm::node_states(system, limit)));
        let waits = waits.join().unwrap_or_default();
        SlurmStatus {
            slurmctld: slurmctld.join().unwrap_or_default(),
            slurmdbd: slurmdbd.join().unwrap_or_default(),
            mariadb: mariadb.join().unwrap_or_default(),
            records_waiting: waits.records,
            waits_until: waits.until,
            jobs: jobs.join().unwrap_or_default(),
            nodes: nodes.join().unwrap_or_default(),
        }
    })
}
