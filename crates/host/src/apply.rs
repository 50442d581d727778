// SPDX-License-Identifier: Apache-2.0
//! Carries out the steps of a plan on one machine: the only part of slurmha
//! that changes anything.
//!
//! Each step looks again before it acts, so that a run that was killed at any
//! point is completed by the next one, and a complete one changes nothing.

mod accounts;
mod cib;
mod context;
mod database;
mod drbd;
mod enablement;
mod error;
mod files;
mod membership;
mod packages;
mod people;
mod reload;
mod resources;
mod secrets;
mod units;
mod volumes;

use std::ops::ControlFlow;

use slurmha_core::plan::{Outcome, Step, StepEvent};

pub use error::{Refusal, StepError};

use crate::system::System;
use context::Context;
use enablement::Ahead;

/// How a list of steps ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Every step ended well.
    Completed,
    /// A step failed; the rest was not begun.
    Failed,
    /// Nobody listens any more; the rest was not begun.
    Abandoned,
}

/// Executes steps in order and stops at the first that fails.
///
/// `events` answers [`ControlFlow::Break`] when nobody listens any more (the
/// administrator's connection is gone): nothing further is begun then.
pub fn apply(
    system: &dyn System,
    steps: &[Step],
    events: &mut dyn FnMut(StepEvent) -> ControlFlow<()>,
) -> Ended {
    let mut ahead = Ahead::default();
    for (index, step) in steps.iter().enumerate() {
        if events(StepEvent::Started { step: index }).is_break() {
            return Ended::Abandoned;
        }
        let context = Context::new(system, index, events);
        let later = steps.get(index + 1..).unwrap_or_default();
        let result = execute(&context, step, later, &mut ahead);
        let heard = match result {
            Ok(outcome) => events(StepEvent::Done { step: index, outcome }),
            Err(StepError::Abandoned) => return Ended::Abandoned,
            Err(error) => {
                let _ = events(failure(index, &error));
                return Ended::Failed;
            }
        };
        if heard.is_break() {
            return Ended::Abandoned;
        }
    }
    Ended::Completed
}

fn failure(step: usize, error: &StepError) -> StepEvent {
    StepEvent::Failed {
        step,
        message: error.to_string(),
        hint: error.hint(),
        refused: error.is_refusal(),
    }
}

/// `later` are the steps that follow, for what is done for several at once.
fn execute(
    context: &Context<'_>,
    step: &Step,
    later: &[Step],
    ahead: &mut Ahead,
) -> Result<Outcome, StepError> {
    match step {
        // The exchange that brought this step has already turned the name to
        // its own binary (`node::apply_exchange`).
        Step::UseBinary => Ok(Outcome::Changed),
        Step::CreateGroup(group) => accounts::create_group(context, group),
        Step::CreateUser(user) => accounts::create_user(context, user),
        Step::SetPerson(person) => people::set(context, person),
        Step::CloseAccount { name, keys } => people::close(context, name, keys),
        Step::InstallPackages { packages } => packages::install(context, packages),
        Step::MakeDirectory(directory) => files::make_directory(context, directory),
        Step::WriteFile(file) => files::write_file(context, file),
        Step::MakeSecret(file) => secrets::make(context, file),
        Step::ExportSecret(file) => secrets::export(context, file),
        Step::PlaceSecret { file, value } => secrets::place(context, file, value.as_ref()),
        Step::ReloadSystemd => units::reload(context),
        Step::SetUnitEnablement { unit, enablement } => {
            ahead.set(context, unit, *enablement, later)
        }
        Step::StartUnit { unit } => units::start(context, unit),
        Step::RestartUnit { unit } => units::restart(context, unit),
        Step::StopUnit { unit } => units::stop(context, unit),
        Step::AwaitMembership { members } => membership::wait(context, members),
        Step::CreateDrbdMetadata(resource) => drbd::create_metadata(context, resource),
        Step::BringDrbdUp(resource) => drbd::bring_up(context, resource),
        Step::InitialiseVolumes(init) => volumes::initialise(context, init),
        Step::LoadCib { configuration } => cib::load(context, configuration),
        Step::AwaitResources { resources } => resources::wait(context, resources),
        Step::RestartResource { resource } => resources::restart(context, resource),
        Step::RegisterCluster { cluster } => reload::register_cluster(context, cluster),
        Step::ReloadCorosync { digest } => reload::corosync(context, digest),
        Step::ReconfigureSlurm { digest } => reload::slurm(context, digest),
    }
}

#[cfg(test)]
mod tests;
