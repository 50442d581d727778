// SPDX-License-Identifier: Apache-2.0
//! Each verdict and each fate of a job, from made-up evidence.

mod disturbance;
mod haste;
mod made_up;
mod node;
mod overlap;
mod people;
mod per_fault;
mod waiting;

pub(super) use made_up::sample;
use made_up::{Job, at, evidence, job, message};

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
    assert_eq!(outcome(Invariant::RoleMoves), None, "nobody asked for it");
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
fn an_older_takeover_is_not_of_this_drill() {
    let mut seen = made_up::eventful();
    assert!(analyse(&seen).takeover.is_some());
    seen.takeovers.get_mut(&NodeName::from("ctl2")).unwrap().at = at(-100.0);
    assert!(analyse(&seen).takeover.is_none());
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
    let text = include_str!("../../tests/fixtures/drill/journal-failover.jsonl");
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

/// A drill in slurmha's lab, judged again (probes thinned out, journal without
/// slurmctld's own messages). The first start of slurmctld failed, hence its
/// long phase.
#[test]
fn a_real_drill_is_judged_again() {
    let text = include_str!("../../tests/fixtures/drill/power-loss-lab.json");
    let evidence: Evidence = serde_json::from_str(text).unwrap();
    insta::assert_snapshot!(render_text(&analyse(&evidence)));
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

#[test]
fn the_report_as_text() {
    insta::assert_snapshot!(render_text(&analyse(&made_up::eventful())));
}

#[test]
fn the_report_as_html() {
    let seen = made_up::eventful();
    // An element a line, so that a change can be read.
    insta::assert_snapshot!(render_html(&analyse(&seen), &seen).replace("><", ">\n<"));
}

/// Jobs are named by users, and a log line may quote anything.
#[test]
fn nothing_that_was_seen_becomes_part_of_the_page() {
    let hostile = "<script src=//evil></script>\"'&";
    let mut seen = made_up::eventful();
    seen.submissions[0].name = hostile.to_owned();
    seen.troubles.push(hostile.to_owned());
    let Reading::Known(journal) = &mut seen.journal else { panic!() };
    journal.push(message(1.0, hostile, hostile));
    let page = render_html(&analyse(&seen), &seen);
    assert!(!page.contains("<script"), "{page}");
    assert!(page.matches("&lt;script src=//evil").count() >= 4, "{page}");
    assert!(page.contains("default-src 'none'"), "nothing is loaded from anywhere");
}

#[test]
fn a_drill_of_which_little_is_known_has_a_page() {
    let mut seen = evidence(Vec::new());
    seen.journal = Reading::Unknown("no route to host".to_owned());
    seen.samples.clear();
    seen.probes.clear();
    let page = render_html(&analyse(&seen), &seen);
    assert!(page.contains("no route to host") && !page.contains("NaN") && !page.contains("inf"));
}

#[test]
fn a_failed_report_as_text() {
    let mut seen = evidence(vec![job(1, -10.0)]);
    seen.probes.retain(|probe| probe.sent < at(0.0));
    seen.journal = Reading::Known(Vec::new());
    seen.aftermath = Aftermath {
        powered_on: true,
        rejoined_after_s: None,
        lacking: vec!["DRBD on ctl1 is Inconsistent".to_owned()],
    };
    seen.troubles.push("the samples of ctl1 ended early".to_owned());
    insta::assert_snapshot!(render_text(&analyse(&seen)));
}

#[test]
fn the_report_as_json() {
    insta::assert_json_snapshot!(analyse(&made_up::eventful()));
}
