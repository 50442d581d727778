// SPDX-License-Identifier: Apache-2.0
//! Each verdict, from made-up evidence.

mod disturbance;
mod fate;
mod haste;
mod made_up;
mod node;
mod overlap;
mod pages;
mod people;
mod per_fault;
mod phases;
mod waiting;
mod watched;
mod work;

pub(super) use made_up::sample;
use made_up::{Job, at, evidence, job};

use super::*;
use crate::observe::Reading;
use crate::site::NodeName;

#[test]
fn nothing_lost_is_a_pass() {
    let report = analyse(&evidence(vec![job(1, -10.0), job(2, -1.0), job(3, 31.0)]));
    assert_eq!((report.verdict, report.reasons.as_slice()), (Verdict::Pass, &[][..]));
    assert_eq!((report.jobs.acknowledged, report.jobs.found), (3, 3));
    assert_eq!(report.submit_outage, Outage { start_s: -1.0, end_s: 31.0, ended: true });
    assert_eq!(report.submit_outage_s, 32.0);
    assert_eq!(report.rpc_outage, Outage { start_s: -0.25, end_s: 30.25, ended: true });
    assert_eq!(report.writers_max, Some(1));
    assert_eq!(report.saved_state_age_s, Some(3.0));
}

#[test]
fn copies_that_differ_or_were_not_compared_are_a_fail() {
    let mut seen = evidence(vec![job(1, -10.0), job(2, -1.0), job(3, 31.0)]);
    let mut why = |compared| {
        (seen.compared, seen.scenario.verify) = (compared, true);
        let report = analyse(&seen);
        assert_eq!(report.reasons.is_empty(), render_text(&report).contains("block by block"));
        report.reasons
    };
    assert_eq!(why(Some(Ok(0))), [""; 0]);
    assert!(why(Some(Ok(4)))[0].starts_with("4 KiB differ"));
    assert!(why(Some(Err("no".to_owned())))[0].ends_with("were not compared: no"));
    assert!(why(None)[0].ends_with("were not compared"));
}

/// It is asked every few seconds: the last answer is no end of it.
#[test]
fn how_long_the_accounting_was_silent_is_told_where_it_was_asked() {
    let mut seen = evidence(vec![job(1, -10.0), job(2, -1.0), job(3, 31.0)]);
    assert_eq!(analyse(&seen).accounting_outage, None);
    let asked = |sent: f64, answered| Probe { sent: at(sent), ended: at(sent + 1.0), answered };
    seen.accounting_probes =
        vec![asked(-6.0, true), asked(0.0, false), asked(30.0, true), asked(36.0, true)];
    let report = analyse(&seen);
    assert_eq!(report.accounting_outage, Some(Outage { start_s: -5.0, end_s: 31.0, ended: true }));
    assert!(render_text(&report).contains("no accounting answered   36.0 s"));
    seen.accounting_probes.truncate(2);
    let text = render_text(&analyse(&seen));
    assert!(text.contains("since 5.0 s before the cut, until it was asked no more"), "{text}");
    let html = render_html(&report, &seen);
    assert!(html.contains("accounting did not answer") && html.contains(">accounting<"));
}

/// What is worse decides the verdict, and what is lost besides is still told.
#[test]
fn each_invariant_is_judged_by_itself() {
    let lost = Job { known: false, ran: false, ..job(2, -1.0) };
    let older = Job { known: false, ran: false, ..job(1, -20.0) };
    let report = analyse(&evidence(vec![older, lost, job(3, 31.0)]));
    let outcome = |invariant| {
        report.invariants.iter().find(|it| it.invariant == invariant).map(|it| it.outcome)
    };
    assert_eq!(outcome(Invariant::ServiceReturns), Some(Outcome::Held));
    assert_eq!(outcome(Invariant::NoJobLost), Some(Outcome::Broken));
    assert_eq!(outcome(Invariant::RoleMoves), Some(Outcome::Held));
    assert_eq!(outcome(Invariant::RoleStays), None, "nobody asked for it");
    let lost = report.invariants.iter().find(|it| it.invariant == Invariant::NoJobLost).unwrap();
    assert_eq!((lost.findings.len(), report.reasons.len()), (2, 1), "{lost:?}");
}

