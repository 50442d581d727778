// SPDX-License-Identifier: Apache-2.0
//! From wants and observations to a plan.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use super::hosts::Hosts;
use super::step::{Stage, Step};
use super::{cluster, machine, secrets};
use crate::desired::MachineWants;
use crate::observe::Observation;
use crate::secret::{Digest, SecretId};
use crate::site::{NodeName, Role, Site, hostlist};

/// Everything that a plan depends on.
pub struct Inputs<'a> {
    /// The validated site.
    pub site: &'a Site,
    /// What is wanted on each machine.
    pub wants: &'a [MachineWants],
    /// What was seen on each machine that answered.
    pub observed: &'a BTreeMap<NodeName, Observation>,
    /// Digests of the secrets that the administrator holds.
    pub given: &'a BTreeMap<SecretId, Digest>,
}

/// What will be done, and what will not.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Plan {
    /// The steps in the order in which they are done.
    pub stages: Vec<StagePlan>,
    /// Why nothing of this may be done. Never overridden in silence: [`Plan::accept`].
    pub refusals: Vec<Refusal>,
    /// Machines that did not answer and can be left for a later run.
    pub skipped: Vec<NodeName>,
    /// What cannot be decided before this plan has been carried out, and why:
    /// the next one has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left: Option<String>,
    /// Things to know that change nothing.
    pub notes: Vec<String>,
}

/// The steps of one stage.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StagePlan {
    /// Which stage.
    pub stage: Stage,
    /// Steps for each machine that has any.
    pub machines: Vec<(NodeName, Vec<PlannedStep>)>,
}

/// A step, and why it is in the plan.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PlannedStep {
    /// The step as it is sent to the machine.
    pub step: Step,
    /// What differs, in a few words; empty when the step says it all.
    pub why: String,
    /// Change of a text as a unified diff, secrets as placeholders.
    pub diff: Option<String>,
}

/// A reason not to go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// The machine that it is about.
    pub machine: NodeName,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub cure: String,
    /// What a person can take upon them instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unless: Option<Acceptance>,
}

/// What a person names who wants a plan carried out in spite of what it costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Acceptance {
    /// Jobs end before they are done.
    EndJobs,
}

impl From<Step> for PlannedStep {
    fn from(step: Step) -> Self {
        Self { step, why: String::new(), diff: None }
    }
}

impl PlannedStep {
    /// The step with the reason for it.
    pub fn because(step: Step, why: impl Into<String>) -> Self {
        Self { step, why: why.into(), diff: None }
    }
}

impl Plan {
    /// Whether a run of the plan would leave everything as it is.
    pub fn is_empty(&self) -> bool {
        self.steps().all(|(_, _, planned)| planned.step.is_passive())
    }

    /// Takes what somebody has accepted from the refusals. It is still told.
    pub fn accept(&mut self, accepted: Acceptance) {
        let refusals = self.refusals.extract_if(.., |it| it.unless == Some(accepted));
        self.notes.extend(refusals.map(|refusal| format!("{}, as accepted", refusal.what)));
    }

    /// Every step with its stage and machine, in order.
    pub fn steps(&self) -> impl Iterator<Item = (Stage, &NodeName, &PlannedStep)> {
        self.stages.iter().flat_map(|stage| {
            stage.machines.iter().flat_map(move |(machine, steps)| {
                steps.iter().map(move |step| (stage.stage, machine, step))
            })
        })
    }

    /// The steps that change something and are not in a plan that somebody has
    /// agreed to, on the same machine and with the same difference.
    #[must_use]
    pub fn beyond(&self, agreed: &Self) -> Self {
        let known: BTreeMap<(Stage, &NodeName), &Vec<PlannedStep>> = agreed
            .stages
            .iter()
            .flat_map(|at| at.machines.iter().map(|(name, steps)| ((at.stage, name), steps)))
            .collect();
        let mut draft = Draft::default();
        for (stage, machine, planned) in self.steps() {
            let is_the_same =
                |other: &PlannedStep| other.step == planned.step && other.diff == planned.diff;
            let is_agreed = known.get(&(stage, machine)).is_some_and(|s| s.iter().any(is_the_same));
            if !is_agreed && !planned.step.is_passive() {
                draft.push(stage, machine, planned.clone());
            }
        }
        Self { stages: draft.stages(), ..Self::default() }
    }

    /// The Pacemaker configuration that the plan loads last, and where.
    pub fn configuration(&self) -> Option<(&NodeName, &str)> {
        self.steps()
            .filter_map(|(_, machine, planned)| match &planned.step {
                Step::LoadCib { configuration } => Some((machine, configuration.as_str())),
                _ => None,
            })
            .last()
    }
}

/// The steps of a stage, by machine in the order of their first step.
#[derive(Default)]
struct StageDraft {
    machines: Vec<(NodeName, Vec<PlannedStep>)>,
    places: HashMap<NodeName, usize>,
}

