// SPDX-License-Identifier: Apache-2.0
//! Whether a drill was passed, and why not.

use super::expectation::unmet;
use super::finding::{Finding, judge, listed};
use super::window::UNSAVED_WINDOW;
use crate::drill::evidence::Evidence;
use crate::drill::fault::Fault;
use crate::drill::invariant::{Invariant, Judgement};
use crate::drill::phase::PhaseTiming;
use crate::drill::report::{Jobs, Outage, Verdict};
use crate::drill::scenario::{Budget, Scenario};
use crate::drill::time::{seconds, short};
use crate::drill::words::{counted, moment};

/// What the verdict is made of.
pub(super) struct Findings<'a> {
    pub submit: &'a Outage,
    pub rpc: &'a Outage,
    pub start: Option<&'a Outage>,
    pub jobs: &'a Jobs,
    pub writers_max: &'a Result<usize, String>,
    /// The phase of that name, if the fault has it.
    pub notice: Option<&'a PhaseTiming>,
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
    let scenario = &evidence.scenario;
    let mut failures = service_failures(evidence, findings);
    failures.extend(over_budget(&scenario.budget, findings));
    failures.extend(noticed_late(&scenario.budget, findings.notice));
    failures.extend(job_failures(scenario, findings.jobs));
    failures.extend(unmet(evidence, findings.jobs));
    let losses = unsaved_losses(scenario, findings.jobs);
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
    let event = evidence.scenario.event();
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

/// Nobody goes on for a machine before it is known to be gone; what is not known
/// is not within a budget here either.
fn noticed_late(budget: &Budget, notice: Option<&PhaseTiming>) -> Option<Finding> {
    let budget = budget.notice_s?;
    let why = match notice.and_then(|phase| Some(phase.end_s? - phase.start_s?)) {
        Some(seconds) if seconds <= budget => return None,
        Some(seconds) => {
            let seconds = short(seconds);
            format!("Pacemaker knew of it after {seconds} s; the budget is {budget} s")
        }
        None => {
            format!("after how long Pacemaker knew of it is not known; the budget is {budget} s")
        }
    };
    Some(Invariant::WithinBudget.finding(why))
}

fn job_failures(scenario: &Scenario, jobs: &Jobs) -> Vec<Finding> {
    use Invariant::{JobsEnd, NoIdTwice, NoJobLost, NoJobTwice, OrdersKept};
    let mut failures = Vec::new();
    if let Some(why) = &jobs.unknown {
        let why = format!("what became of the jobs is not known: {why}");
        failures.push(NoJobLost.finding(why));
    }
    let lost_how = if scenario.load.durable {
        "lost after it was said that they are saved".to_owned()
    } else if scenario.any(Fault::may_lose_unsaved) {
        let window = UNSAVED_WINDOW.as_secs();
        format!("lost outside the {window} s in which Slurm may not have saved them")
    } else {
        "lost".to_owned()
    };
    let lost = jobs.lost.iter().filter(|job| !job.unsaved);
    failures.extend(listed(
        NoJobLost,
        &lost_how,
        lost.map(|job| format!("{} {}", job.name, moment(scenario.event(), job.acknowledged_s))),
    ));
    let twice = jobs.duplicated.iter().filter(|job| !job.unsaved);
    failures.extend(listed(NoJobTwice, "ran more than once", twice.map(|job| job.name.clone())));
    let failed = jobs.failed.iter().filter(|job| !job.unsaved);
    failures.extend(listed(
        JobsEnd,
        "did not run to the end",
        failed.map(|job| format!("{} {}", job.name, job.end())),
    ));
    failures.extend(listed(
        JobsEnd,
        "had not ended when the drill did",
        jobs.unfinished.iter().cloned(),
    ));
    failures.extend(listed(
        OrdersKept,
        "of which an order was taken and not carried out",
        jobs.orders.lost.iter().filter(|order| !order.unsaved).map(|order| {
            format!("{} {} {}", order.name, order.what, moment(scenario.event(), order.at_s))
        }),
    ));
    failures.extend(listed(
        OrdersKept,
        "began before the one for which they wait had ended",
        jobs.orders.early.iter().cloned(),
    ));
    let reused: Vec<String> = jobs.reused_ids.iter().map(|reused| reused.id.to_string()).collect();
    if !reused.is_empty() {
        let why = format!("given to more than one job: id {}", reused.join(", "));
        failures.push(NoIdTwice.finding(why));
    }
    failures
}

/// What was lost because Slurm had not saved it.
fn unsaved_losses(scenario: &Scenario, jobs: &Jobs) -> Vec<Finding> {
    use Invariant::{JobsEnd, NoJobLost, NoJobTwice, OrdersKept};
    let lost = jobs.lost.iter().filter(|job| job.unsaved).count();
    let twice = jobs.duplicated.iter().filter(|job| job.unsaved).count();
    let failed = jobs.failed.iter().filter(|job| job.unsaved).count();
    let orders = jobs.orders.lost.iter().filter(|order| order.unsaved).count();
    let moment = scenario.gravest().moment_of_loss();
    let event = scenario.gravest().event();
    [
        (NoJobLost, lost, format!("acknowledged and not yet saved by Slurm when {moment}")),
        (NoJobTwice, twice, "ran again because Slurm had not yet saved that it had run".to_owned()),
        (
            JobsEnd,
            failed,
            format!("called failed: what it did shortly before {event} was not yet saved"),
        ),
        (OrdersKept, orders, "of which an order was not yet saved and is forgotten".to_owned()),
    ]
    .into_iter()
    .filter(|(_, count, _)| *count > 0)
    .map(|(invariant, count, what)| invariant.finding(format!("{} {what}", counted(count))))
    .collect()
}
