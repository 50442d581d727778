// SPDX-License-Identifier: Apache-2.0
//! Waits until the cluster's resources run and the scheduler answers.

use std::time::Duration;

use slurmha_core::observe::{ClusterStatus, Health};
use slurmha_core::plan::Outcome;
use slurmha_core::plan::restart::{let_run, stop_until};
use slurmha_core::render::cib::id;

use super::context::{Context, Look};
use super::{StepError, cib};
use crate::observe::QUERY_TIMEOUT;
use crate::program::{pacemaker, slurm};
use crate::system::System;

/// The first start of the database and of slurmdbd included.
const LIMIT: Duration = Duration::from_secs(600);
const PAUSE: Duration = Duration::from_secs(1);
/// With failures on record and nothing new for this long, Pacemaker has
/// given up.
const STUCK: Duration = Duration::from_secs(120);
/// How long a restart keeps a resource stopped when nobody prolongs it: nobody is
/// served for so long by a controller that takes over in the middle of it.
const STOPPED: Duration = Duration::from_secs(60);
/// slurmdbd has taken 93 s to stop when its database hung.
const STOP_LIMIT: Duration = Duration::from_secs(180);
const HINT: &str = "crm_mon -1rf; journalctl --unit pacemaker --lines 100";

pub(super) fn wait(context: &Context<'_>, resources: &[String]) -> Result<Outcome, StepError> {
    let system = context.system;
    let mut last = (String::new(), system.elapsed());
    let look = || {
        let (missing, failures) = missing(system, resources);
        // A change of a moment ago may not have reached the resources yet.
        let missing = missing.or_else(|| unsettled(system));
        let Some(missing) = missing else { return Look::Ready(Outcome::Unchanged) };
        let text = with_failures(missing, &failures);
        if text != last.0 {
            last = (text.clone(), system.elapsed());
        }
        if !failures.is_empty() && system.elapsed() - last.1 >= STUCK {
            let message = format!("the cluster does not get further: {text}");
            return Look::Hopeless(StepError::Hopeless { message, hint: HINT.to_owned() });
        }
        Look::Missing(text)
    };
    context.wait(LIMIT, PAUSE, look, |missing, after| StepError::TooSlow {
        missing,
        after,
        hint: HINT.to_owned(),
    })
}

/// Stops a resource, and what needs it, and starts both again. However this
/// ends, even with the machine, Pacemaker starts the resource a while later.
pub(super) fn restart(context: &Context<'_>, resource: &str) -> Result<Outcome, StepError> {
    keep_stopped(context, resource)?;
    let stopped = await_stop(context, resource);
    cib::change(context, &|live| let_run(live, resource))?;
    stopped?;
    wait(context, &[resource.to_owned()])?;
    Ok(Outcome::Changed)
}

/// For a while.
fn keep_stopped(context: &Context<'_>, resource: &str) -> Result<(), StepError> {
    let end = context.system.now() + STOPPED;
    cib::change(context, &|live| stop_until(live, resource, end).map(Some)).map(drop)
}

fn await_stop(context: &Context<'_>, resource: &str) -> Result<(), StepError> {
    let mut kept = context.system.elapsed();
    let look = || {
        let now = context.system.elapsed();
        if now - kept >= STOPPED / 3 && keep_stopped(context, resource).is_ok() {
            kept = now;
        }
        match pacemaker::status(context.system, QUERY_TIMEOUT) {
            Err(error) => Look::Missing(format!("Pacemaker does not answer ({error})")),
            Ok(status) if is_stopped(&status, resource) => Look::Ready(()),
            Ok(_) => Look::Missing(format!("{resource} has not stopped")),
        }
    };
    let hint = HINT.to_owned();
    let give_up = |missing, after| StepError::TooSlow { missing, after, hint };
    context.wait(STOP_LIMIT, PAUSE, look, give_up)
}

fn is_stopped(status: &ClusterStatus, resource: &str) -> bool {
    let mut instances = status.resources.iter().filter(|instance| instance.id == resource);
    instances.all(|instance| instance.role == "Stopped")
}

/// What is still missing, and the failures that Pacemaker remembers.
fn missing(system: &dyn System, resources: &[String]) -> (Option<String>, Vec<String>) {
    let status = match pacemaker::status(system, QUERY_TIMEOUT) {
        Err(error) => return (Some(format!("Pacemaker does not answer ({error})")), Vec::new()),
        Ok(status) => status,
    };
    let failures = failures(&status);
    let stopped: Vec<String> =
        resources.iter().filter_map(|resource| not_running(&status, resource)).collect();
    if !stopped.is_empty() {
        return (Some(stopped.join(", ")), failures);
    }
    // At the very first start slurmctld is held back until slurmdbd runs.
    if !resources.iter().any(|resource| resource == id::SLURMCTLD) {
        return (None, failures);
    }
    let missing = match slurm::ping(system, QUERY_TIMEOUT) {
        Ok(Health::Up) => None,
        Ok(_) => Some("slurmctld does not answer".to_owned()),
        Err(error) => Some(format!("slurmctld cannot be asked ({error})")),
    };
    (missing, failures)
}

/// Whether Pacemaker still has something to do.
fn unsettled(system: &dyn System) -> Option<String> {
    match pacemaker::wait_until_settled(system) {
        Ok(()) => None,
        Err(error) => Some(format!("the cluster has not settled ({error})")),
    }
}

/// How a resource stands, unless an instance of it runs (for DRBD: is
/// promoted) and none is on its way somewhere.
fn not_running(status: &ClusterStatus, resource: &str) -> Option<String> {
    let instances: Vec<_> = status.resources.iter().filter(|r| r.id == resource).collect();
    let settled = |role: &str| matches!(role, "Started" | "Promoted" | "Master");
    let runs = instances.iter().any(|r| settled(&r.role) && !r.failed && r.node.is_some());
    if runs {
        return None;
    }
    let roles: Vec<&str> = instances.iter().map(|instance| instance.role.as_str()).collect();
    match roles.as_slice() {
        [] => Some(format!("{resource} is not configured")),
        roles => Some(format!("{resource} is {}", roles.join(" and "))),
    }
}

fn failures(status: &ClusterStatus) -> Vec<String> {
    let failures = status.failures.iter();
    failures
        .map(|failure| {
            let reason = if failure.reason.is_empty() { &failure.status } else { &failure.reason };
            format!("{} on {}: {reason}", failure.operation, failure.node)
        })
        .collect()
}

fn with_failures(missing: String, failures: &[String]) -> String {
    match failures {
        [] => missing,
        failures => format!("{missing} (failed: {})", failures.join("; ")),
    }
}
