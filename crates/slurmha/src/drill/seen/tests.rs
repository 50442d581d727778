// SPDX-License-Identifier: Apache-2.0
//! What counts as served, and what is not forgotten.

use slurmha_core::drill::{Answer, ClockOffset, Fault, FaultSignal, Ordered, Side};

use super::*;
use crate::drill::preflight::Cast;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn submission(name: &str, answered: Option<i64>) -> Reply {
    Reply::Submission(Submission {
        answer: answered.map(|second| Answer { at: at(second), result: Ok(7) }),
        ..Submission::begun(name, at(0))
    })
}

#[test]
fn an_answer_is_not_forgotten_when_the_beginning_is_told_late() {
    let seen = Seen::default();
    let client = NodeName::from("login1");
    seen.note(&client, submission("r-0001", Some(1)));
    seen.note(&client, submission("r-0001", None));
    seen.note(&client, submission("r-0002", None));
    assert_eq!(seen.acknowledged(), 1);
    assert_eq!(seen.take().submissions.len(), 2);
}

#[test]
fn what_became_of_an_order_is_not_forgotten_either() {
    let seen = Seen::default();
    let client = NodeName::from("login1");
    let accepted = Submission {
        answer: Some(Answer { at: at(1), result: Ok(7) }),
        ..Submission::begun("r-0001", at(0))
    };
    let order = Some(Ordered { at: at(2), result: Ok(()) });
    let ordered = Submission { order: order.clone(), ..accepted.clone() };
    for told in [&accepted, &ordered, &accepted] {
        seen.note(&client, Reply::Submission(told.clone()));
    }
    assert_eq!(seen.take().submissions["r-0001"].order, order);
}

#[test]
fn every_job_of_an_array_is_acknowledged() {
    let seen = Seen::default();
    let array = Submission {
        work: Work::Array,
        answer: Some(Answer { at: at(1), result: Ok(7) }),
        ..Submission::begun("r-0001", at(0))
    };
    seen.note(&NodeName::from("login1"), Reply::Submission(array));
    assert_eq!(seen.acknowledged(), 3);
}

#[test]
fn service_is_back_when_the_survivor_answers_on_everybodys_clock() {
    let cast = Cast {
        victim: "ctl1".into(),
        survivor: "ctl2".into(),
        client: "login1".into(),
        weaknesses: Vec::new(),
    };
    // The survivor's clock is 100 s ahead.
    let ahead = ClockOffset { add_s: -100.0, error_s: 0.0 };
    let clocks = BTreeMap::from([(cast.survivor.clone(), ahead)]);
    let seen = Seen::default();
    let cut = at(10);
    let sample = |second: i64, slurmctld| {
        let state = ControllerState { slurmctld: Some(slurmctld), ..Default::default() };
        Reply::Sample(Sample { at: at(second + 100), state })
    };
    let probe = |second: i64, answered| {
        Reply::Probe(Probe { sent: at(second), ended: at(second), answered })
    };
    // An answer that was under way does not count.
    seen.note(&cast.client, submission("r-0001", Some(11)));
    seen.note(&cast.client, probe(11, true));
    seen.note(&cast.survivor, sample(12, false));
    assert!(!seen.serves_again(&cast, cut, &clocks));
    seen.note(&cast.survivor, sample(40, true));
    seen.note(&cast.client, probe(41, false));
    seen.note(&cast.client, submission("r-0002", Some(42)));
    assert!(!seen.serves_again(&cast, cut, &clocks));
    seen.note(&cast.client, probe(43, true));
    assert!(seen.serves_again(&cast, cut, &clocks));
}

#[test]
fn an_answer_of_the_old_process_does_not_count() {
    let cast = Cast {
        victim: "ctl1".into(),
        survivor: "ctl2".into(),
        client: "login1".into(),
        weaknesses: Vec::new(),
    };
    let clocks = BTreeMap::new();
    let kill = Fault::Process(Side::Active, Daemon::Slurmctld, FaultSignal::Kill);
    let goes_on = |seen: &Seen| seen.goes_on(kill, &cast, at(10), &clocks);
    let asked = |name: &str, sent: i64| {
        Reply::Submission(Submission {
            answer: Some(Answer { at: at(sent + 5), result: Ok(7) }),
            ..Submission::begun(name, at(sent))
        })
    };
    let probe =
        |sent: i64| Reply::Probe(Probe { sent: at(sent), ended: at(sent + 1), answered: true });
    let fate = |answered| {
        Reply::Process(ProcessFate { pid: 1, restarted: Some(at(12)), answered, thawed: false })
    };
    let seen = Seen::default();
    seen.note(&cast.client, asked("r-0001", 9));
    seen.note(&cast.client, probe(9));
    seen.note(&cast.victim, fate(None));
    assert!(!goes_on(&seen));
    seen.note(&cast.client, asked("r-0002", 11));
    seen.note(&cast.client, probe(12));
    assert!(!goes_on(&seen), "nobody has seen it back");
    seen.note(&cast.victim, fate(Some(at(13))));
    assert!(goes_on(&seen));
    // It may be back on the other controller instead.
    seen.note(&cast.victim, fate(None));
    let state = ControllerState { slurmctld: Some(true), ..Default::default() };
    seen.note(&cast.survivor, Reply::Sample(Sample { at: at(14), state }));
    assert!(goes_on(&seen));
}

/// A machine that has booted anew has another clock than it had; everything of it is
/// judged by the first one.
#[test]
fn what_a_later_conversation_tells_is_told_by_the_clock_of_the_first() {
    let seen = Seen::default();
    let (ctl1, ctl2) = (NodeName::from("ctl1"), NodeName::from("ctl2"));
    let first = ClockOffset { add_s: 5.0, error_s: 0.01 };
    seen.note_clocks(&BTreeMap::from([(ctl1.clone(), first)]));
    let anew = ClockOffset { add_s: -600.0, error_s: 0.01 };
    let there = seen.as_first_told(&ctl1, at(610), anew).unwrap();
    assert_eq!((there, first.apply(there)), (at(5), at(10)));
    assert_eq!(seen.as_first_told(&ctl2, at(610), anew), None);
    // One that is busy answers late, and its clock is the same.
    let vague = ClockOffset { add_s: 6.5, error_s: 2.0 };
    assert_eq!(seen.as_first_told(&ctl1, at(10), vague), Some(at(10)));
}

#[test]
fn what_was_not_taken_back_is_kept_for_the_verdict() {
    let common = Seen::default();
    let ctl1 = NodeName::from("ctl1");
    common.note(&ctl1, Reply::TakenBack(at(1)));
    assert_eq!(common.take().left, Vec::<String>::new());
    common.note(&ctl1, Reply::NotTakenBack("a device is busy".to_owned()));
    let left = ["what was done to ctl1 was not taken back: a device is busy"];
    assert_eq!(common.take().left, left);
}
