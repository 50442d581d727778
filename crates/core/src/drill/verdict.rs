// SPDX-License-Identifier: Apache-2.0
//! Whether a drill was passed, and why not.

use std::time::Duration;

use jiff::Timestamp;

use super::evidence::Evidence;
use super::expectation::unmet;
use super::fault::{Daemon, Fault};
use super::invariant::{Finding, Invariant, Judgement, judge};
use super::report::{Jobs, Outage, Verdict};
use super::scenario::Budget;
use super::time::{seconds, short};

/// How long before a power cut Slurm may have acknowledged what it then
/// loses.
///
/// slurmctld answers `sbatch` from memory and saves its job table later: at
/// most `SAVE_MAX_WAIT` = 5 s after a change (state_save.c; counted in whole
/// seconds, so up to 6 s), then it writes and syncs the table, and the rename
/// that makes it valid waits for a commit of the journal (1 s with
/// `commit=1`). The last second is for the write itself and for clocks that
/// are not quite equal. What was acknowledged earlier than that had to
/// survive.
pub const UNSAVED_WINDOW: Duration = Duration::from_secs(8);

/// Jobs that a reason names; the report names all.
const NAMED: usize = 3;

/// An answer that was under way when the power went can arrive this much
/// later; used only when nothing tells when the survivor took over.
const UNDER_WAY_S: f64 = 2.0;

/// The time of which Slurm may know nothing after the cut.
pub(super) struct UnsavedWindow {
    /// The cut, on the drill's clock.
    pub cut: Timestamp,
    /// When (in seconds after the cut) slurmctld certainly did not live any
    /// more.
    died_s: f64,
    /// Until when (in seconds after the cut) answers can only have come from
    /// the slurmctld that was hit.
    until_s: f64,
    /// Whether slurmctld died without having saved at all.
    exists: bool,
    /// Whether an acknowledgement says that the job is saved.
    durable: bool,
}

impl UnsavedWindow {
    pub(super) fn new(evidence: &Evidence) -> Self {
        let survivor = &evidence.survivor;
        let took_over = evidence
            .samples
            .get(survivor)
            .into_iter()
            .flatten()
            .filter(|sample| sample.state.slurmctld == Some(true))
            .map(|sample| seconds(evidence.cut, evidence.on_drill_clock(survivor, sample.at)))
            .find(|at| *at > 0.0);
        // Another daemon that is back says nothing of slurmctld.
        let is_slurmctld =
            matches!(evidence.scenario.fault, Fault::Process(_, Daemon::Slurmctld, _));
        let restarted = evidence
            .process
            .as_ref()
            .filter(|_| is_slurmctld)
            .and_then(|process| process.restarted)
            .map(|at| seconds(evidence.cut, evidence.on_drill_clock(&evidence.victim, at)));
        let took_over = took_over.into_iter().chain(restarted).reduce(f64::min);
        let exists = evidence.scenario.fault.may_lose_unsaved();
        Self {
            cut: evidence.cut,
            died_s: died(evidence),
            until_s: took_over.unwrap_or(UNDER_WAY_S),
            exists,
            durable: evidence.scenario.load.durable,
        }
    }

    /// Whether a job acknowledged at that time may be lost.
    pub(super) fn may_lose(&self, acknowledged_s: f64) -> bool {
        !self.durable && self.holds(acknowledged_s)
    }

    /// Whether something at that time (in seconds after the cut) is in it.
    pub(super) fn holds(&self, after_cut_s: f64) -> bool {
        let from_s = self.died_s - UNSAVED_WINDOW.as_secs_f64();
        self.exists && (from_s..self.until_s).contains(&after_cut_s)
    }
}

