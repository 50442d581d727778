// SPDX-License-Identifier: Apache-2.0
//! The agent of the replication.

use std::time::Duration;

use slurmha_core::layout::FENCE_PEER_CALL;
use slurmha_host::System as _;

use super::super::{Agent, Answer, Parameters, Status, act};
use super::machine::{Drbd, LIMIT, Machine};

fn call(machine: &Machine, action: &str) -> Answer {
    let parameters = Parameters::from([("drbd_resource", "slurm_data")]);
    act(machine, Agent::Drbd, action, &parameters, LIMIT)
}

fn with(drbd: Drbd) -> Machine {
    let machine = Machine::with("inactive");
    *machine.drbd.lock().expect("a lock") = drbd;
    machine
}

fn role(machine: &Machine) -> &'static str {
    machine.drbd.lock().expect("a lock").role
}

fn scores(machine: &Machine) -> Vec<String> {
    let ran = machine.ran();
    let set = ran.lines().filter_map(|line| line.strip_prefix("attrd_updater --name master-drbd "));
    set.map(str::to_owned).collect()
}

const SECONDARY: Drbd = Drbd { role: "Secondary", ..Drbd::DOWN };
const PRIMARY: Drbd = Drbd { role: "Primary", ..Drbd::DOWN };

#[test]
fn monitor_tells_the_role_and_sets_the_score() {
    for (drbd, status) in [(SECONDARY, Status::Success), (PRIMARY, Status::Promoted)] {
        let machine = with(drbd);
        assert_eq!(call(&machine, "monitor").status, status);
        assert_eq!(scores(&machine), ["--update 10000"]);
    }
    let down = with(Drbd::DOWN);
    assert_eq!(call(&down, "monitor").status, Status::NotRunning);
    assert_eq!(scores(&down), [""; 0]);
    let outdated = with(Drbd { disk: "Outdated", peer_disk: "DUnknown", ..SECONDARY });
    assert_eq!(call(&outdated, "monitor").status, Status::Success);
    assert_eq!(scores(&outdated), ["--delete"]);
}

#[test]
fn a_disk_that_is_back_in_seconds_moves_nothing_and_one_that_stays_away_does() {
    let back = with(Drbd { looks_without: 3, ..PRIMARY });
    assert_eq!(call(&back, "monitor").status, Status::Promoted);
    assert_eq!(scores(&back), ["--update 10000"]);
    let gone = with(Drbd { disk: "Diskless", ..PRIMARY });
    assert_eq!(call(&gone, "monitor").status, Status::Promoted);
    assert_eq!(scores(&gone), ["--update 10"]);
    assert!(gone.elapsed() < LIMIT / 2);
    // Where nothing is active a move costs nothing.
    let passive = with(Drbd { disk: "Diskless", ..SECONDARY });
    assert_eq!(call(&passive, "monitor").status, Status::Success);
    assert_eq!(
        (scores(&passive), passive.elapsed()),
        (vec!["--update 10".to_owned()], Duration::ZERO)
    );
}

/// DRBD asks its fence-peer handler once, and one that was killed never answers.
#[test]
fn frozen_writes_whose_handler_was_killed_are_seen_to() {
    let frozen = Drbd { suspended: "fencing", ..PRIMARY };
    let started = |drbd, record: Option<&str>| {
        let machine = with(drbd);
        if let Some(text) = record {
            machine.files.lock().expect("a lock").insert(FENCE_PEER_CALL.into(), text.into());
        }
        call(&machine, "monitor");
        machine.ran().contains("slurmha fence-peer --left")
    };
    let killed = r#"{"process":812,"call":{"resource":"slurm_data","peer":"ctl2"}}"#;
    assert!(started(frozen, Some(killed)));
    assert!(!started(frozen, None), "it has answered, and the answer was no");
    assert!(!started(PRIMARY, Some(killed)), "nothing is frozen");
    assert!(!started(Drbd { suspended: "fencing", ..SECONDARY }, Some(killed)));
}

#[test]
fn cannot_tell_is_neither_running_nor_stopped() {
    let machine = with(Drbd { role: "garbled", ..SECONDARY });
    for action in ["monitor", "start", "stop"] {
        assert_eq!(call(&machine, action).status, Status::Generic, "{action}");
    }
}

