// SPDX-License-Identifier: Apache-2.0
//! What is told of the difference between two looks.

use crate::observe::{Health, Reading};
use crate::status::made_up::{self, answers, change, failed_over, site};
use crate::status::{Answers, Facts, assemble};

fn facts(answers: &Answers) -> Facts {
    Facts::of(&assemble(&site(), answers))
}

fn told(after: &Facts, before: &Facts) -> Vec<String> {
    after.changes_since(before).iter().map(ToString::to_string).collect()
}

#[test]
fn two_looks_at_the_same_tell_nothing() {
    assert_eq!(told(&facts(&answers()), &facts(&answers())), [""; 0]);
    assert_eq!(told(&facts(&answers()), &Facts::default()), [""; 0], "the first is no news");
}

#[test]
fn a_failover_is_told_the_whole_first() {
    let changes = told(&facts(&failed_over()), &facts(&answers()));
    insta::assert_snapshot!(changes.join("\n"));
}

/// Jobs come and go; which node is busy is no news either.
#[test]
fn work_is_no_news_but_a_node_that_takes_none_is() {
    let mut after = answers();
    change(&mut after, "login1", |o| {
        let Reading::Known(slurm) = &mut o.slurm else { panic!() };
        slurm.jobs = Reading::Known([("RUNNING".to_owned(), 17)].into());
        let nodes = [("idle".to_owned(), 1), ("down*".to_owned(), 1)];
        slurm.nodes = Reading::Known(nodes.into());
    });
    assert_eq!(
        told(&facts(&after), &facts(&answers())),
        ["cluster: healthy → degraded", "nodes that take no jobs: 0 → 1"]
    );
}

/// Nobody could be asked, then the same was seen as before.
#[test]
fn what_was_unknown_for_a_while_has_not_changed() {
    let before = facts(&answers());
    let mut nobody = answers();
    nobody.values_mut().for_each(|answer| *answer = Err("no answer for 3 s".to_owned()));
    let unknown = facts(&nobody);
    assert_eq!(
        told(&unknown, &before),
        [
            "cluster: healthy → unknown",
            "ctl1: answers → does not answer",
            "ctl2: answers → does not answer",
            "login1: answers → does not answer",
            "cn1: answers → does not answer",
            "cn2: answers → does not answer",
        ]
    );
    let unknown = unknown.or(&before);
    let changes = told(&facts(&failed_over()), &unknown);
    assert!(changes.contains(&"slurmctld: ctl1 → ctl2".to_owned()), "{changes:#?}");
    let back = told(&facts(&answers()), &unknown);
    assert_eq!(back.len(), 6, "{back:#?}");
    assert_eq!(back[0], "cluster: unknown → healthy");
}

/// Pacemaker lists them as it likes.
#[test]
fn the_order_of_instances_is_no_news() {
    let mut after = answers();
    for name in ["ctl1", "ctl2"] {
        change(&mut after, name, |o| {
            let Reading::Known(cluster) = &mut o.cluster else { panic!() };
            cluster.resources.swap(2, 3);
        });
    }
    assert_eq!(told(&facts(&after), &facts(&answers())), [""; 0]);
}

#[test]
fn a_resync_is_told_at_its_beginning_and_its_end_alone() {
    let during = |done| {
        let mut answers = answers();
        change(&mut answers, "ctl1", |o| made_up::resync(o, "SyncSource", done));
        change(&mut answers, "ctl2", |o| made_up::resync(o, "SyncTarget", done));
        facts(&answers)
    };
    let (early, late) = (during(10.0), during(90.0));
    let begins = "database disk on ctl2: UpToDate → Inconsistent, is copied to";
    assert!(told(&early, &facts(&answers())).contains(&begins.to_owned()));
    assert_eq!(told(&late, &early), [""; 0]);
    let ends = "database disk on ctl2: Inconsistent, is copied to → UpToDate";
    assert!(told(&facts(&answers()), &late).contains(&ends.to_owned()));
}

#[test]
fn a_daemon_that_could_not_be_asked_is_not_told_as_one_that_does_not_answer() {
    let with = |health: &Health| {
        let mut answers = answers();
        for name in ["ctl1", "ctl2", "login1"] {
            change(&mut answers, name, |o| {
                let Reading::Known(slurm) = &mut o.slurm else { panic!() };
                slurm.slurmctld = health.clone();
            });
        }
        told(&facts(&answers), &facts(&self::answers()))
    };
    let line = "slurmctld (asked): answers → does not answer".to_owned();
    assert!(with(&Health::Down("no route".to_owned())).contains(&line));
    let unknown = with(&Health::Unknown("too late".to_owned()));
    assert!(!unknown.iter().any(|line| line.starts_with("slurmctld")), "{unknown:?}");
}
