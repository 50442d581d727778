// SPDX-License-Identifier: Apache-2.0
//! Calls by DRBD on a machine whose programs answer as told.

mod machine;

use std::time::Duration;

use slurmha_core::fence_peer::{Answer, FENCE_AGAIN, LIMIT, PATIENCE};

use super::{Call, answer, answer_late, mark};
use machine::{ERASED, ERASED_SLOWLY, LEFT, LOST, MEMBER, Machine, Says};

fn call() -> Call {
    Call { resource: "slurm_data".to_owned(), peer: "ctl2".to_owned() }
}

fn asked(machine: &Machine) -> Answer {
    answer(machine, &call())
}

#[test]
fn a_fence_that_is_proven_costs_two_questions() {
    let machine = Machine::with(ERASED);
    assert_eq!(asked(&machine), Answer::Stonithed);
    let ran = machine.ran();
    assert_eq!(ran.len(), 3, "{ran:?}");
    assert!(ran[0].starts_with("cibadmin --query --local --no-children"), "{ran:?}");
    assert!(ran[1].starts_with("stonith_admin --history ctl2"), "{ran:?}");
    assert!(ran[2].starts_with("logger -t slurmha-fence-peer"), "{ran:?}");
    assert!(ran[2].contains("exit=7 (Stonithed)"), "{ran:?}");
}

#[test]
fn a_note_is_left_of_a_fence_and_of_nothing_else() {
    let note = |requested: bool| {
        let text = format!("{{\"fenced\":\"1970-01-01T00:00:00Z\",\"requested\":{requested}}}");
        format!("/run/slurmha/fenced/ctl2 {text}")
    };
    for (state, notes) in
        [(ERASED, vec![note(false)]), (LOST, vec![note(true)]), (MEMBER, vec![]), (LEFT, vec![])]
    {
        let machine = Machine::with(state);
        asked(&machine);
        assert_eq!(machine.notes(), notes);
    }
    // With data that are too old to be promoted, the peer is wanted back all
    // the more.
    let machine = Machine::with(ERASED).marked("ctl1");
    assert_eq!(asked(&machine), Answer::NotFenced);
    assert_eq!(machine.notes(), [note(false)]);
}

#[test]
fn pacemakers_own_fence_is_waited_for() {
    let machine = Machine::with(LOST);
    machine.later(Duration::from_secs(3), ERASED);
    assert_eq!(asked(&machine), Answer::Stonithed);
    assert!(!machine.did("stonith_admin --fence"));
    assert!(!machine.did("cibadmin --modify"));
}

#[test]
fn a_fence_is_asked_for_when_nobody_else_does() {
    let machine = Machine::with(LOST);
    assert_eq!(asked(&machine), Answer::Stonithed);
    assert!(machine.now_is() >= PATIENCE);
    assert!(machine.did("stonith_admin --fence ctl2 --tolerance 10s"));
}

#[test]
fn after_a_fence_that_succeeded_nothing_is_asked() {
    let machine = Machine::with(LOST);
    assert_eq!(asked(&machine), Answer::Stonithed);
    let ran = machine.ran();
    let fence = ran.iter().position(|it| it.starts_with("stonith_admin --fence")).expect("a fence");
    assert!(ran[fence + 1..].iter().all(|it| it.starts_with("logger ")), "{ran:?}");
}

#[test]
fn a_fence_that_fails_is_asked_for_once_and_not_answered() {
    let machine = Machine::with(LOST).fence(Says::Status(1));
    assert_eq!(asked(&machine), Answer::NotFenced);
    let ran = machine.ran();
    assert_eq!(ran.iter().filter(|it| it.starts_with("stonith_admin --fence")).count(), 1);
    assert!(machine.now_is() < LIMIT + Duration::from_secs(1));
}

#[test]
fn a_fence_that_hangs_ends_with_the_limit() {
    let machine = Machine::with(LOST).fence(Says::Hangs);
    assert_eq!(asked(&machine), Answer::NotFenced);
    assert!(machine.now_is() < LIMIT + Duration::from_secs(5));
}

#[test]
fn a_peer_that_is_alive_is_marked_and_asked() {
    let machine = Machine::with(MEMBER);
    assert_eq!(asked(&machine), Answer::Outdated);
    assert_eq!(machine.marks(), ["ctl2"]);
    let ran = machine.ran();
    let at = |part: &str| ran.iter().rposition(|it| it.contains(part)).expect("it ran");
    assert!(at("--node ctl2") > at("--modify"), "{ran:?}");
}