impl StageDraft {
    fn steps_on(&mut self, machine: &NodeName) -> &mut Vec<PlannedStep> {
        let place = *self.places.entry(machine.clone()).or_insert_with(|| {
            self.machines.push((machine.clone(), Vec::new()));
            self.machines.len() - 1
        });
        &mut self.machines[place].1
    }

    fn planned_on(&self, machine: &NodeName) -> &[PlannedStep] {
        self.places.get(machine).map_or(&[], |place| &self.machines[*place].1)
    }
}

/// Collects steps and keeps them in the order of stages.
#[derive(Default)]
pub(super) struct Draft {
    steps: BTreeMap<Stage, StageDraft>,
    pub(super) refusals: Vec<Refusal>,
    pub(super) left: Option<String>,
    pub(super) notes: Vec<String>,
    /// What is to be known of several machines, and of which.
    noted: BTreeMap<String, Vec<NodeName>>,
}

impl Draft {
    pub(super) fn push(&mut self, stage: Stage, machine: &NodeName, step: impl Into<PlannedStep>) {
        self.steps.entry(stage).or_default().steps_on(machine).push(step.into());
    }

    /// Like [`Draft::push`], but before everything that is already planned
    /// for that machine in that stage.
    pub(super) fn push_first(
        &mut self,
        stage: Stage,
        machine: &NodeName,
        step: impl Into<PlannedStep>,
    ) {
        self.steps.entry(stage).or_default().steps_on(machine).insert(0, step.into());
    }

    pub(super) fn refuse(&mut self, machine: &NodeName, what: String, cure: &str) {
        let (machine, cure) = (machine.clone(), cure.to_owned());
        self.refusals.push(Refusal { machine, what, cure, unless: None });
    }

    /// What is to be known, however many machines it is about.
    pub(super) fn note_once(&mut self, note: String) {
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// What is to be known of that machine, told once with all of which it is true.
    pub(super) fn note_on(&mut self, machine: &NodeName, text: String) {
        self.noted.entry(text).or_default().push(machine.clone());
    }

    fn tell_noted(&mut self) {
        let told = std::mem::take(&mut self.noted).into_iter().map(|(text, machines)| {
            let names: Vec<&str> = machines.iter().map(NodeName::as_str).collect();
            format!("on {} {text}", hostlist::compress(&names))
        });
        self.notes.extend(told);
    }

    /// Text that the plan writes to that file on that machine, if it does.
    pub(super) fn text_of(&self, machine: &NodeName, path: &std::path::Path) -> Option<&str> {
        self.steps.values().flat_map(|stage| stage.planned_on(machine)).find_map(|planned| {
            match &planned.step {
                Step::WriteFile(file) if file.path == path => Some(file.text.as_str()),
                _ => None,
            }
        })
    }

    fn stages(self) -> Vec<StagePlan> {
        let stages = self.steps.into_iter();
        stages.map(|(stage, draft)| StagePlan { stage, machines: draft.machines }).collect()
    }

    /// Whether any step of that stage is planned on any machine.
    pub(super) fn has(&self, stage: Stage) -> bool {
        self.steps.contains_key(&stage)
    }
}

/// Makes the plan.
pub fn plan(inputs: &Inputs<'_>) -> Plan {
    let mut draft = Draft::default();
    let skipped = missing(inputs, &mut draft);
    let mut hosts = Hosts::of(inputs.site);
    for wants in inputs.wants {
        if let Some(observed) = inputs.observed.get(&wants.machine.name) {
            machine::plan(inputs, &mut hosts, wants, observed, &mut draft);
        }
    }
    draft.tell_noted();
    secrets::plan(inputs, &mut draft);
    cluster::plan(inputs, &mut draft);
    Plan {
        refusals: std::mem::take(&mut draft.refusals),
        skipped,
        left: draft.left.take(),
        notes: std::mem::take(&mut draft.notes),
        stages: draft.stages(),
    }
}

/// A unit's name as a shell reads it: systemd writes some characters with a
/// backslash.
pub(super) fn in_quotes(unit: &str) -> String {
    if unit.contains('\\') { format!("'{unit}'") } else { unit.to_owned() }
}

/// A compute or login node that is away can be done later; without a
/// controller or the arbiter nothing that follows would be decided rightly.
fn missing(inputs: &Inputs<'_>, draft: &mut Draft) -> Vec<NodeName> {
    let mut skipped = Vec::new();
    for wants in inputs.wants {
        let machine = &wants.machine;
        if inputs.observed.contains_key(&machine.name) {
            continue;
        }
        if machine.roles.contains(&Role::Controller) || machine.roles.contains(&Role::Arbiter) {
            draft.refuse(
                &machine.name,
                "did not answer, and the control plane cannot be planned without it".to_owned(),
                "`slurmha check` says why it does not answer",
            );
        } else {
            skipped.push(machine.name.clone());
        }
    }
    skipped
}
