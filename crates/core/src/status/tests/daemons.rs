// SPDX-License-Identifier: Apache-2.0
//! Whether Slurm's daemons and those that watch them answer.

use super::*;
use crate::observe::{Observation, SlurmStatus, UnitState};
use crate::site::DurableSubmit;

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

/// Only where the daemons run is everything asked; the others ask whether slurmctld
/// answers them.
fn only_pinged(observation: &mut Observation) {
    let slurm =
        SlurmStatus { slurmctld: Health::Up, slurmdbd: Health::Elsewhere, ..<_>::default() };
    observation.slurm = Reading::Known(SlurmStatus { mariadb: Health::Elsewhere, ..slurm });
}

#[test]
fn one_machine_that_was_asked_everything_is_enough() {
    let mut answers = answers();
    change(&mut answers, "login1", only_pinged);
    change(&mut answers, "ctl2", only_pinged);
    assert_eq!(assemble(&site(), &answers), assemble(&site(), &self::answers()));
}

#[test]
fn what_nobody_has_asked_is_unknown_and_asked_again() {
    let mut answers = answers();
    for name in ["login1", "ctl2", "ctl1"] {
        change(&mut answers, name, only_pinged);
    }
    let status = assemble(&site(), &answers);
    assert_eq!(status.daemons.slurmdbd, Health::default());
    assert_eq!(status.nodes, Reading::Unknown("slurmctld did not answer".to_owned()));
    assert!(status.is_worth_another_look());
}

#[test]
fn a_count_that_failed_is_no_zero() {
    let mut answers = answers();
    change(&mut answers, "login1", only_pinged);
    change(&mut answers, "ctl2", only_pinged);
    change(&mut answers, "ctl1", |o| {
        let Reading::Known(slurm) = &mut o.slurm else { panic!() };
        slurm.jobs = Reading::Unknown("`squeue` gave no answer within 5 s".to_owned());
    });
    let status = assemble(&site(), &answers);
    assert_eq!(status.jobs, Reading::Unknown("`squeue` gave no answer within 5 s".to_owned()));
    assert!(status.nodes.known().is_some());
}

/// A move waits for what is worth waiting for.
#[test]
fn machines_outside_neither_end_nor_prolong_a_patient_look() {
    let late = |o: &mut Observation| o.cluster = Reading::Unknown("it timed out".to_owned());
    let mut answers = answers();
    unreachable(&mut answers, "login1");
    let status = assemble(&site(), &answers);
    assert!(status.is_worth_another_look() && !status.is_undecided(), "{status:?}");
    assert!(status.is_only_outside());

    for name in ["ctl1", "ctl2"] {
        change(&mut answers, name, late);
    }
    change(&mut answers, "ctl1", |o| {
        let Reading::Known(slurm) = &mut o.slurm else { panic!() };
        slurm.nodes = Reading::Known([("idle".to_owned(), 1), ("down*".to_owned(), 1)].into());
    });
    let status = assemble(&site(), &answers);
    assert!(status.problems.iter().any(|it| it.outside && it.severity == Severity::Degraded));
    assert!(status.is_undecided() && !status.is_only_outside(), "{status:?}");
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

#[test]
fn compute_nodes_that_take_no_jobs_are_counted() {
    let mut answers = answers();
    change(&mut answers, "login1", |o| {
        let Reading::Known(slurm) = &mut o.slurm else { panic!() };
        let counts = [("idle", 1), ("down*", 2), ("drained", 1), ("mixed", 4)];
        slurm.nodes = Reading::Known(counts.map(|(state, n)| (state.to_owned(), n)).into());
    });
    let status = assemble(&site(), &answers);
    assert_eq!(problems(&status), ["2 compute nodes are down*", "1 compute node is drained"]);
}

/// Words of `node_state_string`, which tells an invalid registration before all
/// else.
#[test]
fn compute_nodes_that_are_no_use_are_counted_whatever_the_word() {
    for (state, is_bad) in [
        ("inval", true),
        ("failing", true),
        ("fail", true),
        ("draining", true),
        ("error", true),
        ("idle", false),
        ("allocated", false),
        ("completing", false),
        ("maint", false),
        ("reserved", false),
        ("planned", false),
    ] {
        assert_eq!(crate::status::problem::takes_no_jobs(state), is_bad, "{state}");
    }
}

/// A switch has kept the address of the machine that had the VIP before: the
/// controllers notice nothing, and nobody can submit.
#[test]
fn a_login_node_that_gets_no_answer_is_a_problem_of_its_own() {
    let with = |health: Health| {
        let mut answers = answers();
        change(&mut answers, "login1", |o| {
            let Reading::Known(slurm) = &mut o.slurm else { panic!() };
            slurm.slurmctld = health;
        });
        assemble(&site(), &answers)
    };
    let status = with(Health::Down("Slurmctld(primary) at ctl1 is DOWN".to_owned()));
    assert_eq!((status.daemons.slurmctld.clone(), status.verdict), (Health::Up, Verdict::Degraded));
    assert_eq!(problems(&status), ["slurmctld does not answer login1, and does elsewhere"]);
    assert_eq!(next(&status), ["on login1: scontrol ping; ip neigh show 10.77.0.10"]);
    assert!(status.problems[0].outside, "a move is as safe as before");
    // It is short of time.
    assert_eq!(with(Health::Unknown("no answer within 5 s".to_owned())).verdict, Verdict::Healthy);
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

/// It cannot read the site file, and systemd starts it every second.
#[test]
fn a_watcher_that_dies_each_time_it_is_started_does_not_run() {
    let with = |sub: &str| {
        let mut answers = answers();
        change(&mut answers, "ctl2", |ctl2| {
            let state = UnitState { sub: sub.to_owned(), ..unit("loaded", "activating") };
            ctl2.units.insert("slurmha-watch.service".to_owned(), state);
        });
        assemble(&site(), &answers).verdict
    };
    assert_eq!(with("auto-restart"), Verdict::Degraded);
    assert_eq!(with("start"), Verdict::Healthy);
    // Told by another version.
    assert_eq!(with(""), Verdict::Healthy);
}

fn unit(load: &str, active: &str) -> UnitState {
    UnitState {
        load: load.to_owned(),
        active: active.to_owned(),
        sub: String::new(),
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
