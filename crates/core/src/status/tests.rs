// SPDX-License-Identifier: Apache-2.0
//! Verdicts and screens, from made-up answers.

mod by_hand;
mod cards;
mod changes;
mod daemons;
mod data;
mod members;
mod safeguards;
mod slurm_conf;

use super::made_up::{self, answers, change, site};
use super::*;
use crate::observe::{FencingEvent, Health, Reading, ResourceFailure};
use crate::site::NodeName;

fn problems(status: &Status) -> Vec<&str> {
    status.problems.iter().map(|problem| problem.text.as_str()).collect()
}

fn next(status: &Status) -> Vec<&str> {
    status.problems.iter().filter_map(|problem| problem.next.as_deref()).collect()
}

fn unreachable(answers: &mut Answers, name: &str) {
    let why = "ssh: no answer within 3 s".to_owned();
    answers.insert(NodeName::from(name), Err(why));
}

#[test]
fn all_well_is_healthy() {
    let status = assemble(&site(), &answers());
    assert_eq!(problems(&status), [""; 0]);
    assert_eq!(status.verdict, Verdict::Healthy);
    assert!(!status.is_worth_another_look());
    assert_eq!(status.active, Some(NodeName::from("ctl1")));
    assert_eq!(status.vip.holder.as_deref(), Some("ctl1"));
    insta::assert_snapshot!(plain_text(&render(&status)));
}

#[test]
fn nothing_asked_is_unknown_and_not_down() {
    let status = assemble(&site(), &Answers::new());
    assert_eq!(status.verdict, Verdict::Unknown);
    assert!(status.is_worth_another_look(), "{status:?}");
    let mut nobody = Answers::new();
    for name in ["ctl1", "ctl2", "login1", "cn1", "cn2"] {
        unreachable(&mut nobody, name);
    }
    let status = assemble(&site(), &nobody);
    assert_eq!(status.verdict, Verdict::Unknown);
    insta::assert_snapshot!(plain_text(&render(&status)));
}

/// The other controller tells what became of it.
#[test]
fn a_dead_controller_degrades() {
    let mut answers = answers();
    unreachable(&mut answers, "ctl2");
    change(&mut answers, "ctl1", |ctl1| {
        made_up::without_peer(ctl1, "ctl2");
    });
    let status = assemble(&site(), &answers);
    assert_eq!(status.verdict, Verdict::Degraded);
    assert!(!status.is_worth_another_look(), "it will not come back by looking");
    // Everything else that is missing follows from this.
    assert_eq!(problems(&status), ["ctl2 is offline: the next failure would end the service"]);
    insta::assert_snapshot!(plain_text(&render(&status)));
}

#[test]
fn everything_that_was_left_behind_is_named_with_a_cure() {
    let mut answers = answers();
    for name in ["ctl1", "ctl2"] {
        change(&mut answers, name, |o| {
            let Reading::Known(cluster) = &mut o.cluster else { panic!() };
            cluster.nodes[1].standby = true;
            cluster.bans = vec![
                made_up::ban("cli-ban-slurmctld-on-ctl2", "slurmctld", "ctl2"),
                made_up::ban("fence-ctl1-not-on-ctl1", "fence-ctl1", "ctl1"),
            ];
            cluster.failures = vec![ResourceFailure {
                operation: "slurm_ctld_monitor_10000".to_owned(),
                node: "ctl1".to_owned(),
                status: "not running".to_owned(),
                reason: String::new(),
                when: "2026-11-25 08:00:00Z".to_owned(),
            }];
            cluster.fencing = vec![
                made_up::fenced("ctl2", "failed"),
                made_up::fenced("ctl1", "success"),
                made_up::fenced("ctl1", "failed"),
            ];
            cluster.resources.retain(|r| r.id != "slurmdbd");
        });
    }
    let status = assemble(&site(), &answers);
    assert_eq!(
        problems(&status),
        [
            "ctl2 is in standby: nothing can move to it",
            "not configured: slurmdbd",
            "slurm_ctld_monitor_10000 failed on ctl1: not running",
            "a constraint is left over: cli-ban-slurmctld-on-ctl2",
            "fencing of ctl2 (off): failed",
        ]
    );
    assert_eq!(
        next(&status),
        [
            "on ctl1: pcs node unstandby ctl2",
            "slurmha plan",
            "look into it, then on ctl1: crm_resource --cleanup -r slurm_ctld",
            "on ctl1: crm_resource --clear -r slurmctld",
            "on ctl1: stonith_admin --history ctl2 --verbose; when the cause is mended: \
             stonith_admin --cleanup --history ctl2",
        ]
    );
    insta::assert_snapshot!(plain_text(&render(&status)));
}

