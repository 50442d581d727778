// SPDX-License-Identifier: Apache-2.0
//! Jobs that are not short: what they are to come to, and what users ordered.

use super::made_up::{Job, at, evidence, job};
use super::per_fault::reasons;
use crate::drill::*;
use crate::observe::{JobRecord, Reading};

/// Two short jobs, and one of that work whose records are as they are said.
fn with(work: Work, change: impl FnOnce(&mut Evidence)) -> Evidence {
    let mut seen = evidence(vec![job(1, -20.0), job(2, -10.0), job(8, 31.0)]);
    seen.submissions[1].work = work;
    change(&mut seen);
    seen
}

fn records(seen: &mut Evidence, change: impl Fn(&mut JobRecord)) {
    for records in [&mut seen.scheduler_jobs, &mut seen.accounting_jobs] {
        let Reading::Known(records) = records else { panic!("known") };
        records.iter_mut().filter(|it| it.name == "r-0002").for_each(&change);
    }
}

fn marks(seen: &mut Evidence) -> &mut Vec<Mark> {
    match seen.marks.values_mut().next() {
        Some(Reading::Known(marks)) => marks,
        _ => panic!("known"),
    }
}

fn mark(kind: MarkKind, time: f64, restart: u32) -> Mark {
    Mark { name: "r-0002".to_owned(), id: 2, restart, kind, at: at(time), said: None }
}

/// In the middle of what Slurm may not have saved.
const UNSAVED: f64 = -2.0;
const SAVED: f64 = -9.5;

fn ordered(seen: &mut Evidence, when: f64) {
    seen.submissions[1].order = Some(Ordered { at: at(when), result: Ok(()) });
}

fn passed() -> (Verdict, Vec<String>) {
    (Verdict::Pass, Vec::new())
}

/// A verdict with one reason.
fn is(verdict: Verdict, why: &str) -> (Verdict, Vec<String>) {
    (verdict, vec![why.to_owned()])
}

fn array(tasks_known: &'static [u32]) -> Evidence {
    with(Work::Array, |seen| {
        for records in [&mut seen.scheduler_jobs, &mut seen.accounting_jobs] {
            let Reading::Known(records) = records else { panic!("known") };
            let one = records.iter().position(|it| it.name == "r-0002").unwrap();
            let one = records.remove(one);
            records.extend(tasks_known.iter().map(|&task| JobRecord {
                id: 100 + task,
                array_tasks: vec![task],
                ..one.clone()
            }));
        }
        let own = |mark: &Mark| mark.name == "r-0002";
        let one: Vec<Mark> = marks(seen).iter().filter(|mark| own(mark)).cloned().collect();
        marks(seen).retain(|mark| !own(mark));
        for task in [1, 2, 3] {
            let named = |mark| Mark { name: format!("r-0002[{task}]"), ..mark };
            marks(seen).extend(one.iter().cloned().map(named));
        }
    })
}

#[test]
fn each_job_of_an_array_counts() {
    let whole = array(&[1, 2, 3]);
    assert_eq!(reasons(&whole), passed());
    assert_eq!(analyse(&whole).jobs.acknowledged, 5);
    let (verdict, why) = reasons(&array(&[1, 3]));
    assert_eq!(verdict, Verdict::Fail);
    assert!(why[0].contains("r-0002[2]"), "{why:?}");
    let waits = with(Work::Array, |seen| {
        records(seen, |record| {
            record.array_tasks = vec![1, 2, 3];
            record.state = "PENDING".to_owned();
        });
        marks(seen).retain(|mark| mark.name != "r-0002");
    });
    assert_eq!(analyse(&waits).jobs.unfinished, ["r-0002[1]", "r-0002[2]", "r-0002[3]"]);
}

#[test]
fn what_is_cancelled_is_to_be_cancelled() {
    let cancelled = |when: f64, state: &'static str, starts: Option<f64>| {
        with(Work::Cancelled, |seen| {
            ordered(seen, when);
            records(seen, |record| record.state = state.to_owned());
            marks(seen).retain(|mark| mark.name != "r-0002");
            marks(seen).extend(starts.map(|start| mark(MarkKind::Start, start, 0)));
        })
    };
    assert_eq!(reasons(&cancelled(SAVED, "CANCELLED", None)), passed());
    let ran = cancelled(SAVED, "COMPLETED", Some(40.0));
    let why = "1 job of which an order was taken and not carried out: r-0002 cancel 9.5 s before \
               the cut";
    assert_eq!(reasons(&ran), is(Verdict::Fail, why));
    let forgotten = cancelled(UNSAVED, "COMPLETED", Some(40.0));
    let why = "1 job of which an order was not yet saved and is forgotten";
    assert_eq!(reasons(&forgotten), is(Verdict::PassWithLoss, why));
    let too_late = cancelled(SAVED, "COMPLETED", Some(SAVED - 1.0));
    assert_eq!(reasons(&too_late), passed());
}

