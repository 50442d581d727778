// SPDX-License-Identifier: Apache-2.0
//! What somebody has ordered by hand, and how it is ended.

use super::*;
use crate::observe::{ClusterBan, ClusterStatus};

/// The status with something changed in what both controllers say of Pacemaker.
fn with(how: impl Fn(&mut ClusterStatus)) -> Status {
    let mut answers = answers();
    for name in ["ctl1", "ctl2"] {
        change(&mut answers, name, |o| {
            let Reading::Known(cluster) = &mut o.cluster else { panic!() };
            how(cluster);
        });
    }
    assemble(&site(), &answers)
}

/// Pacemaker shows every resource as unmanaged then.
#[test]
fn maintenance_mode_is_one_problem_with_its_own_cure() {
    let status = with(|cluster| {
        cluster.maintenance = true;
        cluster.resources.iter_mut().for_each(|resource| resource.managed = false);
    });
    assert_eq!(problems(&status), ["Pacemaker is in maintenance mode: it does nothing"]);
    assert_eq!(next(&status), ["on ctl1: pcs property set maintenance-mode=false"]);
}

#[test]
fn maintenance_of_one_machine_is_not_told_of_each_resource_there() {
    let set_aside = |cluster: &mut ClusterStatus| {
        cluster.nodes[0].maintenance = true;
        let here = |node: &Option<String>| node.as_deref() == Some("ctl1");
        let resources = cluster.resources.iter_mut();
        resources.filter(|r| here(&r.node)).for_each(|resource| resource.managed = false);
    };
    let status = with(set_aside);
    assert_eq!(problems(&status), ["ctl1 is in maintenance: Pacemaker does nothing"]);
    assert_eq!(next(&status), ["on ctl1: pcs node unmaintenance ctl1"]);

    // Elsewhere it is somebody's doing, and what has failed is told anyway.
    let status = with(|cluster| {
        set_aside(cluster);
        for resource in &mut cluster.resources {
            match resource.id.as_str() {
                "fence-ctl1" => resource.managed = false,
                "slurmctld" => resource.failed = true,
                _ => {}
            }
        }
    });
    assert_eq!(
        problems(&status)[1..],
        ["fence-ctl1 is unmanaged", "slurmctld is failed"],
        "{:?}",
        problems(&status)
    );
}

/// Everything is started, and a takeover would end half-way.
#[test]
fn a_constraint_of_somebodys_own_is_told_with_its_cure() {
    let ban = made_up::ban;
    let status = with(|cluster| {
        cluster.bans = vec![
            ban("location-slurmctld-ctl2--INFINITY", "slurmctld", "ctl2"),
            ban("fence-ctl1-not-on-ctl1", "fence-ctl1", "ctl1"),
            ban("not-here", "drbd-clone", "cn1"),
            ban("of-something-else", "backup", "ctl2"),
        ];
    });
    assert_eq!(status.verdict, Verdict::Degraded);
    assert_eq!(problems(&status), ["location-slurmctld-ctl2--INFINITY keeps slurmctld off ctl2"]);
    assert_eq!(next(&status), ["on ctl1: pcs constraint delete location-slurmctld-ctl2--INFINITY"]);
    // What a program has made is told once, in other words.
    for id in ["cli-ban-drbd-clone-on-ctl2", "slurmha-outdated-ctl2"] {
        let bans = vec![ban(id, "drbd-clone", "ctl2")];
        let status = with(|cluster| cluster.bans.clone_from(&bans));
        assert_eq!(status.problems.len(), 1, "{:?}", problems(&status));
        assert!(!problems(&status)[0].contains("keeps"), "{:?}", problems(&status));
    }
    let ours = ClusterBan { id: "slurmha-anything".to_owned(), ..ban("", "drbd-clone", "ctl2") };
    assert_eq!(with(|cluster| cluster.bans = vec![ours.clone()]).verdict, Verdict::Healthy);
}

/// The fencer remembers it for ever, and every move would be refused.
#[test]
fn a_machine_that_was_switched_on_by_hand_needs_no_unfencing() {
    let failed = |action: &str| {
        let mut event = made_up::fenced("ctl2", "failed");
        action.clone_into(&mut event.action);
        event
    };
    let off = made_up::fenced("ctl2", "success");
    let history = |events: Vec<FencingEvent>| {
        problems(&with(|cluster| cluster.fencing.clone_from(&events))).len()
    };
    assert_eq!(history(vec![failed("on"), off.clone()]), 0);
    assert_eq!(history(vec![failed("on"), failed("off")]), 1);
    assert_eq!(history(vec![failed("off"), off]), 1);
    // A machine that is still away waits for it.
    let status = with(|cluster| {
        cluster.nodes[1].online = false;
        cluster.fencing = vec![failed("on")];
    });
    assert!(problems(&status).contains(&"fencing of ctl2 (on): failed"), "{:?}", problems(&status));
}

/// There is nothing to forget while it is under way.
#[test]
fn fencing_that_is_under_way_is_only_looked_at() {
    let status = with(|cluster| cluster.fencing = vec![made_up::fenced("ctl2", "pending")]);
    assert_eq!(next(&status), ["on ctl1: stonith_admin --history ctl2 --verbose"]);
}
