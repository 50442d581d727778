// SPDX-License-Identifier: Apache-2.0
//! Verdicts and screens, from made-up answers.

mod cards;
mod changes;
mod safeguards;

use super::made_up::{self, answers, change, site};
use super::*;
use crate::observe::{FencingEvent, Health, Reading, ResourceFailure, Space, UnitState};
use crate::site::{DurableSubmit, NodeName};

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

/// Only ssh is broken: Pacemaker and DRBD say that the machine is well.
#[test]
fn an_unreachable_controller_is_not_called_offline() {
    let mut answers = answers();
    unreachable(&mut answers, "ctl2");
    let status = assemble(&site(), &answers);
    assert_eq!(problems(&status), ["ctl2 could not be reached: ssh: no answer within 3 s"]);
    assert_eq!(status.problems[0].severity, Severity::Unknown);
    assert_eq!(status.verdict, Verdict::Degraded);
}

#[test]
fn a_scheduler_that_refuses_is_down() {
    let mut answers = answers();
    for name in ["ctl1", "ctl2", "login1"] {
        change(&mut answers, name, |o| {
            let Reading::Known(slurm) = &mut o.slurm else { panic!() };
            slurm.slurmctld = Health::Down("Slurmctld(primary) at ctl1 is DOWN".to_owned());
        });
    }
    let status = assemble(&site(), &answers);
    assert_eq!(status.verdict, Verdict::Down);
    assert_eq!(status.jobs, Reading::Unknown("slurmctld did not answer".to_owned()));
    assert_eq!(next(&status), ["on ctl1: journalctl -u slurmctld"]);
}

#[test]
fn a_slurmdbd_that_falls_behind_is_told_before_records_are_dropped() {
    let with = |waiting| {
        let mut answers = answers();
        change(&mut answers, "login1", |o| {
            let Reading::Known(slurm) = &mut o.slurm else { panic!() };
            slurm.records_waiting = waiting;
        });
        assemble(&site(), &answers)
    };
    assert_eq!(with(Some(999)).verdict, Verdict::Healthy);
    let behind = with(Some(1000));
    assert_eq!(behind.verdict, Verdict::Degraded);
    assert_eq!(
        problems(&behind),
        ["1000 records wait for slurmdbd; Slurm begins to drop them at MaxDBDMsgs, 10000 or more"]
    );
    // Another machine has the answer.
    assert_eq!(with(None).daemons.records_waiting, Some(0));
}

/// Everything else looks well, and users see jobs that wait.
#[test]
fn a_scheduler_that_waits_for_its_own_future_is_told_with_the_cure() {
    let mut answers = answers();
    change(&mut answers, "login1", |o| {
        let Reading::Known(slurm) = &mut o.slurm else { panic!() };
        slurm.waits_until = Some("2026-11-28T14:27:38Z".parse().unwrap());
    });
    let status = assemble(&site(), &answers);
    assert_eq!(status.verdict, Verdict::Degraded);
    let text = "slurmctld starts no job and may save none until about 2026-11-28 14:27:38 UTC: its \
                clock was ahead, and it has noted its last work at that time";
    assert_eq!(problems(&status), [text]);
    assert_eq!(
        next(&status),
        ["on ctl1: when `date` is right, crm_resource --restart --resource slurmctld"]
    );
}

/// Its BMC does not answer: nobody knows whether it still writes.
#[test]
fn a_machine_that_waits_to_be_fenced_is_not_the_active_one() {
    let mut answers = answers();
    unreachable(&mut answers, "ctl1");
    change(&mut answers, "ctl2", |o| {
        let Reading::Known(cluster) = &mut o.cluster else { panic!() };
        let lost = cluster.nodes.iter_mut().find(|node| node.name == "ctl1").unwrap();
        (lost.online, lost.unclean) = (false, true);
    });
    let status = assemble(&site(), &answers);
    assert_eq!(status.active, None);
    let confirm = "on ctl2: stonith_admin --confirm ctl1";
    assert!(next(&status).iter().any(|next| next.ends_with(confirm)), "{:?}", next(&status));
}

/// A controller that is cut off cannot reach the VIP; the login node can.
#[test]
fn one_good_answer_proves_that_a_daemon_is_up() {
    let mut answers = answers();
    change(&mut answers, "ctl2", |o| {
        let Reading::Known(slurm) = &mut o.slurm else { panic!() };
        slurm.slurmctld = Health::Down("no route".to_owned());
    });
    assert_eq!(assemble(&site(), &answers).daemons.slurmctld, Health::Up);
}