#[test]
fn what_is_released_waits_no_more() {
    let held = |when: f64| {
        with(Work::Held, |seen| {
            ordered(seen, when);
            records(seen, |record| {
                record.state = "PENDING".to_owned();
                record.reason = "JobHeldUser".to_owned();
            });
            marks(seen).retain(|mark| mark.name != "r-0002");
        })
    };
    assert_eq!(reasons(&with(Work::Held, |seen| ordered(seen, UNSAVED))), passed());
    assert_eq!(reasons(&held(UNSAVED)).0, Verdict::PassWithLoss);
    assert_eq!(reasons(&held(SAVED)).0, Verdict::Fail);
    assert_eq!(analyse(&held(SAVED)).jobs.unfinished, [""; 0]);
    // Who never ordered it has not lost anything, and waits.
    let refused = |seen: &mut Evidence| {
        let result = Err("no".to_owned());
        seen.submissions[1].order = Some(Ordered { at: at(UNSAVED), result });
    };
    let jobs = analyse(&with(Work::Held, refused)).jobs;
    assert_eq!((jobs.orders.taken, jobs.orders.refused), (0, 1));
}

#[test]
fn what_has_itself_requeued_runs_twice() {
    let again = |restarts: &'static [u32], when: f64| {
        with(Work::Requeued, |seen| {
            let of_job = mark(MarkKind::Requeue, when, 0);
            marks(seen).push(of_job);
            let starts = restarts.iter().zip(0..);
            let starts =
                starts.map(|(&restart, i)| mark(MarkKind::Start, 40.0 + f64::from(i), restart));
            marks(seen).extend(starts);
        })
    };
    assert_eq!(reasons(&again(&[1], SAVED)), passed());
    assert_eq!(reasons(&again(&[], SAVED)).0, Verdict::Fail);
    assert_eq!(reasons(&again(&[], UNSAVED)).0, Verdict::PassWithLoss);
    let (verdict, why) = reasons(&again(&[1, 1], SAVED));
    assert_eq!((verdict, why[0].as_str()), (Verdict::Fail, "1 job ran more than once: r-0002"));
    // Its first run was ended before it could say that its order was taken.
    let ended_at_once = with(Work::Requeued, |seen| {
        let marks = marks(seen);
        marks.retain(|mark| mark.name != "r-0002" || mark.kind == MarkKind::Start);
        marks.extend([mark(MarkKind::Start, 40.0, 1), mark(MarkKind::End, 40.5, 1)]);
    });
    assert_eq!(reasons(&ended_at_once), passed());
    // Its order was not taken, and it has run to its end.
    let unasked = with(Work::Requeued, |seen| marks(seen).push(mark(MarkKind::Start, 40.0, 0)));
    let why = "1 job ran more than once: r-0002".to_owned();
    assert_eq!(reasons(&unasked), (Verdict::Fail, vec![why]));
}

#[test]
fn a_step_leaves_a_mark_of_each_of_its_tasks() {
    let stepped = |tasks: u32| {
        with(Work::TwoNodes, |seen| {
            let tasks = (0..tasks).map(|_| mark(MarkKind::Task, -8.8, 0));
            marks(seen).extend(tasks);
        })
    };
    assert_eq!(reasons(&stepped(2)), passed());
    assert_eq!(reasons(&stepped(1)).1, ["1 job did not run to the end: r-0002 COMPLETED"]);
}

#[test]
fn a_step_that_failed_tells_why() {
    let failed = with(Work::Step, |seen| {
        records(seen, |record| record.state = "FAILED".to_owned());
        let said = Some("srun: error: Unable to contact slurm controller".to_owned());
        marks(seen).push(Mark { said, ..mark(MarkKind::StepFailed, 20.0, 0) });
    });
    let why = "1 job did not run to the end: r-0002 FAILED (srun: error: Unable to contact slurm \
               controller)";
    assert_eq!(reasons(&failed), is(Verdict::Fail, why));
}

#[test]
fn who_waits_for_another_job_begins_after_it() {
    let waits = |change: fn(&mut Evidence)| {
        with(Work::Dependent, |seen| {
            seen.submissions[1].waits_for = Some("r-0001".to_owned());
            change(seen);
        })
    };
    assert_eq!(reasons(&waits(|_| {})), passed());
    let early = waits(|seen| {
        for mark in marks(seen).iter_mut().filter(|it| it.name == "r-0001") {
            mark.at = at(45.0);
        }
    });
    let why = "1 job began before the one for which they wait had ended: r-0002";
    assert_eq!(reasons(&early), is(Verdict::Fail, why));
}

/// Slurm cancels what waits for a job of which it knows nothing any more.
#[test]
fn who_waits_for_a_lost_job_is_lost_with_it() {
    let waits = |acknowledged: f64| {
        let lost = Job { known: false, ran: false, ..job(1, acknowledged) };
        let mut seen = evidence(vec![lost, job(2, -1.0), job(8, 31.0), job(9, -20.0)]);
        seen.submissions[1].work = Work::Dependent;
        seen.submissions[1].waits_for = Some("r-0001".to_owned());
        seen.submissions[1].answer = Some(Answer { at: at(33.0), result: Ok(2) });
        marks(&mut seen).retain(|mark| mark.name != "r-0002");
        records(&mut seen, |record| record.state = "CANCELLED".to_owned());
        seen
    };
    assert_eq!(reasons(&waits(UNSAVED)).0, Verdict::PassWithLoss);
    assert_eq!(reasons(&waits(SAVED)).0, Verdict::Fail);
}
