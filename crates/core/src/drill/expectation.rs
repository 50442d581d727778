// SPDX-License-Identifier: Apache-2.0
//! What a fault demands beyond service and jobs: that clients see nothing of
//! it, that the role has moved, that what was hit is back.

use std::collections::BTreeMap;

use super::evidence::{Evidence, Submission};
use super::fault::{Daemon, Fault, FaultSignal, Side};
use super::job_fate::is_final;
use super::report::Jobs;
use super::time::seconds;
use super::verdict::listed;
use crate::observe::{JobRecord, Reading};

/// Every demand that was not met, in words.
pub(super) fn unmet(evidence: &Evidence, jobs: &Jobs) -> Vec<String> {
    let fault = evidence.scenario.fault;
    let mut unmet = Vec::new();
    if fault.is_behind_the_scheduler() {
        unmet.extend(seen_by_clients(jobs));
        unmet.extend(accounting(evidence));
    }
    if fault.must_move() && !survivor_ran(evidence, Daemon::Slurmctld) {
        unmet.push(format!("slurmctld never ran on {}", evidence.survivor));
    }
    if let Fault::Process(_, daemon, signal) = fault {
        unmet.extend(not_back(evidence, daemon, signal));
    }
    // After the loss of the active controller the verdict is about what the
    // survivor did; everywhere else the end is part of the proof.
    if fault != Fault::PowerLoss(Side::Active) && evidence.aftermath.powered_on {
        unmet.extend(not_as_before(evidence));
    }
    unmet
}

fn seen_by_clients(jobs: &Jobs) -> Option<String> {
    let count = jobs.refused + jobs.unanswered;
    let plural = if count == 1 { "" } else { "s" };
    (count > 0)
        .then(|| format!("{count} submission{plural} got an error or no answer: clients saw it"))
}

/// Every acknowledged job must have ended in the accounting, once.
fn accounting(evidence: &Evidence) -> Vec<String> {
    let records = match &evidence.accounting_jobs {
        Reading::Known(records) => records,
        Reading::Unknown(why) => return vec![format!("the accounting could not be read: {why}")],
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
    let twice = names(&|records| records.len() > 1);
    [
        listed("missing in the accounting", missing.into_iter()),
        listed("without an end in the accounting", open.into_iter()),
        listed("more than once in the accounting", twice.into_iter()),
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

fn not_back(evidence: &Evidence, daemon: Daemon, signal: FaultSignal) -> Option<String> {
    let victim = &evidence.victim;
    let what = daemon.title();
    let Some(process) = &evidence.process else {
        return Some(format!("what became of {what} on {victim} was not seen"));
    };
    if process.thawed && signal == FaultSignal::Freeze {
        return Some(format!("{what} stayed frozen on {victim}: nobody ended it"));
    }
    // A machine comes back as a whole, or what is lacking says that it did not.
    let as_a_whole = evidence.scenario.fault.fells_machine();
    if as_a_whole || process.answered.is_some() || survivor_ran(evidence, daemon) {
        return None;
    }
    let watched = seconds(evidence.cut, evidence.load_stopped);
    Some(format!(
        "{what} was not back in the {watched:.0} s after {}",
        evidence.scenario.fault.event()
    ))
}

fn not_as_before(evidence: &Evidence) -> Vec<String> {
    let after = &evidence.aftermath;
    let away = evidence.scenario.fault.cuts_power() && after.rejoined_after_s.is_none();
    let away = away.then(|| format!("{} did not become a full member again", evidence.victim));
    let lacking = after.lacking.iter().map(|lack| format!("not as before: {lack}"));
    away.into_iter().chain(lacking).collect()
}
