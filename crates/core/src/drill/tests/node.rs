// SPDX-License-Identifier: Apache-2.0
//! What is demanded when a compute node is lost.

use super::made_up::{Job, at, job, record};
use super::per_fault::{lost, reasons, undisturbed};
use crate::drill::*;
use crate::observe::Reading;
use crate::site::NodeName;

/// cn1 was lost and came back, ctl1 was active throughout, and jobs were
/// accepted before and after. All marks are cn1's.
fn lonely(mut jobs: Vec<Job>) -> Evidence {
    jobs.push(job(1, -10.0));
    jobs.push(job(3, 3.0));
    let mut seen = undisturbed(Fault::PowerLoss(Side::Compute), jobs);
    (seen.victim, seen.survivor) = ("cn1".into(), "ctl1".into());
    seen.aftermath.rejoined_after_s = Some(40.0);
    seen
}

/// It began before the cut and again when the node was back.
fn run_again() -> Job {
    Job { runs: vec![(-0.5, -0.1), (90.0, 90.5)], ..job(2, -2.0) }
}

#[test]
fn what_the_node_was_running_may_run_again() {
    let mut seen = lonely(vec![run_again()]);
    assert_eq!(reasons(&seen), (Verdict::Pass, Vec::new()));
    let report = analyse(&seen);
    assert_eq!(report.writers_max, Some(1));
    assert!(render_text(&report).contains("cn1 was at work again 40 s after power on"));
    // Its first run has a record of its own, as sacct tells it.
    if let Reading::Known(records) = &mut seen.accounting_jobs {
        records.insert(0, record(2, "NODE_FAIL"));
    }
    assert_eq!(reasons(&seen), (Verdict::Pass, Vec::new()));
    if let Reading::Known(records) = &mut seen.accounting_jobs {
        records.insert(0, record(2, "COMPLETED"));
    }
    let (verdict, why) = reasons(&seen);
    assert_eq!(verdict, Verdict::Fail);
    assert_eq!(why, ["1 job more than once in the accounting: r-0002"]);
}

#[test]
fn nothing_else_may_run_again() {
    let again = |runs| reasons(&lonely(vec![Job { runs, ..job(2, -2.0) }]));
    let (verdict, why) = again(vec![(-0.5, -0.1), (90.0, 90.5), (95.0, 95.5)]);
    assert_eq!(
        (verdict, why),
        (Verdict::Fail, vec!["1 job ran more than once: r-0002".to_owned()])
    );
    let (verdict, _) = again(vec![(20.0, 20.5), (90.0, 90.5)]);
    assert_eq!(verdict, Verdict::Fail, "the node was not there at the first");
    let known = vec![Job { runs: vec![(-29.0, -28.5), (90.0, 90.5)], ..job(2, -30.0) }];
    assert_eq!(reasons(&lonely(known)).0, Verdict::Fail, "its end was known long before");
    // On a node that was not lost.
    let mut elsewhere = lonely(vec![run_again()]);
    let marks = elsewhere.marks.remove(&NodeName::from("cn1")).expect("marks of cn1");
    elsewhere.marks.insert("cn2".into(), marks);
    assert_eq!(reasons(&elsewhere).0, Verdict::Fail);
}

#[test]
fn no_job_and_no_submission_is_lost_with_a_node() {
    let (verdict, why) = reasons(&lonely(lost().into_iter().filter(|job| !job.known).collect()));
    assert_eq!(
        (verdict, why[0].as_str()),
        (Verdict::Fail, "1 job lost: r-0002 2.0 s before the cut")
    );
    let mut refused = lonely(vec![job(2, 2.0)]);
    refused.submissions[0].answer = Some(Answer { at: at(4.0), result: Err("no".to_owned()) });
    let (verdict, why) = reasons(&refused);
    assert_eq!(verdict, Verdict::Fail);
    assert!(why.iter().any(|why| why.contains("clients saw it")), "{why:?}");
    let mut away = lonely(vec![job(2, -2.0)]);
    away.aftermath.rejoined_after_s = None;
    assert_eq!(reasons(&away).0, Verdict::Fail);
}

/// cn1 went by an old slurm.conf, and `status` told this.
fn outdated(told: Option<&[&str]>, jobs: Vec<Job>) -> Evidence {
    let mut seen = lonely(jobs);
    seen.scenario = Scenario::new(Fault::Disturbance(Side::Compute, Disturbance::OldConfig));
    seen.status_told = told.map(|told| told.iter().map(|&it| it.to_owned()).collect());
    seen
}

const NAMED: &str = "cn1 goes by another slurm.conf than slurmctld; on cn1: systemctl restart \
                     slurmd";

#[test]
fn an_old_slurm_conf_has_to_be_named_with_its_cure() {
    let other = "cn2 goes by another slurm.conf than slurmctld; on cn2: systemctl restart slurmd";
    assert_eq!(reasons(&outdated(Some(&[other, NAMED]), vec![])), (Verdict::Pass, Vec::new()));
    let (verdict, why) = reasons(&outdated(Some(&[other]), vec![]));
    assert_eq!(verdict, Verdict::Fail);
    assert!(why[0].starts_with("status did not name cn1 goes by another"), "{why:?}");
    assert_eq!(reasons(&outdated(None, vec![])).0, Verdict::Fail);
}

#[test]
fn with_an_old_slurm_conf_nothing_may_run_again() {
    let (verdict, why) = reasons(&outdated(Some(&[NAMED]), vec![run_again()]));
    let expected = vec!["1 job ran more than once: r-0002".to_owned()];
    assert_eq!((verdict, why), (Verdict::Fail, expected));
}
