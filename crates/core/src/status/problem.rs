// SPDX-License-Identifier: Apache-2.0
//! What is not as it should be, and what to type next.
//!
//! One function per concern; each looks at the status as a whole, because
//! the parts explain each other (a machine that is off has no DRBD to fault).

mod machines;
mod replication;
mod resources;
mod safeguards;
mod services;
mod slurm_conf;
mod space;

pub(super) use services::takes_no_jobs;
pub(crate) use slurm_conf::{OLD_SLURM_CONF_CURES, old_slurm_conf};

use super::model::{Problem, Severity, Status};
use super::view::View;

/// Everything that is not as it should be, in no particular order.
pub(super) fn problems(view: &View<'_>, status: &Status) -> Vec<Problem> {
    [
        machines::quorum(view, status),
        machines::controllers(view, status),
        machines::hidden(view, status),
        outside(machines::others(status)),
        replication::replication(view, status),
        services::daemons(status),
        outside(services::logins(view, status)),
        space::volumes(view, status),
        services::watchers(view, status),
        services::durable(view, status).into_iter().collect(),
        resources::resources(view, status),
        outside(services::compute_nodes(status)),
        outside(slurm_conf::compute_nodes(view, status)),
        services::fencing(view, status),
        safeguards::safeguards(view, status),
    ]
    .concat()
}

/// A problem with a command to type on a machine.
fn problem(severity: Severity, text: String, next: impl Into<Option<String>>) -> Problem {
    Problem { severity, text, next: next.into(), outside: false, weakness: false }
}

/// Problems of machines without which the control plane works as well.
fn outside(problems: Vec<Problem>) -> Vec<Problem> {
    problems.into_iter().map(|problem| Problem { outside: true, ..problem }).collect()
}

/// A setting that only a failure needs, and that is not as it has to be.
fn weakness(text: String, next: impl Into<Option<String>>) -> Problem {
    Problem { weakness: true, ..problem(Severity::Degraded, text, next) }
}

/// A controller on which commands can be typed: one that takes part, or else
/// the first.
fn somewhere(view: &View<'_>, status: &Status) -> String {
    let member = view.controllers().map(|(name, _)| name).find(|name| {
        status.machines.iter().any(|machine| {
            machine.name == **name && machine.member == Some(super::model::Member::Online)
        })
    });
    let name = status.active.as_ref().or(member).unwrap_or(&view.site.controllers[0].name);
    name.to_string()
}
