// SPDX-License-Identifier: Apache-2.0
//! From evidence to report.

mod expectation;
mod finding;
mod job_fate;
mod order;
mod outage;
mod phase;
mod requeued;
mod verdict;
mod watched;
mod window;
mod writer;

use jiff::Timestamp;

use super::evidence::{Evidence, Sample, Stroke};
use super::held_back::Hastened;
use super::phase::Phase;
use super::report::{HastenedJob, Outage, Report, StrokeSpan};
use super::time::{rounded, seconds};
use crate::state_save::Takeover;
use job_fate::jobs;
use outage::{accounting_outage, rpc_outage, start_outage, submit_outage};
use phase::phases;
use verdict::{Findings, Judged, verdict};
use window::UnsavedWindow;
pub(super) use writer::signs;
use writer::writers;

pub(crate) use outage::unanswered;
pub use window::UNSAVED_WINDOW;

/// Judges a drill by what was seen.
pub fn analyse(evidence: &Evidence) -> Report {
    let window = UnsavedWindow::new(evidence);
    let submit = submit_outage(evidence);
    let rpc = rpc_outage(evidence);
    let start = start_outage(evidence);
    let jobs = jobs(evidence, &window);
    let writers = writers(evidence);
    let phases = phases(evidence);
    let findings = Findings {
        submit: &submit,
        rpc: &rpc,
        start: start.as_ref(),
        jobs: &jobs,
        writers_max: &writers.max,
        notice: phases.get(&Phase::Notice),
    };
    let gravest = evidence.gravest();
    let Judged { verdict, reasons, invariants } = verdict(evidence, &findings);
    Report {
        fault: evidence.scenario.fault,
        verdict,
        reasons,
        invariants,
        cluster: evidence.cluster_name.clone(),
        victim: evidence.victim.clone(),
        survivor: evidence.survivor.clone(),
        client: evidence.client.clone(),
        cut: evidence.cut,
        run: evidence.run.clone(),
        submit_outage_s: submit.seconds(),
        submit_outage: submit,
        rpc_outage_s: rpc.seconds(),
        rpc_outage: rpc,
        accounting_outage: accounting_outage(evidence),
        start_outage_s: start.as_ref().map(Outage::seconds),
        start_outage: start,
        phases,
        jobs,
        writers_max: writers.max.ok(),
        writers: writers.intervals,
        saved_state_age_s: saved_state_age(evidence),
        takeover: takeover(evidence),
        process: gravest.process.clone(),
        taken_back_s: taken_back(evidence),
        strokes: strokes(evidence),
        hastened: hastened(evidence),
        aftermath: evidence.aftermath.clone(),
        scenario: evidence.scenario.clone(),
        troubles: evidence.troubles.clone(),
    }
}

fn taken_back(evidence: &Evidence) -> Option<f64> {
    let by_the_victim = evidence.taken_back.map(|at| evidence.on_drill_clock(&evidence.victim, at));
    Some(rounded(seconds(evidence.cut, by_the_victim.or(evidence.given_back)?)))
}

/// Several faults, for those who look at the whole; nothing when there is one.
fn strokes(evidence: &Evidence) -> Vec<StrokeSpan> {
    let span = |stroke: &Stroke| StrokeSpan {
        fault: stroke.fault,
        victim: stroke.victim.clone(),
        begin_s: stroke.at.is_ok().then(|| rounded(evidence.begin_s(stroke))),
        end_s: evidence.end_s(stroke).map(rounded),
        missed: stroke.at.clone().err(),
    };
    evidence.strokes.iter().map(span).collect()
}

fn hastened(evidence: &Evidence) -> Vec<HastenedJob> {
    let told = |job: &Hastened| HastenedJob {
        name: job.name.clone(),
        id: job.id,
        at_s: rounded(seconds(evidence.cut, evidence.on_drill_clock(&evidence.client, job.at))),
        earlier_s: job.earlier_s(),
    };
    evidence.hastened.iter().map(told).collect()
}

/// The takeover of this drill; a machine keeps its last one until then.
fn takeover(evidence: &Evidence) -> Option<Takeover> {
    let began = |machine, takeover: &Takeover| evidence.on_drill_clock(machine, takeover.at);
    let of_this_drill = evidence.takeovers.iter().filter(|(m, t)| began(m, t) > evidence.cut);
    of_this_drill.max_by_key(|(machine, takeover)| began(machine, takeover)).map(|(_, t)| t.clone())
}

/// How old the saved job table was when slurmctld died.
fn saved_state_age(evidence: &Evidence) -> Option<f64> {
    let stroke = evidence.gravest();
    let (fault, at) = (stroke.fault, stroke.at.ok()?);
    let saved = match fault {
        _ if !fault.may_lose_unsaved() => None,
        _ if fault.may_fell_machine() => saved_as_found(evidence, at),
        _ => saved_as_left(evidence, at),
    }?;
    // The date was set by the victim's clock.
    let age = rounded(seconds(evidence.on_drill_clock(&evidence.victim, saved), at));
    (age >= 0.0).then_some(age)
}

/// The table's date as the survivor saw it when it had just mounted the
/// volume, and before its own slurmctld saved it anew.
fn saved_as_found(evidence: &Evidence, at: Timestamp) -> Option<Timestamp> {
    let after = |s: &&Sample| evidence.on_drill_clock(&evidence.survivor, s.at) > at;
    let samples = evidence.samples.get(&evidence.survivor)?;
    samples.iter().filter(after).find_map(|sample| sample.state.state_saved)
}

/// The table's date as the victim saw it last before the fault.
fn saved_as_left(evidence: &Evidence, at: Timestamp) -> Option<Timestamp> {
    let before = |s: &&Sample| evidence.on_drill_clock(&evidence.victim, s.at) <= at;
    let samples = evidence.samples.get(&evidence.victim)?;
    samples.iter().rfind(before)?.state.state_saved
}