#[test]
fn the_controller_with_quorum_is_believed() {
    let mut answers = answers();
    change(&mut answers, "ctl1", |o| {
        let Reading::Known(cluster) = &mut o.cluster else { panic!() };
        cluster.with_quorum = false;
        cluster.resources.clear();
        let Reading::Known(quorum) = &mut o.quorum else { panic!() };
        quorum.quorate = false;
    });
    let status = assemble(&site(), &answers);
    assert_eq!(status.active, Some(NodeName::from("ctl1")));
    assert!(matches!(&status.quorum, Reading::Known(quorum) if quorum.quorate));
}

#[test]
fn two_halves_that_both_claim_quorum_are_down() {
    let mut answers = answers();
    for (name, peer) in [("ctl1", "ctl2"), ("ctl2", "ctl1")] {
        change(&mut answers, name, |o| made_up::without_peer(o, peer));
        change(&mut answers, name, |o| {
            let Reading::Known(drbd) = &mut o.drbd else { panic!() };
            drbd.role = "Primary".to_owned();
            drbd.connection = "StandAlone".to_owned();
        });
    }
    let status = assemble(&site(), &answers);
    assert_eq!(status.verdict, Verdict::Down);
    assert_eq!(
        problems(&status)[..2],
        [
            "both controllers claim quorum, each without the other",
            "DRBD is primary on both controllers"
        ]
    );
}

/// Everything else looks well: the controllers see each other over the other
/// link.
#[test]
fn a_controller_that_no_client_reaches_is_a_problem() {
    for (index, severity) in [(0, Verdict::Down), (1, Verdict::Degraded)] {
        let mut answers = answers();
        for name in ["ctl1", "ctl2"] {
            change(&mut answers, name, |o| {
                let Reading::Known(cluster) = &mut o.cluster else { panic!() };
                cluster.nodes[index].reaches_nobody = true;
            });
        }
        let status = assemble(&site(), &answers);
        assert_eq!(status.verdict, severity);
        let name = ["ctl1", "ctl2"][index];
        let what = format!("{name} reaches nobody in 10.77.0.0/24, so no client reaches it");
        assert_eq!(problems(&status), [what]);
    }
}

#[test]
fn a_volume_without_room_is_a_problem_before_it_is_full() {
    let with = |mount: &str, available_mib: u64| {
        let mut answers = answers();
        let space = Space { total: 500 << 20, available: available_mib << 20 };
        // The passive one has nothing mounted there: what it says is of its root.
        change(&mut answers, "ctl1", |o| o.spaces = [(mount.into(), space)].into());
        let full = Space { available: 0, ..space };
        change(&mut answers, "ctl2", |o| o.spaces = [(mount.into(), full)].into());
        let status = assemble(&site(), &answers);
        (status.verdict, problems(&status).concat())
    };
    let (state, database) = ("/srv/slurmha/state", "/srv/slurmha/database");
    assert_eq!(with(state, 60), (Verdict::Healthy, String::new()));
    let little = format!("{state} on ctl1 has 40 of 500 MiB left");
    assert_eq!(with(state, 40), (Verdict::Degraded, little));
    let full = format!("{state} on ctl1 is full: Slurm refuses jobs and saves nothing");
    assert_eq!(with(state, 4), (Verdict::Down, full));
    let full = format!("{database} on ctl1 is full: accounting stands still");
    assert_eq!(with(database, 0), (Verdict::Degraded, full));
}

