// SPDX-License-Identifier: Apache-2.0
//! Machines that answer, and one that does not.

use std::sync::Mutex;

use slurmha_core::status::made_up::{answers, site};
use slurmha_core::status::{Contact, Verdict};

use super::*;

/// The made-up cluster. Who is to be silent waits at the gate until that is
/// dropped.
fn cluster(silent: &'static str) -> (Rounds, Sender<()>) {
    let (gate, closed) = channel::<()>();
    let closed = Mutex::new(closed);
    let answers = answers();
    let machines = answers.keys().cloned().collect();
    let ask = move |name: &NodeName| {
        if name.as_str() == silent {
            let _ = closed.lock().expect("nobody fails").recv();
        }
        answers[name].clone()
    };
    let mut rounds = Rounds::new(site(), machines, Arc::new(ask));
    // Nothing here may depend on how long a test has to wait.
    rounds.machines.values_mut().for_each(|machine| machine.usual = Some(Duration::ZERO));
    (rounds, gate)
}

fn contact(status: &Status, name: &str) -> Contact {
    let machine = status.machines.iter().find(|machine| machine.name.as_str() == name);
    machine.expect("a machine").contact.clone()
}

#[test]
fn a_round_is_what_all_have_answered() {
    let (mut rounds, _gate) = cluster("nobody");
    let status = rounds.next();
    assert_eq!(status.verdict, Verdict::Healthy);
    assert!(rounds.machines.values().all(|machine| machine.usual.is_some()));
}

/// The first round waits for it, the next does not, and ask it again nobody
/// does before it has answered.
#[test]
fn who_does_not_answer_is_unknown_and_keeps_nobody_waiting() {
    let (mut rounds, gate) = cluster("ctl2");
    let unreachable = |status: &Status| match contact(status, "ctl2") {
        Contact::Unreachable(why) => why.starts_with("no answer for "),
        _ => false,
    };
    assert!(unreachable(&rounds.next()));
    let asked = rounds.machines[&NodeName::from("ctl2")].asked;
    let status = rounds.next();
    assert!(unreachable(&status));
    assert_eq!(contact(&status, "ctl1"), Contact::Reachable);
    assert_eq!(rounds.machines[&NodeName::from("ctl2")].asked, asked);

    drop(gate);
    let late = rounds.answers.recv().expect("it answers after all");
    rounds.take(&late);
    assert_eq!(contact(&rounds.next(), "ctl2"), Contact::Reachable);
}

/// Its answer, about an older moment, comes while this round waits for somebody else.
#[test]
fn whose_late_answer_comes_in_the_next_round_was_not_seen_in_it() {
    let (mut rounds, gate) = cluster("ctl2");
    let ctl2 = NodeName::from("ctl2");
    let _ = rounds.next();
    drop(gate);
    let late = rounds.answers.recv().expect("it answers after all");
    // What `next` finds in the queue before it asks would be asked again.
    rounds.machines.get_mut(&ctl2).expect("a machine").asked = Some(Instant::now());
    let answer = rounds.answer.clone();
    rounds.ask = {
        let (ask, late) = (Arc::clone(&rounds.ask), Mutex::new(Some(late)));
        Arc::new(move |name: &NodeName| {
            if let Some(late) = late.lock().expect("nobody fails").take() {
                answer.send(late).expect("somebody listens");
            }
            ask(name)
        })
    };
    let machines = rounds.machines.values_mut();
    machines.for_each(|machine| machine.usual = Some(LONGEST));
    let status = rounds.next();
    let told = Contact::Unreachable("its answer came too late".to_owned());
    assert_eq!(contact(&status, "ctl2"), told);
    assert_eq!(contact(&status, "ctl1"), Contact::Reachable);
    assert_ne!(status.verdict, Verdict::Healthy);
}

/// Each try to connect to a machine that is off takes seconds.
#[test]
fn who_failed_last_is_not_waited_for_and_says_why() {
    let (mut rounds, gate) = cluster("ctl2");
    let ctl2 = NodeName::from("ctl2");
    let why = "ssh: no route to host".to_owned();
    let machine = rounds.machines.get_mut(&ctl2).expect("a machine");
    // It would be waited for until the test is given up.
    (machine.usual, machine.failed) = (Some(LONGEST), Some(why.clone()));
    assert_eq!(contact(&rounds.next(), "ctl2"), Contact::Unreachable(why.clone()));
    assert_eq!(contact(&rounds.next(), "ctl2"), Contact::Unreachable(why));
    drop(gate);
    let late = rounds.answers.recv().expect("it is there again");
    rounds.take(&late);
    assert_eq!(contact(&rounds.next(), "ctl2"), Contact::Reachable);
}

#[test]
fn patience_follows_what_an_answer_usually_takes() {
    let after = |usual: Option<u64>| {
        let machine = Machine { usual: usual.map(Duration::from_millis), ..Machine::default() };
        machine.patience()
    };
    assert_eq!(after(None), LONGEST);
    assert_eq!(after(Some(200)), SHORTEST);
    assert_eq!(after(Some(2_000)), Duration::from_secs(6));
    assert_eq!(after(Some(9_000)), LONGEST);
}

#[test]
fn the_thread_looks_again_when_told_and_ends_when_left() {
    let answers = answers();
    let machines: Vec<NodeName> = answers.keys().cloned().collect();
    let ask = Arc::new(move |name: &NodeName| answers[name].clone());
    let hour = Duration::from_secs(3600);
    let looker = Looker::start(site(), machines, hour, ask);
    assert_eq!(looker.seen.recv().expect("a first look").verdict, Verdict::Healthy);
    looker.look_now();
    assert_eq!(looker.seen.recv().expect("a second look").verdict, Verdict::Healthy);
    let Looker { orders, seen, thread } = looker;
    drop((orders, seen));
    thread.join().expect("it ends");
}
