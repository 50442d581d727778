// SPDX-License-Identifier: Apache-2.0
//! scontrol(1), sacctmgr(1), squeue(1), sinfo(1), sdiag(1) of Slurm 22.05.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use slurmha_core::observe::{
    Diagnosis, EndingJobs, Health, SQUEUE_PLACES, Waits, parse_ending_jobs, parse_scontrol_ping,
    parse_sdiag, parse_sdiag_agents, parse_sdiag_waits, parse_sinfo_states, parse_squeue_states,
};
use slurmha_core::portal::cluster::{Cluster, SINFO_FORMAT, parse_sinfo};
use slurmha_core::portal::queue::{Queue, parse_squeue, squeue_format};
use slurmha_core::slurm_conf::{Places, parse_known_nodes};
use slurmha_core::state_save::{
    SINFO_REASONS, SQUEUE_REASONS, parse_drained_as_duplicate, parse_held_after_launch,
};

use super::AskError;
use crate::command::{Command, CommandError};
use crate::system::System;

/// `scontrol ping`; it ends with 1 when the controller does not answer.
pub fn ping(system: &dyn System, timeout: Duration) -> Result<Health, AskError> {
    let output = system.run(&Command::new("scontrol").arg("ping").timeout(timeout))?;
    let status = output.status().unwrap_or(-1);
    match parse_scontrol_ping(&output.text(), status) {
        // scontrol's own complaint says more than "no answer".
        Err(_) if !output.ok() => Err(output.failure().into()),
        result => Ok(result?),
    }
}

/// Jobs by state.
pub fn job_states(
    system: &dyn System,
    timeout: Duration,
) -> Result<BTreeMap<String, u64>, AskError> {
    let command =
        Command::new("squeue").args(["--noheader", "--array", "--format", "%T"]).timeout(timeout);
    Ok(parse_squeue_states(&system.run(&command)?.success()?.text())?)
}

/// Jobs in nodes and partitions that are to go, hidden partitions included.
pub fn ending_jobs(
    system: &dyn System,
    gone: &Places,
    timeout: Duration,
) -> Result<EndingJobs, AskError> {
    let command = Command::new("squeue")
        .args(["--noheader", "--all", "--array", "--format", SQUEUE_PLACES])
        .timeout(timeout);
    Ok(parse_ending_jobs(&system.run(&command)?.success()?.text(), gone)?)
}

/// Nodes by state.
pub fn node_states(
    system: &dyn System,
    timeout: Duration,
) -> Result<BTreeMap<String, u64>, AskError> {
    let command =
        Command::new("sinfo").args(["--noheader", "--Node", "--format", "%N %T"]).timeout(timeout);
    Ok(parse_sinfo_states(&system.run(&command)?.success()?.text())?)
}

/// What slurmctld counts about itself.
pub fn diagnosis(system: &dyn System, timeout: Duration) -> Result<Diagnosis, AskError> {
    let output = system.run(&Command::new("sdiag").timeout(timeout))?.success()?;
    Ok(parse_sdiag(&output.text())?)
}

/// What slurmctld waits for before it goes on.
pub fn waits(system: &dyn System, timeout: Duration) -> Result<Waits, CommandError> {
    let output = system.run(&Command::new("sdiag").timeout(timeout))?.success()?;
    Ok(parse_sdiag_waits(&output.text()))
}

/// Requests to nodes that slurmctld has not got an answer to; `None` when it
/// was not told.
pub fn requests_under_way(
    system: &dyn System,
    timeout: Duration,
) -> Result<Option<u64>, CommandError> {
    let output = system.run(&Command::new("sdiag").timeout(timeout))?.success()?;
    Ok(parse_sdiag_agents(&output.text()))
}

/// Names of the clusters that slurmdbd knows.
pub fn clusters(system: &dyn System, timeout: Duration) -> Result<Vec<String>, CommandError> {
    let command = Command::new("sacctmgr")
        .args(["--noheader", "--parsable2", "show", "cluster", "format=Cluster"])
        .timeout(timeout);
    let text = system.run(&command)?.success()?.text();
    Ok(text.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect())
}

/// `sacctmgr --immediate add cluster NAME`.
pub fn add_cluster(system: &dyn System, cluster: &str) -> Result<(), CommandError> {
    let command = Command::new("sacctmgr")
        .args(["--immediate", "add", "cluster", cluster])
        .timeout(Duration::from_secs(60));
    system.run(&command)?.success().map(|_| ())
}

/// The nodes that slurmctld has, those that are to come later (`State=FUTURE`) included.
pub fn known_nodes(
    system: &dyn System,
    timeout: Duration,
) -> Result<BTreeSet<String>, CommandError> {
    let command =
        Command::new("scontrol").args(["--oneliner", "--future", "show", "nodes"]).timeout(timeout);
    Ok(parse_known_nodes(&system.run(&command)?.success()?.text()))
}

/// `scontrol reconfigure`: slurmctld and every slurmd read slurm.conf again. A
/// slurmctld that is to have other nodes ends itself ([`crate::hold::reconfigure`]).
pub fn reconfigure(system: &dyn System) -> Result<(), CommandError> {
    let command = Command::new("scontrol").arg("reconfigure").timeout(Duration::from_secs(60));
    system.run(&command)?.success().map(|_| ())
}

/// Whether slurmctld knows a job, by its id.
pub fn knows_job(system: &dyn System, job: u32, timeout: Duration) -> Result<bool, CommandError> {
    let id = job.to_string();
    let command = Command::new("scontrol").args(["--oneliner", "show", "job", &id]);
    let output = system.run(&command.timeout(timeout))?;
    if output.status() == Some(1) && output.stderr_text().contains("Invalid job id specified") {
        return Ok(false);
    }
    output.success().map(|_| true)
}