/// A reboot as planned: the member goes away while it is asked.
#[test]
fn a_peer_that_left_is_marked_and_neither_asked_nor_shot() {
    let machine = Machine::with(LEFT);
    assert_eq!(asked(&machine), Answer::Outdated);
    assert!(!machine.did("cibadmin --query --node") && !machine.did("stonith_admin --fence"));
    assert_eq!(machine.marks(), ["ctl2"]);

    let machine = Machine::with(MEMBER).dies_when_marked();
    machine.later(Duration::from_secs(1), LEFT);
    assert_eq!(asked(&machine), Answer::Outdated);
    assert_eq!(machine.marks(), ["ctl2"]);
}

#[test]
fn a_peer_on_which_drbd_is_promoted_is_not_marked() {
    let machine = Machine::with(MEMBER).promoted_on("ctl2");
    assert_eq!(asked(&machine), Answer::NotFenced);
    assert_eq!(machine.marks(), [""; 0]);
}

/// DRBD notices a power loss before Corosync does.
#[test]
fn a_member_that_does_not_answer_is_not_marked_but_waited_for() {
    let machine = Machine::with(MEMBER).peer_answers(Says::Hangs);
    machine.later(Duration::from_secs(7), ERASED);
    assert_eq!(asked(&machine), Answer::Stonithed);
    assert!(!machine.did("cibadmin --modify"));
}

#[test]
fn a_member_that_has_just_died_is_not_asked_for_long() {
    let machine = Machine::with(MEMBER).peer_answers(Says::Hangs);
    let lost = Duration::from_millis(300);
    machine.later(lost, ERASED);
    assert_eq!(asked(&machine), Answer::Stonithed);
    assert!(machine.now_is() < lost + Duration::from_millis(500), "{:?}", machine.now_is());
}

#[test]
fn a_mark_that_did_not_become_the_answer_is_withdrawn() {
    let machine = Machine::with(MEMBER).dies_when_marked();
    machine.later(Duration::from_secs(20), ERASED);
    assert_eq!(asked(&machine), Answer::Stonithed);
    assert!(machine.did("cibadmin --modify"));
    assert_eq!(machine.marks(), [""; 0]);
}

#[test]
fn a_mark_of_an_earlier_call_is_confirmed_and_not_made_again() {
    let machine = Machine::with(MEMBER).marked("ctl2");
    assert_eq!(asked(&machine), Answer::Outdated);
    assert!(!machine.did("cibadmin --modify"));
}

#[test]
fn a_mark_of_an_earlier_call_is_not_withdrawn() {
    let machine = Machine::with(MEMBER).peer_answers(Says::Hangs).marked("ctl2");
    machine.later(Duration::from_secs(20), ERASED);
    assert_eq!(asked(&machine), Answer::Stonithed);
    assert_eq!(machine.marks(), ["ctl2"]);
}

#[test]
fn without_pacemaker_nothing_is_fenced() {
    let machine = Machine::with(Says::Status(102));
    assert_eq!(asked(&machine), Answer::NotFenced);
    let machine = Machine::with(Says::Text("<broken"));
    assert_eq!(asked(&machine), Answer::NotFenced);
    let machine = Machine::with(ERASED).history(Says::Status(102));
    assert_eq!(asked(&machine), Answer::NotFenced);
    let machine = Machine::with(ERASED).history(Says::Hangs);
    assert_eq!(asked(&machine), Answer::NotFenced);
}

/// Its I/O is frozen, and DRBD does not ask again.
#[test]
fn a_primary_that_stood_still_hears_of_a_fence_that_came_later() {
    for says in [Says::Status(102), Says::Hangs, Says::Text("<broken")] {
        let machine = Machine::with(says).frozen();
        machine.later(LIMIT * 2, ERASED);
        assert_eq!(asked(&machine), Answer::Stonithed, "{says:?}");
    }
    // DRBD's own state is not told for a while.
    let machine = Machine::with(LOST).frozen().fence(Says::Status(1)).drbd_hides_after(2);
    machine.later(LIMIT * 2, ERASED);
    assert_eq!(asked(&machine), Answer::Stonithed);
    // Nor is it from the beginning.
    let machine = Machine::with(ERASED).frozen().drbd_hides_after(0);
    assert_eq!(asked(&machine), Answer::Stonithed);
}