#[test]
fn what_somebody_has_moved_by_hand_is_named_with_a_cure() {
    let moved = |ends| crate::observe::Preference {
        id: "cli-prefer-drbd-clone".to_owned(),
        resource: "drbd-clone".to_owned(),
        node: "ctl2".to_owned(),
        ends,
    };
    let mut answers = answers();
    let mut tell = |name: &str, preferences| {
        change(&mut answers, name, |o| o.preferences = Some(preferences));
        assemble(&site(), &answers)
    };
    let status = tell("ctl2", Reading::Known(vec![moved(false)]));
    assert_eq!(status.verdict, Verdict::Degraded);
    let left = "a constraint is left over: cli-prefer-drbd-clone prefers ctl2 for ever";
    assert_eq!(problems(&status), [left]);
    assert_eq!(next(&status), ["on ctl1: crm_resource --clear -r drbd-clone"]);

    // One side that cannot tell is no matter while the other one can.
    let status = tell("ctl1", Reading::Unknown("timed out".to_owned()));
    assert_eq!(problems(&status), [left]);
    // That of a planned move ends by itself.
    let status = tell("ctl2", Reading::Known(vec![moved(true)]));
    assert_eq!((status.verdict, problems(&status)), (Verdict::Healthy, vec![]));
    let status = tell("ctl2", Reading::Unknown("timed out".to_owned()));
    assert_eq!(
        problems(&status),
        ["whether somebody has moved a resource by hand is not known: timed out"]
    );
    assert!(status.is_worth_another_look());
}

/// On a node of the cluster only this node is asked.
#[test]
fn what_was_not_asked_is_no_problem_as_long_as_a_controller_tells() {
    let mut answers = answers();
    answers.retain(|name, _| name.as_str() == "ctl1");
    let status = assemble(&site(), &answers);
    assert_eq!(problems(&status), [""; 0]);
    assert_eq!(status.verdict, Verdict::Healthy);
}

/// On a login node nobody can be asked but the scheduler.
#[test]
fn a_scheduler_that_answers_does_not_prove_a_healthy_cluster() {
    let mut answers = answers();
    answers.retain(|name, _| name.as_str() == "login1");
    let status = assemble(&site(), &answers);
    assert_eq!(status.daemons.slurmctld, Health::Up);
    assert_eq!(status.verdict, Verdict::Unknown);
}

#[test]
fn every_screen_fits_into_80_columns() {
    let mut answers = answers();
    unreachable(&mut answers, "cn2");
    change(&mut answers, "ctl1", |o| {
        o.drbd =
            Reading::Unknown("drbdsetup: a rather long story of what happened there ".repeat(4));
    });
    let text = plain_text(&render(&assemble(&site(), &answers)));
    let longest = text.lines().map(|line| line.chars().count()).max();
    assert!(longest <= Some(80), "{text}");
}

#[test]
fn the_status_as_json_reads_back() {
    let status = assemble(&site(), &answers());
    let json = serde_json::to_string(&status).unwrap();
    assert_eq!(serde_json::from_str::<Status>(&json).unwrap(), status);
    let fields: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(fields["verdict"], "healthy");
    let _: Vec<FencingEvent> = serde_json::from_value(fields["fencing"].clone()).unwrap();
}