/// A reservation of every node for one user: others' new jobs start nowhere.
/// Running jobs stay.
#[derive(Clone, Copy, Debug)]
pub struct AllNodes<'a> {
    /// Its name.
    pub name: &'a str,
    /// Who may use the nodes.
    pub user: &'a str,
    /// When it ends by itself, in minutes from now.
    pub minutes: u32,
    /// Whether it may lie over other people's reservations, which stay valid. Jobs
    /// that use one with this flag start in spite of every other one but those for
    /// maintenance (22.05, reservation.c, `job_test_resv`): it is for one that
    /// nobody uses.
    pub overlaps: bool,
}

/// Makes it. One of that name that still lasts is prolonged: its start cannot be set
/// again (22.05, reservation.c, `update_resv`).
pub fn reserve_all_nodes(
    system: &dyn System,
    wanted: &AllNodes<'_>,
    timeout: Duration,
) -> Result<(), CommandError> {
    let name = format!("reservationname={}", wanted.name);
    let user = format!("users={}", wanted.user);
    let end = format!("endtime=now+{}minutes", wanted.minutes);
    let flags = if wanted.overlaps { "flags=IGNORE_JOBS,OVERLAP" } else { "flags=IGNORE_JOBS" };
    let create = Command::new("scontrol").args(["create", "reservation", &name]);
    let create = create.args(["starttime=now", &end, "nodes=ALL", &user, flags]);
    done(system, create, timeout).or_else(|error| {
        let update = Command::new("scontrol").args(["update", &name, &end]);
        // The first error is the one that tells why there is none.
        done(system, update, timeout).map_err(|_| error)
    })
}

/// Cancels every job that uses a reservation, or waits for it.
pub fn cancel_in_reservation(
    system: &dyn System,
    name: &str,
    timeout: Duration,
) -> Result<(), CommandError> {
    done(system, Command::new("scancel").arg(format!("--reservation={name}")), timeout)
}

/// Deletes a reservation; one that does not exist is no error.
pub fn delete_reservation(
    system: &dyn System,
    name: &str,
    timeout: Duration,
) -> Result<(), CommandError> {
    let name = format!("reservationname={name}");
    let command = Command::new("scontrol").args(["delete", &name]).timeout(timeout);
    let output = system.run(&command)?;
    if output.status() == Some(1) && output.stderr_text().contains(NO_RESERVATION) {
        return Ok(());
    }
    output.success().map(|_| ())
}

/// `ESLURM_RESERVATION_INVALID` in words (22.05, slurm_errno.c).
const NO_RESERVATION: &str = "Requested reservation is invalid";

/// A pending job starts no earlier than so many seconds from now.
pub fn delay_job(
    system: &dyn System,
    id: &str,
    seconds: u32,
    timeout: Duration,
) -> Result<(), CommandError> {
    let words = ["update", &format!("jobid={id}"), &format!("starttime=now+{seconds}")];
    done(system, Command::new("scontrol").args(words), timeout)
}

/// Releases a job that is held.
pub fn release_job(system: &dyn System, id: u32, timeout: Duration) -> Result<(), CommandError> {
    done(system, Command::new("scontrol").args(["release", &id.to_string()]), timeout)
}

/// Takes nodes, given as a hostlist, out of DRAIN.
pub fn resume_nodes(
    system: &dyn System,
    nodes: &str,
    timeout: Duration,
) -> Result<(), CommandError> {
    let words = ["update", &format!("nodename={nodes}"), "state=resume"];
    done(system, Command::new("scontrol").args(words), timeout)
}

/// Nodes that Slurm drained since then because of a duplicate job, as
/// hostlists.
pub fn drained_as_duplicate(
    system: &dyn System,
    since: Timestamp,
    timeout: Duration,
) -> Result<Vec<String>, CommandError> {
    let command = Command::new("sinfo")
        .args(["--noheader", "--list-reasons", "--format", SINFO_REASONS])
        .env("TZ", "UTC")
        .timeout(timeout);
    Ok(parse_drained_as_duplicate(&system.run(&command)?.success()?.text(), since))
}

/// Jobs with an id below `next_id` that Slurm holds after a failed launch.
pub fn held_after_launch(
    system: &dyn System,
    next_id: u32,
    timeout: Duration,
) -> Result<Vec<u32>, CommandError> {
    let command = Command::new("squeue")
        .args(["--noheader", "--states=PENDING", "--format", SQUEUE_REASONS])
        .timeout(timeout);
    Ok(parse_held_after_launch(&system.run(&command)?.success()?.text(), next_id))
}

/// Everybody's jobs that wait or run. `word` is a random one, which no job's
/// name can hold.
pub fn queue(system: &dyn System, word: &str, timeout: Duration) -> Result<Queue, CommandError> {
    let command = Command::new("squeue")
        .args(["--noheader", "--format", &squeue_format(word)])
        .env("TZ", "UTC")
        .timeout(timeout);
    Ok(parse_squeue(&system.run(&command)?.success()?.text(), word))
}

/// Partitions and nodes.
pub fn cluster(system: &dyn System, timeout: Duration) -> Result<Cluster, CommandError> {
    let command = Command::new("sinfo")
        .args(["--noheader", "--Node", "--format", SINFO_FORMAT])
        .timeout(timeout);
    Ok(parse_sinfo(&system.run(&command)?.success()?.text()))
}

fn done(system: &dyn System, command: Command, timeout: Duration) -> Result<(), CommandError> {
    system.run(&command.timeout(timeout))?.success().map(|_| ())
}