#[test]
fn who_is_slow_gets_more_time() {
    let machine = Machine::with(ERASED_SLOWLY).frozen();
    assert_eq!(asked(&machine), Answer::Stonithed);
    assert!(machine.now_is() < LIMIT, "{:?}", machine.now_is());
}

#[test]
fn a_fence_that_failed_is_asked_for_again_with_time_for_the_bmc() {
    let machine = Machine::with(LOST).frozen().fence(Says::Status(1));
    machine.later(FENCE_AGAIN * 3, ERASED);
    assert_eq!(asked(&machine), Answer::Stonithed);
    let ran = machine.ran();
    let fences: Vec<_> = ran.iter().filter(|it| it.starts_with("stonith_admin --fence")).collect();
    assert_eq!(fences.len(), 3, "{ran:?}");
    assert!(fences.iter().all(|it| it.ends_with("--timeout 60")), "{fences:?}");
}

/// Once, and not with every look.
#[test]
fn who_waits_for_a_person_says_what_for() {
    let machine = Machine::with(LOST).frozen().fence(Says::Status(1));
    machine.later(LIMIT * 3, ERASED);
    assert_eq!(asked(&machine), Answer::Stonithed);
    let ran = machine.ran();
    let told: Vec<_> = ran.iter().filter(|it| it.contains(" waits: ")).collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("ctl2 is gone") && told[0].contains("fencing failed"), "{told:?}");
}

#[test]
fn only_a_success_of_a_fence_of_this_peer_counts() {
    for (from, to) in [("success", "failed"), ("ctl2", "ctl1"), ("off", "on")] {
        let machine = Machine::with(ERASED).fence(Says::Status(1)).history_with(from, to);
        assert_eq!(asked(&machine), Answer::NotFenced, "{to}");
    }
}

#[test]
fn a_call_that_is_not_understood_asks_nobody() {
    let machine = Machine::with(ERASED);
    for (resource, peer) in [
        ("", "ctl2"),
        ("other", "ctl2"),
        ("slurm_data", ""),
        ("slurm_data", "a'b"),
        ("slurm_data", "a b"),
    ] {
        let call = Call { resource: resource.to_owned(), peer: peer.to_owned() };
        assert_eq!(answer(&machine, &call), Answer::NotFenced);
    }
    assert!(machine.ran().iter().all(|it| it.starts_with("logger ")));
}

/// DRBD waits for nobody any more when the handler that it called was killed.
#[test]
fn writes_go_on_late_with_the_proof_alone() {
    let machine = Machine::with(LOST).frozen();
    machine.later(LIMIT, ERASED);
    assert_eq!(answer_late(&machine, &call()), Ok(()));
    assert_eq!(machine.ran().last().map(String::as_str), Some("drbdadm resume-io slurm_data"));
    for refused in [Machine::with(MEMBER).promoted_on("ctl2").frozen(), Machine::with(LOST)] {
        let refused = refused.fence(Says::Status(1));
        assert_eq!(answer_late(&refused, &call()), Err("there was no proof".to_owned()));
        assert!(!refused.did("drbdadm"), "{:?}", refused.ran());
    }
}

#[test]
fn a_log_that_fails_does_not_change_the_answer() {
    assert_eq!(asked(&Machine::with(ERASED).log(Says::Hangs)), Answer::Stonithed);
}

#[test]
fn the_mark_is_lifted_by_the_last_volume_only() {
    let machine = Machine::with(MEMBER).marked("ctl1");
    machine.connected("UpToDate/UpToDate", "Inconsistent/UpToDate");
    assert!(!mark::lift(&machine));
    assert_eq!(machine.marks(), ["ctl1"]);
    machine.connected("UpToDate/UpToDate", "UpToDate/UpToDate");
    assert!(mark::lift(&machine));
    assert_eq!(machine.marks(), [""; 0]);
}

#[test]
fn without_a_mark_nothing_is_written() {
    let machine = Machine::with(MEMBER);
    machine.connected("UpToDate/UpToDate", "UpToDate/UpToDate");
    assert!(mark::lift(&machine));
    assert!(!machine.did("cibadmin --delete"));
}

#[test]
fn a_mark_is_not_lifted_when_drbd_cannot_be_asked() {
    let machine = Machine::with(MEMBER).marked("ctl1");
    machine.without_drbd();
    assert!(!mark::lift(&machine));
    assert_eq!(machine.marks(), ["ctl1"]);
}
