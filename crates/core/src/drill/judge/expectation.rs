// SPDX-License-Identifier: Apache-2.0
//! What a fault demands beyond service and jobs: that clients see nothing of
//! it, that the role has moved, that what was hit is back.

use std::collections::BTreeMap;

use super::finding::{Finding, listed};
use super::job_fate::is_final;
use crate::drill::evidence::{Evidence, Submission};
use crate::drill::fault::{Daemon, Fault, FaultSignal, Side};
use crate::drill::invariant::Invariant;
use crate::drill::report::Jobs;
use crate::drill::time::seconds;
use crate::observe::{JobRecord, Reading};

/// Every demand that was not met, in words.
pub(super) fn unmet(evidence: &Evidence, jobs: &Jobs) -> Vec<Finding> {
    let fault = evidence.scenario.fault;
    let mut unmet = Vec::new();
    if fault.is_behind_the_scheduler() {
        unmet.extend(seen_by_clients(jobs));
        unmet.extend(accounting(evidence));
    }
    if fault.must_move() && !survivor_ran(evidence, Daemon::Slurmctld) {
        let why = format!("slurmctld never ran on {}", evidence.survivor);
        unmet.push(Invariant::RoleMoves.finding(why));
    }
    if let Fault::Process(_, daemon, signal) = fault {
        unmet.extend(not_back(evidence, daemon, signal));
    }
    if Invariant::AsBefore.applies_to(evidence) {
        unmet.extend(not_as_before(evidence));
    }
    unmet
}

fn seen_by_clients(jobs: &Jobs) -> Option<Finding> {
    let count = jobs.refused + jobs.unanswered;
    let plural = if count == 1 { "" } else { "s" };
    let why = format!("{count} submission{plural} got an error or no answer: clients saw it");
    (count > 0).then(|| Invariant::NoClientSees.finding(why))
}

/// States of a run that Slurm has given up to begin another one (sacct(1), JOB
/// STATE CODES).
const REQUEUED: [&str; 2] = ["NODE_FAIL", "REQUEUED"];

/// Every acknowledged job must have ended in the accounting, once.
fn accounting(evidence: &Evidence) -> Vec<Finding> {
    use Invariant::Accounted;
    let records = match &evidence.accounting_jobs {
        Reading::Known(records) => records,
        Reading::Unknown(why) => {
            return vec![Accounted.finding(format!("the accounting could not be read: {why}"))];
        }
    };
    let mut by_name: BTreeMap<&str, Vec<&JobRecord>> = BTreeMap::new();
    for record in records {
        by_name.entry(&record.name).or_default().push(record);
    }
    let of = |name: &str| by_name.get(name).map_or(&[][..], Vec::as_slice);
    let acknowledged = evidence.submissions.iter().filter(|s| s.acknowledged().is_some());
    let acknowledged: Vec<&Submission> = acknowledged.collect();
    let names = |wrong: &dyn Fn(&[&JobRecord]) -> bool| {
        let names = acknowledged.iter().map(|s| s.name.as_str());
        names.filter(|name| wrong(of(name))).map(str::to_owned).collect::<Vec<_>>()
    };
    let missing = names(&|records| records.is_empty());
    let open = names(&|records| records.last().is_some_and(|record| !is_final(record)));
    // A run that its node did not survive has a record of its own.
    let lost_node = evidence.scenario.fault.side() == Side::Compute;
    let is_lost = |record: &JobRecord| REQUEUED.contains(&record.state.as_str());
    let twice = names(&|records| {
        records.iter().filter(|record| !(lost_node && is_lost(record))).count() > 1
    });
    [
        listed(Accounted, "missing in the accounting", missing.into_iter()),
        listed(Accounted, "without an end in the accounting", open.into_iter()),
        listed(Accounted, "more than once in the accounting", twice.into_iter()),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Whether a daemon was seen on the survivor after the fault.
fn survivor_ran(evidence: &Evidence, daemon: Daemon) -> bool {
    let samples = evidence.samples.get(&evidence.survivor).into_iter().flatten();
    let mut later = samples
        .filter(|s| evidence.on_drill_clock(&evidence.survivor, s.at) > evidence.cut)
        .map(|sample| &sample.state);
    later.any(|state| state.runs(daemon) == Some(true))
}

fn not_back(evidence: &Evidence, daemon: Daemon, signal: FaultSignal) -> Option<Finding> {
    use Invariant::ProcessReturns;
    let victim = &evidence.victim;
    let what = daemon.title();
    let Some(process) = &evidence.process else {
        let why = format!("what became of {what} on {victim} was not seen");
        return Some(ProcessReturns.finding(why));
    };
    if process.thawed && signal == FaultSignal::Freeze {
        let why = format!("{what} stayed frozen on {victim}: nobody ended it");
        return Some(ProcessReturns.finding(why));
    }
    // A machine comes back as a whole, or what is lacking says that it did not.
    let as_a_whole = evidence.scenario.fault.fells_machine();
    if as_a_whole || process.answered.is_some() || survivor_ran(evidence, daemon) {
        return None;
    }
    let watched = seconds(evidence.cut, evidence.load_stopped);
    let event = evidence.scenario.fault.event();
    let why = format!("{what} was not back in the {watched:.0} s after {event}");
    Some(ProcessReturns.finding(why))
}

fn not_as_before(evidence: &Evidence) -> Vec<Finding> {
    let after = &evidence.aftermath;
    let fault = evidence.scenario.fault;
    let is_awaited = fault.cuts_power() && !fault.leaves_nobody();
    let away = is_awaited && after.rejoined_after_s.is_none();
    let away = away.then(|| format!("{} did not become a full member again", evidence.victim));
    let lacking = after.lacking.iter().map(|lack| format!("not as before: {lack}"));
    away.into_iter().chain(lacking).map(|why| Invariant::AsBefore.finding(why)).collect()
}
