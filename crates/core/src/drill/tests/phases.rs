// SPDX-License-Identifier: Apache-2.0
//! The phases of a takeover, from what the journal tells.

use super::made_up::{evidence, job, message};
use crate::drill::*;
use crate::observe::Reading;

/// As the arbiter makes it when it holds back its vote.
#[test]
fn a_loss_that_is_noticed_too_late_is_a_fail() {
    let jobs = || vec![job(1, -10.0), job(2, -1.0), job(3, 31.0)];
    let judged = |notice_s, mut seen: Evidence| {
        seen.scenario.budget.notice_s = Some(notice_s);
        analyse(&seen)
    };
    let noticed = analyse(&evidence(jobs())).phases[&Phase::Notice].end_s.unwrap();
    assert_eq!(judged(noticed, evidence(jobs())).verdict, Verdict::Pass);
    let late = judged(noticed - 0.5, evidence(jobs()));
    assert_eq!(late.verdict, Verdict::Fail);
    assert!(late.reasons[0].starts_with("Pacemaker knew of it after"), "{:?}", late.reasons);
    let mut silent = evidence(jobs());
    silent.journal = Reading::Known(Vec::new());
    let silent = judged(60.0, silent);
    assert!(silent.reasons[0].contains("is not known"), "{:?}", silent.reasons);
    let broken = silent.invariants.iter().find(|it| it.invariant == Invariant::WithinBudget);
    assert_eq!(broken.map(|it| it.outcome), Some(Outcome::Broken));
}

#[test]
fn phases_that_the_journal_does_not_tell_are_unknown_with_a_reason() {
    let mut seen = evidence(vec![job(1, -10.0), job(3, 31.0)]);
    let Reading::Known(journal) = &mut seen.journal else { panic!() };
    journal.retain(|entry| !entry.message.contains("terminated") && !entry.message.contains("vip"));
    let report = analyse(&seen);
    let fence = &report.phases[&Phase::Fence];
    assert_eq!((fence.start_s, fence.end_s), (Some(5.7), None));
    assert_eq!(fence.reason.as_deref(), Some("no proof that ctl1 was fenced"));
    let vip = &report.phases[&Phase::Vip];
    assert_eq!(vip.start_s, None);
    assert_eq!(vip.reason.as_deref(), Some("no order to start vip"));

    seen.journal = Reading::Unknown("no answer".to_owned());
    let report = analyse(&seen);
    let reason = report.phases[&Phase::Notice].reason.as_deref();
    assert_eq!(reason, Some("the journal of ctl2 could not be read: no answer"));
}

/// The journal of a controller of slurmha's lab that took over (Corosync
/// 3.1.7, Pacemaker 2.1.5, Debian 12; the host was overloaded).
#[test]
fn a_real_journal_tells_every_phase() {
    let text = include_str!("../../../tests/fixtures/drill/journal-failover.jsonl");
    let mut seen = evidence(vec![job(1, -10.0), job(3, 31.0)]);
    seen.journal = Reading::Known(parse_journal(text).unwrap());
    seen.cut = "2026-11-25T07:51:09Z".parse().unwrap();
    let phases = analyse(&seen).phases;
    let times: Vec<_> = phases.values().map(|p| (p.start_s.unwrap(), p.end_s.unwrap())).collect();
    assert_eq!(
        times,
        [
            (0.0, 7.834),
            (8.533, 10.657),
            (14.342, 19.663),
            (24.985, 34.440),
            (64.392, 78.811),
            (83.097, 102.820),
            (103.133, 107.963),
            (108.057, 113.712),
        ]
    );
}

#[test]
fn a_failed_start_does_not_end_a_phase() {
    let mut seen = evidence(vec![job(1, -10.0), job(3, 31.0)]);
    let Reading::Known(journal) = &mut seen.journal else { panic!() };
    journal.push(message(
        9.9,
        "pacemaker-controld",
        "Result of start operation for vip on ctl2: error",
    ));
    assert_eq!(analyse(&seen).phases[&Phase::Vip].end_s, Some(10.6));
}
