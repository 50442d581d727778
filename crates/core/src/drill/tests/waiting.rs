// SPDX-License-Identifier: Apache-2.0
//! Faults after which the controller that is left must not take over, or not
//! yet.

use super::made_up::{Job, at, evidence, sample};
use super::per_fault::{both, lost, reasons, undisturbed};
use crate::drill::*;
use crate::observe::Reading;
use crate::site::NodeName;

/// ctl1 lost its power at 0 and has it back; it is watched again.
fn without_the_source(jobs: Vec<Job>) -> Evidence {
    let mut seen = undisturbed(Fault::ResyncPowerLoss, jobs);
    seen.victim_journal = Reading::default();
    seen.given_back = Some(at(120.0));
    let source = [(-10.0, true), (-0.2, true), (150.0, false), (170.0, true), (200.0, true)];
    let source = source.map(|(time, active)| sample(time, active)).to_vec();
    let half = [-10.0, 20.0, 100.0, 200.0].map(|time| sample(time, false)).to_vec();
    seen.samples = [("ctl1".into(), source), ("ctl2".into(), half)].into();
    seen
}

#[test]
fn half_the_data_are_never_promoted() {
    let report = analyse(&without_the_source(both()));
    assert_eq!((report.verdict, report.reasons.as_slice()), (Verdict::Pass, &[][..]));
    assert_eq!(report.taken_back_s, Some(120.0));
    assert!(report.phases.is_empty());
    let told = |invariant| report.invariants.iter().any(|it| it.invariant == invariant);
    assert!(told(Invariant::Waits) && !told(Invariant::RoleMoves));
    // Slurm loses what it had not saved, as in any power loss.
    assert_eq!(reasons(&without_the_source(lost())).0, Verdict::PassWithLoss);

    let mut promoted = without_the_source(both());
    promoted.samples.get_mut(&NodeName::from("ctl2")).unwrap()[2] = sample(100.0, true);
    let why = "ctl2 could write 100.0 s after the cut, although its data were half";
    assert_eq!(reasons(&promoted), (Verdict::Fail, vec![why.to_owned()]));

    let mut stale = without_the_source(both());
    stale.aftermath.lacking = vec!["the state volume is being copied to ctl2".to_owned()];
    assert_eq!(reasons(&stale).1, ["not as before: the state volume is being copied to ctl2"]);
}

/// Nobody could prove ctl1 dead until 120 s after its death.
fn out_of_reach(took_over: f64) -> Evidence {
    let mut seen = undisturbed(Fault::BmcUnreachable, both());
    seen.journal = evidence(both()).journal;
    seen.victim_journal = Reading::default();
    seen.given_back = Some(at(120.0));
    seen.aftermath.rejoined_after_s = Some(95.0);
    seen.samples.get_mut(&NodeName::from("ctl1")).unwrap().truncate(2);
    let waited = vec![sample(-10.0, false), sample(10.0, false), sample(took_over, true)];
    seen.samples.insert("ctl2".into(), waited);
    seen
}

#[test]
fn nothing_is_promoted_until_the_bmc_answers() {
    let report = analyse(&out_of_reach(135.0));
    assert_eq!((report.verdict, report.reasons.as_slice()), (Verdict::Pass, &[][..]));
    assert_eq!(report.taken_back_s, Some(120.0));
    assert_eq!(report.phases[&Phase::Promote].end_s, Some(9.5), "as the journal tells");

    let (verdict, why) = reasons(&out_of_reach(28.0));
    assert_eq!(verdict, Verdict::Fail);
    let rash =
        "ctl2 could write 28.0 s after the cut, while nobody could tell whether ctl1 was dead";
    assert_eq!(why, [rash]);

    let mut unknown = out_of_reach(135.0);
    unknown.given_back = None;
    let why = "when the BMC of ctl1 could be reached again is not known";
    assert_eq!(reasons(&unknown), (Verdict::Fail, vec![why.to_owned()]));
    let mut away = out_of_reach(135.0);
    away.aftermath.rejoined_after_s = None;
    assert_eq!(reasons(&away).1, ["ctl1 did not become a full member again"]);
}
