// SPDX-License-Identifier: Apache-2.0
//! A plan, stage by stage: within a stage all machines at once, and the next
//! stage only when every one of them has finished.

use std::collections::BTreeMap;
use std::sync::Mutex;

use slurmha_core::plan::{Outcome, Plan, PlannedStep, StagePlan, Step, StepEvent};
use slurmha_core::secret::{SecretId, SecretValue};
use slurmha_core::site::NodeName;
use slurmha_host::{RemoteError, for_each_host};

use crate::failure::Failure;
use crate::fleet::{self, Fleet};
use crate::progress::Progress;

/// What a run came to.
pub struct Done {
    /// Steps that changed something.
    pub changed: usize,
}

/// Secrets on their way from the machine that keeps them to those that need
/// them; in memory only, and only as long as the run lasts.
type InTransit = Mutex<BTreeMap<SecretId, SecretValue>>;

/// Carries the plan out. Before each stage `is_alone` says whether nobody else
/// has begun to change the machines.
pub fn run(
    plan: &Plan,
    given: &BTreeMap<SecretId, SecretValue>,
    fleet: &Fleet,
    progress: &Progress,
    is_alone: &mut dyn FnMut() -> Result<(), Failure>,
) -> Result<Done, Failure> {
    let secrets: InTransit = Mutex::new(given.clone());
    let changed = Mutex::new(0);
    for stage in &plan.stages {
        is_alone().map_err(|failure| stopped_before(stage, failure))?;
        progress.stage(stage.stage.title());
        let results = for_each_host(&stage.machines, |(machine, planned)| {
            let work = Work { machine, fleet, progress, secrets: &secrets };
            let count = work.carry_out(planned)?;
            *changed.lock().unwrap_or_else(|e| e.into_inner()) += count;
            Ok(())
        });
        conclude(stage, results)?;
    }
    let changed = changed.into_inner().unwrap_or_else(|e| e.into_inner());
    Ok(Done { changed })
}

/// One machine's share of a stage.
struct Work<'a> {
    machine: &'a NodeName,
    fleet: &'a Fleet,
    progress: &'a Progress,
    secrets: &'a InTransit,
}

impl Work<'_> {
    fn carry_out(&self, planned: &[PlannedStep]) -> Result<usize, RemoteError> {
        let steps: Vec<Step> = planned.iter().map(|planned| self.filled(&planned.step)).collect();
        let mut changed = 0;
        self.fleet.apply(self.machine, &steps, &mut |event| {
            if matches!(event, StepEvent::Done { outcome: Outcome::Changed, .. }) {
                changed += 1;
            }
            self.hear(&steps, event);
        })?;
        Ok(changed)
    }

    /// The step as it is sent: a secret's value goes in at the last moment.
    fn filled(&self, step: &Step) -> Step {
        let Step::PlaceSecret { file, .. } = step else { return step.clone() };
        let secrets = self.secrets.lock().unwrap_or_else(|e| e.into_inner());
        Step::PlaceSecret { file: file.clone(), value: secrets.get(&file.id).cloned() }
    }

    fn hear(&self, steps: &[Step], event: &StepEvent) {
        match event {
            StepEvent::Started { step } if steps.get(*step).is_some_and(takes_long) => {
                self.progress.machine(self.machine.as_str(), &steps[*step].summary());
            }
            StepEvent::Done { step, outcome: Outcome::Changed }
                if steps.get(*step).is_some_and(|step| !takes_long(step)) =>
            {
                self.progress.machine(self.machine.as_str(), &steps[*step].summary());
            }
            StepEvent::Progress { text, .. } => self.progress.machine(self.machine.as_str(), text),
            StepEvent::Secret { id, value } => {
                let mut secrets = self.secrets.lock().unwrap_or_else(|e| e.into_inner());
                secrets.insert(id.clone(), value.clone());
            }
            StepEvent::Started { .. } | StepEvent::Done { .. } | StepEvent::Failed { .. } => {}
        }
    }
}

/// Steps that are announced as they begin; others are told when they have
/// changed something.
fn takes_long(step: &Step) -> bool {
    matches!(
        step,
        Step::InstallPackages { .. }
            | Step::AwaitMembership { .. }
            | Step::InitialiseVolumes(_)
            | Step::AwaitResources { .. }
            | Step::RestartResource { .. }
    )
}

fn stopped_before(stage: &StagePlan, failure: Failure) -> Failure {
    let stage = stage.stage.title();
    failure
        .hint(format!("stopped before \"{stage}\"; `slurmha apply` again completes what is left"))
}

/// The first failure stops the run; the others of the same stage are told too.
fn conclude(stage: &StagePlan, results: Vec<Result<(), RemoteError>>) -> Result<(), Failure> {
    let mut errors = results.into_iter().filter_map(Result::err);
    let Some(first) = errors.next() else { return Ok(()) };
    for error in errors {
        eprintln!("slurmha: also: {error}");
    }
    let stage = stage.stage.title();
    Err(fleet::failure(&first)
        .hint(format!("stopped at \"{stage}\"; `slurmha apply` again completes what is left")))
}
