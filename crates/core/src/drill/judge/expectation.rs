// SPDX-License-Identifier: Apache-2.0
//! What a fault demands beyond service and jobs: that clients see nothing of
//! it, that the role has moved, that what was hit is back.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::finding::{Finding, listed};
use super::job_fate::{Traces, names};
use super::watched::{Gap, fenced, gaps, may_be_fenced_untold};
use crate::drill::evidence::{ControllerState, Evidence, MarkKind, OrderFate, Stroke, Submission};
use crate::drill::fault::{Daemon, Fault, FaultSignal, Side};
use crate::drill::invariant::Invariant;
use crate::drill::report::Jobs;
use crate::drill::time::{seconds, short};
use crate::drill::told::ToBeTold;
use crate::drill::words::moment;
use crate::drill::work::Work;
use crate::observe::{JobRecord, Reading};
use crate::site::NodeName;

/// Every demand that was not met, in words.
pub(super) fn unmet(evidence: &Evidence, jobs: &Jobs) -> Vec<Finding> {
    let scenario = &evidence.scenario;
    let mut unmet = missed(evidence);
    unmet.extend(not_booted(evidence));
    if Invariant::NoClientSees.applies_to(evidence) {
        unmet.extend(seen_by_clients(jobs));
        unmet.extend(accounting(evidence));
        unmet.extend(wrong_times(evidence));
        unmet.extend(moved(evidence));
    }
    let survivor = &evidence.survivor;
    if scenario.any(Fault::must_hand_over) && !ran_on(evidence, survivor, Daemon::Slurmctld) {
        let why = format!("slurmctld never ran on {survivor}");
        unmet.push(Invariant::RoleMoves.finding(why));
    }
    // What is played alone.
    let fault = scenario.fault;
    if fault.is_move() {
        unmet.extend(went_back(evidence));
    }
    if fault.must_wait() {
        unmet.extend(did_not_wait(evidence));
    }
    if fault == Fault::TwoSwitchovers {
        unmet.extend(not_one_order(&evidence.orders));
    }
    if let Some(wanted) = scenario.to_be_told(&evidence.victim) {
        unmet.extend(not_told(&wanted, evidence.status_told.as_deref()));
    }
    for stroke in evidence.happened() {
        if let Fault::Process(_, daemon, signal) = stroke.fault {
            unmet.extend(not_back(evidence, &stroke, daemon, signal));
        }
    }
    if Invariant::CopiesAgree.applies_to(evidence) {
        unmet.extend(not_the_same(evidence.compared.as_ref()));
    }
    if Invariant::AsBefore.applies_to(evidence) {
        unmet.extend(not_as_before(evidence));
    }
    unmet
}

/// Faults that did not happen, or that nobody can have felt.
fn missed(evidence: &Evidence) -> Vec<Finding> {
    let strokes = evidence.strokes().into_iter();
    let missed = strokes
        .filter_map(|stroke| Some((stroke.fault.name(), stroke.at.err().or(stroke.unfelt)?)));
    missed.map(|(name, why)| Invariant::FaultsHappen.finding(format!("no {name}: {why}"))).collect()
}

/// Machines that a fault ends, and that go on with the same boot: another machine was
/// hit, or none. Of one that could not be asked nothing is said.
fn not_booted(evidence: &Evidence) -> Vec<Finding> {
    let strokes = evidence.happened().into_iter().filter(|stroke| stroke.fault.has_to_boot());
    let lived = strokes.flat_map(|stroke| {
        let hit = [Some(stroke.victim), stroke.fault.hits_both().then_some(stroke.survivor)];
        let lives = |machine: &NodeName| evidence.boots.get(machine) == Some(&false);
        let lived: Vec<NodeName> = hit.into_iter().flatten().filter(lives).collect();
        lived.into_iter().map(move |machine| (stroke.fault.name(), machine))
    });
    let why = |(name, machine)| format!("no {name}: {machine} has not booted anew since before it");
    lived.map(|it| Invariant::FaultsHappen.finding(why(it))).collect()
}