/// With the fault, or when the machine was fenced because of it: until then
/// slurmctld went on. Its last sign of life tells when that was.
fn died(evidence: &Evidence) -> f64 {
    let fault = evidence.scenario.fault;
    if fault.cuts_power() || !fault.fells_machine() {
        return 0.0;
    }
    let victim = &evidence.victim;
    let samples = evidence.samples.get(victim).into_iter().flatten();
    let lived = samples.filter(|sample| sample.state.slurmctld == Some(true));
    let times = lived.map(|s| seconds(evidence.cut, evidence.on_drill_clock(victim, s.at)));
    times.fold(0.0, f64::max)
}

/// What the verdict is made of.
pub(super) struct Findings<'a> {
    pub submit: &'a Outage,
    pub rpc: &'a Outage,
    pub start: Option<&'a Outage>,
    pub jobs: &'a Jobs,
    pub writers_max: &'a Result<usize, String>,
}

/// What a drill comes to.
pub(super) struct Judged {
    pub verdict: Verdict,
    /// Why it is no plain pass.
    pub reasons: Vec<String>,
    pub invariants: Vec<Judgement>,
}

/// Judges what was found. Losses are no reason where something is worse.
pub(super) fn verdict(evidence: &Evidence, findings: &Findings<'_>) -> Judged {
    let fault = evidence.scenario.fault;
    let mut failures = service_failures(evidence, findings);
    failures.extend(over_budget(&evidence.scenario.budget, findings));
    failures.extend(job_failures(fault, evidence.scenario.load.durable, findings.jobs));
    failures.extend(unmet(evidence, findings.jobs));
    let losses = unsaved_losses(fault, findings.jobs);
    let invariants = judge(evidence, &failures, &losses);
    let (verdict, reasons) = match (failures.is_empty(), losses.is_empty()) {
        (false, _) => (Verdict::Fail, failures),
        (true, false) => (Verdict::PassWithLoss, losses),
        (true, true) => (Verdict::Pass, Vec::new()),
    };
    let reasons = reasons.into_iter().map(|finding| finding.why).collect();
    Judged { verdict, reasons, invariants }
}

fn service_failures(evidence: &Evidence, findings: &Findings<'_>) -> Vec<Finding> {
    use Invariant::{OneWriter, ServiceReturns};
    let mut failures = Vec::new();
    let event = evidence.scenario.fault.event();
    let watched = seconds(evidence.cut, evidence.load_stopped);
    let before_cut =
        |at| seconds(evidence.cut, evidence.on_drill_clock(&evidence.client, at)) < 0.0;
    let worked =
        evidence.submissions.iter().filter_map(|s| s.acknowledged()).any(|(_, at)| before_cut(at));
    if !worked {
        let why = "no submission was accepted before the fault";
        failures.push(ServiceReturns.finding(why));
    }
    if !findings.submit.ended {
        let why = format!("no submission was accepted again in the {watched:.0} s after {event}");
        failures.push(ServiceReturns.finding(why));
    }
    if !findings.rpc.ended {
        let why = format!("slurmctld did not answer again in the {watched:.0} s after {event}");
        failures.push(ServiceReturns.finding(why));
    }
    match findings.writers_max {
        Ok(0 | 1) => {}
        Ok(count) => {
            let why = format!("{count} controllers could write at the same time");
            failures.push(OneWriter.finding(why));
        }
        Err(why) => {
            let why = format!("how many controllers could write is not known: {why}");
            failures.push(OneWriter.finding(why));
        }
    }
    failures
}

/// An outage that could not be told is not within a budget.
fn over_budget(budget: &Budget, findings: &Findings<'_>) -> Vec<Finding> {
    let outages = [
        ("submission was accepted", budget.submit_s, Some(findings.submit)),
        ("request was answered", budget.rpc_s, Some(findings.rpc)),
        ("job began", budget.start_s, findings.start),
    ];
    let over = outages.into_iter().filter_map(|(what, budget, outage)| {
        let budget = budget?;
        let Some(outage) = outage else {
            return Some(format!("for how long no {what} is not known; the budget is {budget} s"));
        };
        let seconds = outage.seconds();
        (seconds > budget)
            .then(|| format!("no {what} for {} s; the budget is {budget} s", short(seconds)))
    });
    over.map(|why| Invariant::WithinBudget.finding(why)).collect()
}