#[test]
fn start_attaches_and_waits_for_the_peer_but_not_for_ever() {
    let machine = with(Drbd::DOWN);
    assert_eq!(call(&machine, "start").status, Status::Success);
    assert_eq!(
        (role(&machine), scores(&machine)),
        ("Secondary", vec!["--update 10000".to_owned()])
    );

    let alone =
        Drbd { connection: "Connecting", disk: "Consistent", peer_disk: "DUnknown", ..Drbd::DOWN };
    let machine = with(alone);
    assert_eq!(call(&machine, "start").status, Status::Success);
    assert_eq!(scores(&machine), ["--update 5"]);
    assert!(machine.elapsed() < LIMIT / 2);
}

#[test]
fn start_leaves_nothing_promoted() {
    let machine = with(PRIMARY);
    assert_eq!(call(&machine, "start").status, Status::Success);
    assert_eq!(role(&machine), "Secondary");
}

#[test]
fn promote_and_demote_need_no_look_when_all_is_well() {
    let machine = with(SECONDARY);
    assert_eq!(call(&machine, "promote").status, Status::Success);
    assert_eq!(call(&machine, "demote").status, Status::Success);
    assert_eq!(machine.ran(), "drbdadm primary slurm_data\ndrbdadm secondary slurm_data");
}

#[test]
fn a_promotion_that_had_to_wait_tells_the_score_again() {
    let machine = with(Drbd { refusals: 3, ..SECONDARY });
    assert_eq!(call(&machine, "promote").status, Status::Success);
    assert_eq!(scores(&machine), ["--update 10000"]);
}

#[test]
fn a_device_that_is_held_open_for_a_moment_is_waited_for() {
    for action in ["demote", "stop"] {
        let machine = with(Drbd { refusals: 3, ..PRIMARY });
        assert_eq!(call(&machine, action).status, Status::Success, "{action}");
        assert_ne!(role(&machine), "Primary", "{action}");
    }
}

#[test]
fn what_stays_refused_is_a_failure_in_time_with_drbds_reason() {
    for (drbd, action) in [(SECONDARY, "promote"), (PRIMARY, "demote"), (PRIMARY, "stop")] {
        let machine = with(Drbd { refusals: u32::MAX, ..drbd });
        let answer = call(&machine, action);
        assert_eq!(answer.status, Status::Generic, "{action}");
        assert!(answer.reason.expect("a reason").contains("State change failed"), "{action}");
        assert!(machine.elapsed() < LIMIT && machine.elapsed() > Duration::from_secs(10));
    }
}

/// An action that Pacemaker ends itself leaves its programs behind, and they go on.
#[test]
fn no_action_is_over_its_limit_however_slow_the_programs_are() {
    // Of `render::cib`.
    for (action, limit) in
        [("start", 240), ("promote", 90), ("demote", 90), ("stop", 100), ("monitor", 60)]
    {
        let limit = Duration::from_secs(limit);
        for seconds in [1, 9, 18, 29, 55, 100, 1000] {
            for drbd in [SECONDARY, PRIMARY, Drbd { disk: "Diskless", ..PRIMARY }] {
                for refusals in [0, 1, 2, u32::MAX] {
                    let takes = Duration::from_secs(seconds);
                    let machine = with(Drbd { takes, refusals, ..drbd });
                    let parameters = Parameters::from([("drbd_resource", "slurm_data")]);
                    let answer = act(&machine, Agent::Drbd, action, &parameters, limit);
                    let took = machine.elapsed();
                    assert!(took < limit, "{action} {took:?} {seconds} {refusals} {answer:?}");
                }
            }
        }
    }
}

/// drbdadm says that it has done it, and nothing has changed.
#[test]
fn what_is_done_and_is_not_is_not_asked_for_without_end() {
    let machine = with(Drbd { is_deaf: true, takes: Duration::from_secs(1), ..PRIMARY });
    let answer = call(&machine, "stop");
    assert_eq!(answer.status, Status::Generic);
    assert!(machine.elapsed() < LIMIT);
}

#[test]
fn stop_takes_everything_down_and_the_score_with_it() {
    let machine = with(PRIMARY);
    assert_eq!(call(&machine, "stop").status, Status::Success);
    assert_eq!((role(&machine), scores(&machine)), ("", vec!["--delete".to_owned()]));
    let machine = with(Drbd::DOWN);
    assert_eq!(call(&machine, "stop").status, Status::Success);
}

#[test]
fn the_rest() {
    let machine = with(SECONDARY);
    assert_eq!(call(&machine, "validate-all").status, Status::Success);
    assert_eq!(call(&machine, "notify").status, Status::Unimplemented);
    let answer = act(&machine, Agent::Drbd, "start", &Parameters::default(), LIMIT);
    assert_eq!(answer.status, Status::BadParameter);
}