fn seen_by_clients(jobs: &Jobs) -> Option<Finding> {
    let orders = jobs.orders.refused + jobs.orders.unanswered;
    let count = jobs.refused + jobs.unanswered + orders;
    let plural = if count == 1 { "" } else { "s" };
    let what = if orders == 0 { "submission" } else { "request" };
    let why = format!("{count} {what}{plural} got an error or no answer: clients saw it");
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
    let mut by_name: BTreeMap<String, Vec<&JobRecord>> = BTreeMap::new();
    for record in records {
        for name in names(record) {
            by_name.entry(name).or_default().push(record);
        }
    }
    let of = |name: &str| by_name.get(name).map_or(&[][..], Vec::as_slice);
    let acknowledged = evidence.submissions.iter().filter(|s| s.acknowledged().is_some());
    let jobs = |s: &Submission| s.jobs().into_iter().map(|name| (s.work, name)).collect::<Vec<_>>();
    let acknowledged: Vec<(Work, String)> = acknowledged.flat_map(jobs).collect();
    let names = |wrong: &dyn Fn(Work, &[&JobRecord]) -> bool| {
        let wrong = acknowledged.iter().filter(|(work, name)| wrong(*work, of(name)));
        wrong.map(|(_, name)| name.clone()).collect::<Vec<_>>()
    };
    let missing = names(&|_, records| records.is_empty());
    let open = names(&|_, records| records.last().is_some_and(|record| !record.is_final()));
    // A run that its node did not survive, or its user ended, has a record of its
    // own.
    let lost_node = evidence.scenario.any(|fault| fault.may_remove(Side::Compute));
    let is_over = |work, record: &JobRecord| {
        (lost_node || work == Work::Requeued) && REQUEUED.contains(&record.state.as_str())
    };
    let twice =
        names(&|work, records| records.iter().filter(|record| !is_over(work, record)).count() > 1);
    [
        listed(Accounted, "missing in the accounting", missing.into_iter()),
        listed(Accounted, "without an end in the accounting", open.into_iter()),
        listed(Accounted, "more than once in the accounting", twice.into_iter()),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Seconds by which the accounting may miss a job's own marks: it counts in whole
/// ones, and clocks are not quite equal.
const TIMES_AGREE_S: f64 = 2.0;

/// Jobs that ran to their end at other times than the accounting says. slurmctld
/// may hear of an end late; it cannot hear of it early.
fn wrong_times(evidence: &Evidence) -> Option<Finding> {
    let traces = Traces::new(evidence);
    let stroke = evidence.gravest();
    let on_active = stroke.fault.side() == Side::Active;
    let active = if on_active { &stroke.victim } else { &stroke.survivor };
    let after = |at| seconds(evidence.cut, evidence.on_drill_clock(active, at));
    let is_wrong = |name: &String| {
        let Some(record) = traces.accounted(name).filter(|it| it.state == "COMPLETED") else {
            return false;
        };
        // Of several runs the last one has the record.
        let marks = traces.marks_of(name).iter();
        let last = |kind| marks.clone().rev().find(|(_, mark)| mark.kind == kind);
        let late = last(MarkKind::Start)
            .zip(record.started)
            .is_some_and(|((began, _), started)| after(started) > began + TIMES_AGREE_S);
        let early = last(MarkKind::End)
            .zip(record.ended)
            .is_some_and(|((end, _), ended)| after(ended) < end - TIMES_AGREE_S);
        late || early
    };
    let acknowledged = evidence.submissions.iter().filter(|it| it.acknowledged().is_some());
    let wrong: Vec<String> = acknowledged.flat_map(Submission::jobs).filter(is_wrong).collect();
    let what = "ran outside of the time that the accounting has";
    listed(Invariant::Accounted, what, wrong.into_iter())
}

/// Whether a daemon was seen on a controller after the fault.
fn ran_on(evidence: &Evidence, controller: &NodeName, daemon: Daemon) -> bool {
    let samples = evidence.samples.get(controller).into_iter().flatten();
    let mut later = samples
        .filter(|s| evidence.on_drill_clock(controller, s.at) > evidence.cut)
        .map(|sample| &sample.state);
    later.any(|state| state.runs(daemon) == Some(true))
}

/// When slurmctld was seen to run on a machine.
fn scheduler_seen(evidence: &Evidence, machine: &NodeName) -> Vec<Timestamp> {
    let samples = evidence.samples.get(machine).into_iter().flatten();
    let running = samples.filter(|sample| sample.state.slurmctld == Some(true));
    running.map(|sample| evidence.on_drill_clock(machine, sample.at)).collect()
}

/// The scheduler on a controller that had not run it before.
fn moved(evidence: &Evidence) -> Option<Finding> {
    let begins = |machine| {
        let first = scheduler_seen(evidence, machine).into_iter().min()?;
        (first > evidence.cut).then_some((machine, first))
    };
    let (machine, at) = evidence.samples.keys().find_map(begins)?;
    let at = short(seconds(evidence.cut, at));
    let event = evidence.scenario.event();
    let why = format!("slurmctld moved to {machine}, {at} s after {event}");
    Some(Invariant::RoleStays.finding(why))
}

/// A role that moves once does not come back: the old side runs no slurmctld
/// any more when the new one has.
fn went_back(evidence: &Evidence) -> Option<Finding> {
    let runs = |machine| scheduler_seen(evidence, machine);
    let arrived = runs(&evidence.survivor).into_iter().find(|at| *at > evidence.cut)?;
    let again = runs(&evidence.victim).into_iter().find(|at| *at > arrived)?;
    let why = format!(
        "slurmctld ran on {} again, {} s after {}",
        evidence.victim,
        short(seconds(evidence.cut, again)),
        evidence.scenario.fault.event()
    );
    Some(Invariant::RoleMoves.finding(why))
}

/// The other controller may be promoted when the lost one is proven dead; with
/// half of the data it may not at all.
fn did_not_wait(evidence: &Evidence) -> Option<Finding> {
    let Evidence { survivor, victim, cut, .. } = evidence;
    let half = evidence.scenario.fault == Fault::ResyncPowerLoss;
    if !half && evidence.given_back.is_none() {
        let why = format!("when the BMC of {victim} could be reached again is not known");
        return Some(Invariant::Waits.finding(why));
    }
    let safe = evidence.given_back.filter(|_| !half);
    let samples = evidence.samples.get(survivor).into_iter().flatten();
    let writing = samples.filter(|sample| {
        let ControllerState { drbd_role, state_mounted, slurmctld, .. } = &sample.state;
        drbd_role.as_deref() == Some("Primary")
            || *state_mounted == Some(true)
            || *slurmctld == Some(true)
    });
    let early = writing
        .map(|sample| evidence.on_drill_clock(survivor, sample.at))
        .find(|at| at > cut && safe.is_none_or(|safe| *at < safe));
    let Some(early) = early else { return not_seen_waiting(evidence, safe) };
    let reason = if half {
        "although its data were half".to_owned()
    } else {
        format!("while nobody could tell whether {victim} was dead")
    };
    let at = short(seconds(*cut, early));
    let event = evidence.scenario.fault.event();
    let why = format!("{survivor} could write {at} s after {event}, {reason}");
    Some(Invariant::Waits.finding(why))
}

/// One that was not looked at was not seen waiting.
fn not_seen_waiting(evidence: &Evidence, safe: Option<Timestamp>) -> Option<Finding> {
    let survivor = &evidence.survivor;
    let safe = safe.map_or(f64::INFINITY, |at| seconds(evidence.cut, at));
    let gaps = gaps(evidence, survivor).into_iter();
    let mut waited = gaps.map(|gap| Gap { until: gap.until.min(safe), ..gap });
    let gap = waited.find(|gap| gap.is_too_long())?;
    let length = short(gap.length());
    let from = moment(evidence.scenario.fault.event(), gap.from);
    let why = format!("{survivor} was not seen for {length} s, the last time {from}");
    Some(Invariant::Waits.finding(why))
}

fn not_one_order(orders: &[OrderFate]) -> Option<Finding> {
    use OrderFate::{Failed, Moved, Refused};
    if let [Moved, Refused(why)] | [Refused(why), Moved] = orders
        && !why.is_empty()
    {
        return None;
    }
    let told = orders.iter().map(|order| match order {
        Moved => "one moved the role".to_owned(),
        Refused(why) => format!("one was refused ({why})"),
        Failed(why) => format!("one failed ({why})"),
    });
    let told: Vec<String> = told.collect();
    let why = match told.is_empty() {
        true => "what became of the two orders is not known".to_owned(),
        false => format!("of two orders {}", told.join(", and ")),
    };
    Some(Invariant::OneOrder.finding(why))
}

/// The constraint by its id, with what takes it away.
fn not_told(wanted: &ToBeTold, told: Option<&[String]>) -> Option<Finding> {
    let Some(told) = told else {
        let why = "status was not looked at meanwhile";
        return Some(Invariant::StatusTells.finding(why));
    };
    if wanted.is_told_in(told) {
        return None;
    }
    let instead = if told.is_empty() { "nothing".to_owned() } else { told.join("; ") };
    let why = format!("status did not name {} with its cure; it told: {instead}", wanted.what);
    Some(Invariant::StatusTells.finding(why))
}

/// Whether another fault took the machine away, for good or to boot anew. That it may
/// have is no proof: a slow link costs a machine that is not fenced for it nothing.
fn went_besides(evidence: &Evidence, stroke: &Stroke) -> bool {
    let is_fenced = || !fenced(evidence, &stroke.victim).is_empty();
    let goes = |fault: Fault| {
        let is_untold = fault.fells_machine() && may_be_fenced_untold(evidence);
        fault.has_to_boot() || is_untold || fault.may_remove(fault.side()) && is_fenced()
    };
    let happened = evidence.happened();
    let mut others = happened.iter().filter(|other| other.fault != stroke.fault);
    others.any(|other| other.victim == stroke.victim && goes(other.fault))
}

fn not_back(
    evidence: &Evidence,
    stroke: &Stroke,
    daemon: Daemon,
    signal: FaultSignal,
) -> Option<Finding> {
    use Invariant::ProcessReturns;
    let victim = &stroke.victim;
    let what = daemon.title();
    // With its machine it went, and comes back.
    if went_besides(evidence, stroke) {
        return None;
    }
    let Some(process) = &stroke.process else {
        let why = format!("what became of {what} on {victim} was not seen");
        return Some(ProcessReturns.finding(why));
    };
    if process.thawed && signal == FaultSignal::Freeze {
        let why = format!("{what} stayed frozen on {victim}: nobody ended it");
        return Some(ProcessReturns.finding(why));
    }
    // A machine comes back as a whole, or what is lacking says that it did not.
    let as_a_whole = stroke.fault.fells_machine();
    let elsewhere = || ran_on(evidence, &stroke.survivor, daemon);
    if as_a_whole || process.answered.is_some() || elsewhere() {
        return None;
    }
    let watched = seconds(evidence.cut, evidence.load_stopped) - evidence.begin_s(stroke);
    let event = stroke.fault.event();
    let why = format!("{what} was not back in the {watched:.0} s after {event}");
    Some(ProcessReturns.finding(why))
}

/// What was not compared is not known to be the same.
fn not_the_same(compared: Option<&Result<u64, String>>) -> Option<Finding> {
    let why = match compared {
        Some(Ok(0)) => return None,
        Some(Ok(kib)) => format!(
            "{kib} KiB differ between the two copies of the data; they are copied anew by \
             drbdadm disconnect and drbdadm connect on the passive controller"
        ),
        Some(Err(why)) => format!("the two copies of the data were not compared: {why}"),
        None => "the two copies of the data were not compared".to_owned(),
    };
    Some(Invariant::CopiesAgree.finding(why))
}

fn not_as_before(evidence: &Evidence) -> Vec<Finding> {
    let after = &evidence.aftermath;
    let strokes = evidence.happened();
    let awaited = strokes.iter().find(|it| it.fault.cuts_power() && !it.fault.leaves_nobody());
    let away = awaited.filter(|_| after.rejoined_after_s.is_none());
    let away = away.map(|it| format!("{} did not become a full member again", it.victim));
    let lacking = after.lacking.iter().map(|lack| format!("not as before: {lack}"));
    away.into_iter().chain(lacking).map(|why| Invariant::AsBefore.finding(why)).collect()
}
