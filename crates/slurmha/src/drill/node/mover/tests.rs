// SPDX-License-Identifier: Apache-2.0
//! A move that is done, that fails, and that is interrupted at every moment.

mod by_hand;
mod cluster;

use self::cluster::{ARRIVED, Cluster};
use super::*;

fn task() -> MoveTask {
    MoveTask {
        from: "ctl1".into(),
        to: "ctl2".into(),
        limit: Duration::from_secs(60),
        from_here: false,
        is_left: false,
    }
}

fn end(replies: &[Reply]) -> Moved {
    match replies.last() {
        Some(Reply::Moved(moved)) => moved.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_move_tells_its_steps_and_leaves_nothing() {
    let cluster = Cluster::new();
    let replies = cluster.drive(u64::MAX);
    assert!(matches!(replies.first(), Some(Reply::Struck(_))), "{replies:?}");
    let steps: Vec<&str> = replies
        .iter()
        .filter_map(|reply| match reply {
            Reply::MoveStep(step) => Some(step.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(
        steps,
        [
            "runs drbd",
            "runs state",
            "runs database",
            "runs vip",
            "runs slurmctld",
            "runs mariadb",
            "runs slurmdbd"
        ]
    );
    let moved = end(&replies);
    assert_eq!((moved.result, moved.left_over), (Ok(()), None));
    assert!(cluster.is_clean());
}

/// What an earlier move has left is taken away before anything else.
#[test]
fn a_second_run_repairs_the_first() {
    let cluster = Cluster::new();
    cluster.lock().preferred_since = Some(Duration::ZERO);
    cluster.drive(u64::MAX);
    let commands = cluster.commands();
    assert!(
        commands[1].starts_with("cibadmin --delete")
            && commands[1].contains("cli-prefer-drbd-clone"),
        "{commands:?}"
    );
    assert!(!commands.iter().any(|command| command.contains("--clear")), "{commands:?}");
    assert!(cluster.is_clean());
}

#[test]
fn what_is_left_is_taken_back_without_a_move() {
    let cluster = Cluster::new();
    cluster.lock().preferred_since = Some(Duration::ZERO);
    let moved = end(&[take_back(&cluster)]);
    assert_eq!((moved.result, moved.left_over), (Ok(()), None));
    assert!(cluster.is_clean());
    assert!(!cluster.commands().iter().any(|command| command.contains("--move")));
}

#[test]
fn an_operator_who_leaves_leaves_nothing_behind() {
    for patience in 1..12 {
        ARRIVED.with(|arrived| arrived.set(0));
        let cluster = Cluster::new();
        let moved = end(&cluster.drive(patience));
        assert!(cluster.is_clean(), "after {patience} s");
        if let Err(why) = moved.result {
            assert!(why.starts_with("interrupted; "), "{why}");
        }
    }
}

/// Pacemaker was slow, and somebody pressed Ctrl-C meanwhile.
#[test]
fn what_nobody_waits_for_any_more_is_not_ordered() {
    let cluster = Cluster::new();
    let replies = cluster.drive(0);
    let [Reply::Unharmed(why)] = replies.as_slice() else { panic!("{replies:?}") };
    assert_eq!(why, "nobody waits for it any more; nothing was ordered");
    assert!(!cluster.commands().iter().any(|command| command.contains("--move")));
}

/// Each attempt may take a minute.
#[test]
fn a_pacemaker_that_refuses_is_not_asked_again_for_nobody() {
    let dead = || Cluster { dead_from: 0, ..Cluster::new() };
    let (left, patient) = (dead(), dead());
    left.drive(0);
    patient.drive(u64::MAX);
    assert_eq!((left.commands().len(), patient.commands().len()), (1, 10));
}

#[test]
fn a_resource_that_does_not_start_ends_the_move_in_time() {
    let cluster = Cluster { broken: Some("slurmdbd"), ..Cluster::new() };
    let moved = end(&cluster.drive(u64::MAX));
    assert_eq!(moved.result, Err("not done after 60 s: not yet on ctl2: slurmdbd".to_owned()));
    assert!(cluster.is_clean());
}

/// Nothing may hold the role on a target that does not work.
#[test]
fn a_failure_takes_the_order_back_at_once() {
    let cluster = Cluster { failing: Some("slurmctld"), ..Cluster::new() };
    let moved = end(&cluster.drive(u64::MAX));
    let why = "it went back to ctl1: slurmctld_start_0 failed on ctl2: no clue";
    assert_eq!(moved.result, Err(why.to_owned()));
    assert!(cluster.is_clean());
    assert!(cluster.elapsed() < Duration::from_secs(20), "{:?}", cluster.elapsed());
}

/// Pacemaker answers nothing any more from some command on, forever: either
/// nothing was ordered, or it is said what is left and what to type.
#[test]
fn a_dead_pacemaker_is_told_at_every_moment() {
    for dead_from in 0..12 {
        ARRIVED.with(|arrived| arrived.set(0));
        let cluster = Cluster { dead_from, ..Cluster::new() };
        let replies = cluster.drive(u64::MAX);
        match replies.last() {
            Some(Reply::Unharmed(why)) => {
                assert!(dead_from < 2 && why.contains("Not connected"), "{dead_from}: {why}");
            }
            Some(Reply::Moved(moved)) => {
                assert!(moved.result.is_err());
                let left = moved.left_over.as_deref().unwrap_or_default();
                assert!(left.contains("crm_resource --clear -r drbd-clone"), "{left}");
                assert!(left.contains("PT15M"), "{left}");
            }
            other => panic!("{dead_from}: {other:?}"),
        }
    }
}
