// SPDX-License-Identifier: Apache-2.0
//! What becomes of a job, and which of it is forgiven.

use super::made_up::{self, Job, evidence, job};
use crate::drill::*;
use crate::observe::Reading;

#[test]
fn a_loss_inside_the_unsaved_window_is_a_pass_with_loss() {
    let lost = Job { known: false, ran: false, ..job(2, -7.5) };
    let report = analyse(&evidence(vec![job(1, -10.0), lost, job(3, 31.0)]));
    assert_eq!(report.verdict, Verdict::PassWithLoss);
    assert_eq!(
        report.reasons,
        ["1 job acknowledged and not yet saved by Slurm when the power went"]
    );
    let [lost] = report.jobs.lost.as_slice() else { panic!("{:?}", report.jobs) };
    assert_eq!((lost.name.as_str(), lost.id, lost.acknowledged_s), ("r-0002", 2, -7.5));
    assert!(lost.unsaved && !lost.ran);
}

/// The state volume mounted with ext4's default options: what slurmctld had
/// saved long ago has lost its script, so the takeover put a placeholder there.
#[test]
fn a_job_that_was_saved_and_lost_its_script_is_a_fail() {
    let empty = Job { state: "FAILED", ran: false, ..job(1, -20.0) };
    let report = analyse(&evidence(vec![empty, job(2, -1.0), job(3, 31.0)]));
    assert_eq!(report.verdict, Verdict::Fail);
    assert_eq!(report.reasons, ["1 job did not run to the end: r-0001 FAILED"]);
    let broken = report.invariants.iter().find(|it| it.outcome == Outcome::Broken).unwrap();
    assert_eq!(broken.invariant, Invariant::JobsEnd);
}

#[test]
fn a_loss_outside_the_unsaved_window_is_a_fail() {
    for (time, words) in [(-8.5, "8.5 s before"), (31.0, "31.0 s after")] {
        let lost = Job { known: false, ..job(2, time) };
        let report = analyse(&evidence(vec![job(1, -10.0), lost, job(3, 31.0)]));
        assert_eq!(report.verdict, Verdict::Fail);
        assert!(report.reasons[0].contains(words), "{:?}", report.reasons);
    }
}

/// Its acknowledgement said that it was saved; that it had ended may still be
/// forgotten.
#[test]
fn with_durable_submission_no_loss_is_forgiven() {
    let lost = Job { known: false, ran: false, ..job(2, -1.0) };
    let mut evidence = evidence(vec![job(1, -10.0), lost, job(3, 31.0)]);
    assert_eq!(analyse(&evidence).verdict, Verdict::PassWithLoss);
    evidence.scenario.load.durable = true;
    let report = analyse(&evidence);
    assert_eq!(report.verdict, Verdict::Fail);
    assert!(report.reasons[0].contains("lost after it was said that they are saved"));
}

#[test]
fn a_job_that_ran_and_was_forgotten_is_lost() {
    let forgotten = Job { known: false, ..job(2, -2.0) };
    let report = analyse(&evidence(vec![job(1, -10.0), forgotten, job(3, 31.0)]));
    assert!(report.jobs.lost[0].ran);
    assert_eq!(report.verdict, Verdict::PassWithLoss);
}

/// slurmctld forgot the job, the accounting waits for its end for ever.
#[test]
fn a_runaway_job_in_the_accounting_is_lost() {
    let mut seen =
        evidence(vec![job(1, -10.0), Job { known: false, ..job(2, -2.0) }, job(3, 31.0)]);
    let Reading::Known(accounting) = &mut seen.accounting_jobs else { panic!() };
    accounting.push(made_up::record(2, "PENDING"));
    let report = analyse(&seen);
    assert_eq!(report.jobs.lost[0].accounting.as_deref(), Some("PENDING"));
}

#[test]
fn a_job_that_only_the_accounting_still_knows_is_found() {
    let mut seen =
        evidence(vec![job(1, -10.0), Job { known: false, ..job(2, -2.0) }, job(3, 31.0)]);
    let Reading::Known(accounting) = &mut seen.accounting_jobs else { panic!() };
    accounting.push(made_up::record(2, "COMPLETED"));
    assert_eq!(analyse(&seen).verdict, Verdict::Pass);
}

/// The first run ended unsaved, so slurmctld started it again.
#[test]
fn a_job_that_ran_twice_is_told_apart_by_the_window() {
    let again = Job { runs: vec![(-3.0, -2.5), (33.0, 33.5)], ..job(2, -4.0) };
    let report = analyse(&evidence(vec![job(1, -10.0), again, job(3, 31.0)]));
    assert_eq!(report.verdict, Verdict::PassWithLoss);
    assert_eq!(report.jobs.duplicated[0].starts_s, [-3.0, 33.0]);

    let again = Job { runs: vec![(-13.0, -12.5), (33.0, 33.5)], ..job(2, -14.0) };
    let report = analyse(&evidence(vec![job(1, -10.0), again, job(3, 31.0)]));
    assert_eq!(report.verdict, Verdict::Fail);
    assert_eq!(report.reasons, ["1 job ran more than once: r-0002"]);
}

#[test]
fn an_id_that_was_given_twice_is_named_and_confuses_nobody() {
    let lost = Job { known: false, ran: false, ..job(2, -1.0) };
    let reissued = Job { id: 2, ..job(3, 31.0) };
    let report = analyse(&evidence(vec![job(1, -10.0), lost, reissued]));
    assert_eq!(report.jobs.lost.len(), 1);
    assert_eq!(report.jobs.lost[0].name, "r-0002");
    assert_eq!(
        report.jobs.reused_ids,
        [ReusedId { id: 2, names: vec!["r-0002".to_owned(), "r-0003".to_owned()] }]
    );
    assert_eq!(report.verdict, Verdict::Fail);
    assert_eq!(report.reasons, ["given to more than one job: id 2"]);
}

#[test]
fn a_job_that_failed_long_before_is_a_fail() {
    let failed = |time| Job { state: "FAILED", ran: false, ..job(2, time) };
    let verdict =
        |time| analyse(&evidence(vec![job(1, -10.0), failed(time), job(3, 31.0)])).verdict;
    assert_eq!(verdict(-3.0), Verdict::PassWithLoss);
    assert_eq!(verdict(-9.0), Verdict::Fail);
}

/// Seen in the lab: the job had run, its end was not yet saved, and Slurm
/// waited for it until the time limit.
#[test]
fn a_job_of_which_the_end_was_lost_is_told_apart() {
    let phantom = Job { state: "TIMEOUT", runs: vec![(-9.5, -1.0)], ..job(2, -10.0) };
    let report = analyse(&evidence(vec![job(1, -12.0), phantom, job(3, 31.0)]));
    assert_eq!(report.verdict, Verdict::PassWithLoss);
    assert!(report.jobs.failed[0].ran);
    assert_eq!(report.start_outage, Some(Outage { start_s: -9.5, end_s: 32.0, ended: true }));
}

#[test]
fn a_job_that_has_not_ended_is_a_fail() {
    let waiting = Job { state: "PENDING", ran: false, ..job(2, 33.0) };
    let report = analyse(&evidence(vec![job(1, -10.0), job(3, 31.0), waiting]));
    assert_eq!(report.reasons, ["1 job had not ended when the drill did: r-0002"]);
}
