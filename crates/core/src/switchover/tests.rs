// SPDX-License-Identifier: Apache-2.0
//! Refusals, progress and report, from made-up answers.

use jiff::Timestamp;

use super::*;
use crate::drill::{Outage, Probe};
use crate::observe::{ClusterStatus, Health, Reading, ResourceFailure};
use crate::site::NodeName;
use crate::status::made_up::{self, answers, change, site};
use crate::status::{Answers, Status, assemble};

fn status(how: impl FnOnce(&mut Answers)) -> Status {
    let mut answers = answers();
    how(&mut answers);
    assemble(&site(), &answers)
}

fn in_the_way(how: impl FnOnce(&mut Answers)) -> Vec<(String, Option<String>)> {
    let found = obstacles(&status(how), View::Whole, &"ctl1".into(), &"ctl2".into());
    found.into_iter().map(|problem| (problem.text, problem.next)).collect()
}

/// Pacemaker's opinion, changed on both controllers.
fn cluster(answers: &mut Answers, how: impl Fn(&mut ClusterStatus)) {
    for name in ["ctl1", "ctl2"] {
        change(answers, name, |o| {
            let Reading::Known(cluster) = &mut o.cluster else { panic!() };
            how(cluster);
        });
    }
}

#[test]
fn the_role_goes_to_the_other_controller_or_stays() {
    let healthy = status(|_| {});
    let moved = Choice::Move { from: "ctl1".into(), to: "ctl2".into() };
    assert_eq!(choose(&site(), &healthy, None), Ok(moved.clone()));
    assert_eq!(choose(&site(), &healthy, Some("ctl2")), Ok(moved));
    assert_eq!(choose(&site(), &healthy, Some("ctl1")), Ok(Choice::Already("ctl1".into())));
    let error = choose(&site(), &healthy, Some("cn1")).unwrap_err();
    assert_eq!(error.to_string(), "cn1 is no controller of this site: they are ctl1 and ctl2");
    let nobody = status(|answers| answers.clear());
    assert_eq!(choose(&site(), &nobody, None), Err(Unfit::NothingActive));
}

#[test]
fn a_healthy_cluster_has_nothing_in_the_way() {
    assert_eq!(in_the_way(|_| {}), []);
}

/// A large site never has all of its compute nodes.
#[test]
fn compute_nodes_are_not_in_the_way() {
    let found = in_the_way(|answers| {
        answers.insert(NodeName::from("cn1"), Err("no route".to_owned()));
        change(answers, "login1", |o| {
            let Reading::Known(slurm) = &mut o.slurm else { panic!() };
            slurm.nodes = Reading::Known([("down*".to_owned(), 2)].into());
        });
    });
    assert_eq!(found, []);
}

#[test]
fn everything_unsafe_is_named_with_its_cure() {
    let resync = in_the_way(|answers| {
        change(answers, "ctl1", |o| made_up::resync(o, "SyncSource", 41.6));
        change(answers, "ctl2", |o| made_up::resync(o, "SyncTarget", 41.6));
    });
    assert_eq!(resync[0].0, "the database volume is being copied to ctl2: 42 % in sync");

    let standby = in_the_way(|answers| cluster(answers, |c| c.nodes[1].standby = true));
    assert_eq!(standby[0].1.as_deref(), Some("on ctl1: pcs node unstandby ctl2"));

    let maintenance = in_the_way(|answers| cluster(answers, |c| c.nodes[1].maintenance = true));
    assert_eq!(maintenance[0].0, "ctl2 is in maintenance: Pacemaker does nothing");

    let failure = in_the_way(|answers| {
        cluster(answers, |c| {
            c.failures = vec![ResourceFailure {
                operation: "slurmctld_monitor_10000".to_owned(),
                node: "ctl1".to_owned(),
                status: "not running".to_owned(),
                ..ResourceFailure::default()
            }];
        });
    });
    let cure = "look into it, then on ctl1: crm_resource --cleanup -r slurmctld";
    assert_eq!(failure[0].1.as_deref(), Some(cure));

    // Another move is under way.
    let moving = in_the_way(|answers| {
        cluster(answers, |c| {
            c.resources
                .iter_mut()
                .filter(|r| r.id == "vip")
                .for_each(|r| r.role = "Stopping".to_owned());
        });
    });
    assert_eq!(moving[0].0, "stopping: vip");

    let alone = in_the_way(|answers| {
        answers.insert(NodeName::from("ctl2"), Err("ssh: no answer within 10 s".to_owned()));
    });
    assert_eq!(alone[0].0, "ctl2 could not be reached: ssh: no answer within 10 s");

    let quorum = in_the_way(|answers| {
        for name in ["ctl1", "ctl2"] {
            change(answers, name, |o| {
                let Reading::Known(quorum) = &mut o.quorum else { panic!() };
                (quorum.quorate, quorum.total_votes) = (false, 1);
            });
        }
    });
    assert_eq!(quorum[0].0, "no quorum: 1 of 3 votes");
}