#[test]
fn a_resync_shows_its_percentage_on_the_side_that_receives() {
    let mut answers = answers();
    change(&mut answers, "ctl1", |o| made_up::resync(o, "SyncSource", 41.6));
    change(&mut answers, "ctl2", |o| made_up::resync(o, "SyncTarget", 41.6));
    let status = assemble(&site(), &answers);
    let copying = "the database volume is being copied to ctl2: 42 % in sync";
    assert_eq!(problems(&status), [copying]);
    assert!(plain_text(&render(&status)).contains("Inconsistent 42 %"));

    // The same when only the sending side can be asked.
    unreachable(&mut answers, "ctl2");
    let status = assemble(&site(), &answers);
    assert!(problems(&status).contains(&copying), "{:?}", problems(&status));
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
            "on ctl1: stonith_admin --history ctl2 --verbose",
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

/// Seen in the lab: both lost each other, ctl2 had written alone and was
/// fenced, and ctl1 had to wait for it.
#[test]
fn a_ban_of_the_controller_that_is_left_is_told() {
    let mut answers = answers();
    unreachable(&mut answers, "ctl2");
    change(&mut answers, "ctl1", |ctl1| {
        made_up::without_peer(ctl1, "ctl2");
        let Reading::Known(cluster) = &mut ctl1.cluster else { panic!() };
        for resource in cluster.resources.iter_mut().filter(|r| !r.id.starts_with("fence-")) {
            match resource.role.as_str() {
                "Promoted" => "Unpromoted".clone_into(&mut resource.role),
                _ => "Stopped".clone_into(&mut resource.role),
            }
        }
        let id = "drbd-fence-by-handler-slurm_data-rule-drbd-clone";
        cluster.bans = vec![made_up::ban(id, "drbd-clone", "ctl1")];
    });
    assert_eq!(
        problems(&assemble(&site(), &answers)),
        [
            "ctl2 is offline: the next failure would end the service",
            "DRBD is promoted nowhere, so nothing can run",
            "DRBD may not be promoted on ctl1: the other side has newer data",
        ]
    );
}

#[test]
fn a_side_that_is_marked_as_outdated_is_a_problem_with_a_cure() {
    let mut answers = answers();
    change(&mut answers, "ctl1", |ctl1| {
        let Reading::Known(cluster) = &mut ctl1.cluster else { panic!() };
        cluster.bans = vec![made_up::ban("slurmha-outdated-ctl2", "drbd-clone", "ctl2")];
    });
    let status = assemble(&site(), &answers);
    let text = "DRBD may not be promoted on ctl2: the other side has newer data";
    let problem = status.problems.iter().find(|problem| problem.text == text);
    let next = problem.expect("the problem").next.as_deref().unwrap_or_default();
    assert!(next.ends_with("on ctl2: slurmha unfence-peer"), "{next}");
}

#[test]
fn compute_nodes_that_take_no_jobs_are_counted() {
    let mut answers = answers();
    change(&mut answers, "login1", |o| {
        let Reading::Known(slurm) = &mut o.slurm else { panic!() };
        slurm.nodes = [("idle", 1), ("down*", 2), ("drained", 1), ("mixed", 4)]
            .map(|(state, n)| (state.to_owned(), n))
            .into();
    });
    let status = assemble(&site(), &answers);
    assert_eq!(problems(&status), ["2 compute nodes are down*", "1 compute node is drained"]);
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

/// The passive controller knows nothing of MariaDB; why the active one has not
/// told is not lost over that.
#[test]
fn an_answer_that_came_too_late_is_told_with_its_reason() {
    let mut answers = answers();
    change(&mut answers, "ctl1", |observation| {
        if let Reading::Known(slurm) = &mut observation.slurm {
            slurm.mariadb = Health::Unknown("`mariadb` gave no answer within 10 s".to_owned());
        }
    });
    let status = assemble(&site(), &answers);
    assert_eq!(
        problems(&status),
        ["mariadb could not be asked: `mariadb` gave no answer within 10 s"]
    );
    assert!(status.is_worth_another_look());
}

/// The same on the passive controller, which has no MariaDB to ask.
#[test]
fn the_passive_controller_does_not_miss_mariadb() {
    let mut answers = answers();
    answers.retain(|name, _| name.as_str() == "ctl2");
    let status = assemble(&site(), &answers);
    assert_eq!(status.daemons.mariadb, Health::Elsewhere);
    assert_eq!(status.verdict, Verdict::Healthy);
    assert!(plain_text(&render(&status)).contains("MariaDB is not asked from here"));
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

/// A watcher that does not run is seen by nobody else.
#[test]
fn a_watcher_that_does_not_run_is_a_problem_with_a_cure() {
    let with = |load: &str, active: &str| {
        let mut answers = answers();
        change(&mut answers, "ctl2", |ctl2| {
            ctl2.units.insert("slurmha-watch.service".to_owned(), unit(load, active));
        });
        assemble(&site(), &answers)
    };
    assert_eq!(with("loaded", "active").verdict, Verdict::Healthy);
    let status = with("loaded", "failed");
    assert_eq!(status.verdict, Verdict::Degraded);
    let text = "a daemon that hangs on ctl2 is not noticed: no slurmha-watch.service";
    assert_eq!(problems(&status), [text]);
    assert_eq!(next(&status), ["on ctl2: systemctl restart slurmha-watch.service"]);
    assert_eq!(next(&with("not-found", "inactive")), ["slurmha plan"]);
}

fn unit(load: &str, active: &str) -> UnitState {
    UnitState {
        load: load.to_owned(),
        active: active.to_owned(),
        enabled: String::new(),
        since: None,
    }
}

/// It runs beside slurmctld alone, and only where the site offers it.
#[test]
fn nobody_who_says_what_is_saved_is_a_problem_on_the_active_controller() {
    let mut answers = answers();
    for (name, active) in [("ctl1", "failed"), ("ctl2", "inactive")] {
        change(&mut answers, name, |controller| {
            controller.units.insert("slurmha-durable.service".to_owned(), unit("loaded", active));
        });
    }
    let mut site = site();
    assert_eq!(assemble(&site, &answers).verdict, Verdict::Healthy);
    site.durable_submit = DurableSubmit::OnRequest;
    let status = assemble(&site, &answers);
    assert_eq!(status.verdict, Verdict::Degraded);
    assert_eq!(next(&status), ["on ctl1: systemctl restart slurmha-durable.service"]);
}