fn job_failures(fault: Fault, durable: bool, jobs: &Jobs) -> Vec<Finding> {
    use Invariant::{JobsEnd, NoIdTwice, NoJobLost, NoJobTwice};
    let mut failures = Vec::new();
    if let Some(why) = &jobs.unknown {
        let why = format!("what became of the jobs is not known: {why}");
        failures.push(NoJobLost.finding(why));
    }
    let lost_how = if durable {
        "lost after it was said that they are saved".to_owned()
    } else if fault.may_lose_unsaved() {
        let window = UNSAVED_WINDOW.as_secs();
        format!("lost outside the {window} s in which Slurm may not have saved them")
    } else {
        "lost".to_owned()
    };
    let lost = jobs.lost.iter().filter(|job| !job.unsaved);
    failures.extend(listed(
        NoJobLost,
        &lost_how,
        lost.map(|job| format!("{} {}", job.name, moment(fault, job.acknowledged_s))),
    ));
    let twice = jobs.duplicated.iter().filter(|job| !job.unsaved);
    failures.extend(listed(NoJobTwice, "ran more than once", twice.map(|job| job.name.clone())));
    let failed = jobs.failed.iter().filter(|job| !job.unsaved);
    failures.extend(listed(
        JobsEnd,
        "did not run to the end",
        failed.map(|job| format!("{} {}", job.name, job.state)),
    ));
    failures.extend(listed(
        JobsEnd,
        "had not ended when the drill did",
        jobs.unfinished.iter().cloned(),
    ));
    let reused: Vec<String> = jobs.reused_ids.iter().map(|reused| reused.id.to_string()).collect();
    if !reused.is_empty() {
        let why = format!("given to more than one job: id {}", reused.join(", "));
        failures.push(NoIdTwice.finding(why));
    }
    failures
}

/// `3 jobs WHAT: a, b, ...`; nothing when there are none.
pub(super) fn listed(
    invariant: Invariant,
    what: &str,
    names: impl Iterator<Item = String>,
) -> Option<Finding> {
    let names: Vec<String> = names.collect();
    if names.is_empty() {
        return None;
    }
    let more = if names.len() > NAMED { ", ..." } else { "" };
    let shown: Vec<&str> = names.iter().take(NAMED).map(String::as_str).collect();
    let why = format!("{} {what}: {}{more}", counted(names.len()), shown.join(", "));
    Some(invariant.finding(why))
}

/// What was lost because Slurm had not saved it.
fn unsaved_losses(fault: Fault, jobs: &Jobs) -> Vec<Finding> {
    use Invariant::{JobsEnd, NoJobLost, NoJobTwice};
    let lost = jobs.lost.iter().filter(|job| job.unsaved).count();
    let twice = jobs.duplicated.iter().filter(|job| job.unsaved).count();
    let failed = jobs.failed.iter().filter(|job| job.unsaved).count();
    let moment = fault.moment_of_loss();
    let event = fault.event();
    [
        (NoJobLost, lost, format!("acknowledged and not yet saved by Slurm when {moment}")),
        (NoJobTwice, twice, "ran again because Slurm had not yet saved that it had run".to_owned()),
        (
            JobsEnd,
            failed,
            format!("called failed: what it did shortly before {event} was not yet saved"),
        ),
    ]
    .into_iter()
    .filter(|(_, count, _)| *count > 0)
    .map(|(invariant, count, what)| invariant.finding(format!("{} {what}", counted(count))))
    .collect()
}

/// `1 job`, `2 jobs`.
pub(super) fn counted(count: usize) -> String {
    format!("{count} job{}", if count == 1 { "" } else { "s" })
}

/// A time relative to the fault, in words.
pub(super) fn moment(fault: Fault, after_cut_s: f64) -> String {
    let side = if after_cut_s < 0.0 { "before" } else { "after" };
    format!("{} s {side} {}", short(after_cut_s.abs()), fault.event())
}