/// A status without problems is no proof when it did not ask.
#[test]
fn what_was_not_asked_is_in_the_way() {
    let mut silent = status(|_| {});
    silent.replication.clear();
    silent.daemons.slurmctld = Health::Elsewhere;
    let found = obstacles(&silent, View::Whole, &"ctl1".into(), &"ctl2".into());
    let texts: Vec<&str> = found.iter().map(|problem| problem.text.as_str()).collect();
    assert_eq!(
        texts,
        [
            "DRBD on ctl1 is not known to be connected and up to date",
            "DRBD on ctl2 is not known to be connected and up to date",
            "slurmctld is not known to answer"
        ]
    );
}

/// Pacemaker's view of a healthy cluster, active on ctl1.
fn seen() -> ClusterStatus {
    let Ok(observation) = &answers()[&NodeName::from("ctl1")] else { panic!() };
    let observation = observation.clone();
    let Reading::Known(cluster) = observation.cluster else { panic!() };
    cluster
}

#[test]
fn a_move_is_done_when_nothing_is_missing() {
    let status = seen();
    assert_eq!(missing(&status, "ctl2", "ctl1"), None);
    assert_eq!(arrived(&status, "ctl1")[..2], ["drbd", "state"]);
    assert_eq!(arrived(&status, "ctl2"), [""; 0]);
    assert_eq!(
        missing(&status, "ctl1", "ctl2").unwrap(),
        "DRBD is unpromoted on ctl2; DRBD is promoted on ctl1; \
         not yet on ctl2: state, database, vip, slurmctld, mariadb, slurmdbd"
    );
    let mut half = seen();
    half.resources
        .iter_mut()
        .filter(|r| r.id == "slurmdbd")
        .for_each(|r| r.role = "Starting".to_owned());
    half.resources.retain(|r| r.id != "drbd" || r.role == "Promoted");
    assert_eq!(
        missing(&half, "ctl2", "ctl1").unwrap(),
        "DRBD is stopped on ctl2; not yet on ctl1: slurmdbd"
    );
}

#[test]
fn a_failure_is_told_and_does_not_hide_that_the_move_is_done() {
    let mut status = seen();
    assert_eq!(failures(&status), [""; 0]);
    status.failures = vec![ResourceFailure {
        operation: "slurmctld_start_0".to_owned(),
        node: "ctl1".to_owned(),
        status: "error".to_owned(),
        reason: "no clue".to_owned(),
        ..ResourceFailure::default()
    }];
    assert_eq!(failures(&status), ["slurmctld_start_0 failed on ctl1: no clue"]);
    assert_eq!(missing(&status, "ctl2", "ctl1"), None);
}

#[test]
fn the_old_side_must_have_all_data_in_the_end() {
    let Ok(observation) = &answers()[&NodeName::from("ctl1")] else { panic!() };
    let Reading::Known(side) = &observation.drbd else { panic!() };
    assert_eq!(replicates(side, Side::Target), None);
    let mut alone = side.clone();
    alone.connection = "StandAlone".to_owned();
    alone.peer_role = "Unknown".to_owned();
    let why = "DRBD is Primary, its peer Unknown, the connection StandAlone";
    assert_eq!(replicates(&alone, Side::Target).as_deref(), Some(why));
}

#[test]
fn the_outage_is_what_the_client_saw() {
    let at = |ms: i64| Timestamp::from_millisecond(1_800_000_000_000 + ms).unwrap();
    let probe = |sent: i64, answered| Probe { sent: at(sent), ended: at(sent + 50), answered };
    let probes = [
        probe(-500, true),
        probe(-250, true),
        probe(100, true),
        probe(900, false),
        probe(9_400, true),
        probe(9_700, true),
    ];
    let report = Report {
        moved: true,
        to: "ctl2".into(),
        client: Some("login1".into()),
        took_s: 12.3,
        ..Report::already("lab", &"ctl1".into())
    }
    .with_outage(&probes, at(0), at(12_000));
    assert_eq!(report.outage_s, 9.3);
    assert_eq!(report.outage, Some(Outage { start_s: 0.15, end_s: 9.45, ended: true }));
    assert_eq!(
        render_text(&report),
        "the active role moved from ctl1 to ctl2 in 12 s\n\
         login1 had no answer for 9.3 s: 0.2 s to 9.5 s after the order\n"
    );
    let never = report.with_outage(&probes[..4], at(0), at(12_000));
    assert!(render_text(&never).contains("the outage is not known"));
    let already = Report::already("lab", &"ctl1".into());
    assert_eq!(render_text(&already), "ctl1 is active already: nothing was moved\n");
}