#[test]
fn an_outage_beyond_the_budget_is_a_fail() {
    let mut seen = evidence(vec![job(1, -10.0), job(2, -1.0), job(3, 31.0)]);
    seen.scenario.budget = Budget { submit_s: Some(32.0), rpc_s: Some(60.0), ..Budget::default() };
    assert_eq!(analyse(&seen).verdict, Verdict::Pass);
    seen.scenario.budget.submit_s = Some(20.0);
    let report = analyse(&seen);
    assert_eq!(report.reasons, ["no submission was accepted for 32.0 s; the budget is 20 s"]);
    assert_eq!(report.verdict, Verdict::Fail);
}

#[test]
fn an_older_takeover_is_not_of_this_drill() {
    let mut seen = made_up::eventful();
    assert!(analyse(&seen).takeover.is_some());
    seen.takeovers.get_mut(&NodeName::from("ctl2")).unwrap().at = at(-100.0);
    assert!(analyse(&seen).takeover.is_none());
}

#[test]
fn no_service_is_a_fail() {
    let mut seen = evidence(vec![job(1, -10.0)]);
    seen.probes.retain(|probe| probe.sent < at(0.0));
    let report = analyse(&seen);
    assert_eq!(report.verdict, Verdict::Fail);
    assert_eq!(
        report.reasons,
        [
            "no submission was accepted again in the 60 s after the cut",
            "slurmctld did not answer again in the 60 s after the cut"
        ]
    );
    assert!(!report.submit_outage.ended);
    assert_eq!(report.submit_outage.end_s, 60.0);
}

#[test]
fn two_writers_are_a_fail() {
    let mut seen = evidence(vec![job(1, -10.0), job(3, 31.0)]);
    let survivor = seen.samples.get_mut(&NodeName::from("ctl2")).unwrap();
    survivor.insert(1, sample(-0.5, true));
    let report = analyse(&seen);
    assert_eq!(report.writers_max, Some(2));
    assert_eq!(report.reasons, ["2 controllers could write at the same time"]);
}

#[test]
fn what_was_not_seen_is_a_fail_that_says_so() {
    let jobs = || vec![job(1, -10.0), job(3, 31.0)];
    let mut unwatched = evidence(jobs());
    unwatched.samples.remove(&NodeName::from("ctl2"));
    let mut unasked = evidence(jobs());
    unasked.scheduler_jobs = Reading::Unknown("timed out".to_owned());
    let mut unread = evidence(jobs());
    unread.marks.insert(NodeName::from("cn2"), Reading::Unknown("no route".to_owned()));
    for (seen, reason) in [
        (
            unwatched,
            "how many controllers could write is not known: ctl2 was not watched after the cut",
        ),
        (
            unasked,
            "what became of the jobs is not known: the scheduler's jobs could not be read: timed out",
        ),
        (
            unread,
            "what became of the jobs is not known: the marks on cn2 could not be read: no route",
        ),
    ] {
        let report = analyse(&seen);
        assert_eq!(report.verdict, Verdict::Fail);
        assert!(report.reasons.iter().any(|r| r == reason), "{:?}", report.reasons);
        assert!(report.jobs.lost.is_empty(), "{:?}", report.jobs);
    }
}

#[test]
fn the_clocks_are_brought_together() {
    let mut seen = evidence(vec![job(1, -10.0), job(2, -1.0), job(3, 31.0)]);
    // The client's clock is 100 s ahead.
    seen.clocks.insert(NodeName::from("login1"), ClockOffset { add_s: -100.0, error_s: 0.01 });
    let report = analyse(&seen);
    assert_eq!(report.submit_outage.end_s, 60.0);
    assert_eq!(report.verdict, Verdict::Fail);
}
