// SPDX-License-Identifier: Apache-2.0
//! The copies of the data, and the room that they have.

use super::*;
use crate::observe::Space;

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

/// Found by `drbdadm verify`: everything else looks well.
#[test]
fn copies_that_are_known_to_differ_are_a_problem_with_a_cure() {
    let with = |replication: &str, own: Option<u64>, peers: Option<u64>| {
        let mut answers = answers();
        for (name, kib) in [("ctl1", own), ("ctl2", peers)] {
            change(&mut answers, name, |o| {
                let Reading::Known(drbd) = &mut o.drbd else { panic!() };
                drbd.volumes[0].out_of_sync_kib = kib;
                replication.clone_into(&mut drbd.volumes[0].replication);
            });
        }
        assemble(&site(), &answers)
    };
    let status = with("Established", Some(4096), Some(4096));
    assert_eq!(status.verdict, Verdict::Degraded);
    assert_eq!(problems(&status), ["the two copies of the state volume differ in 4096 KiB"]);
    let cure = "on ctl2: drbdadm disconnect slurm_data && drbdadm connect slurm_data";
    assert_eq!(next(&status), [cure]);
    // One side knows it.
    assert_eq!(with("Established", None, Some(4)).verdict, Verdict::Degraded);
    // What a comparison or a resync under way has still to do is no more than that.
    for replication in ["VerifyS", "SyncSource", "PausedSyncS", "WFBitMapS"] {
        assert_eq!(with(replication, Some(4096), Some(4096)).verdict, Verdict::Healthy);
    }
}

/// The blocks that a machine which is away has missed.
#[test]
fn what_a_lost_peer_has_missed_is_no_difference_between_copies() {
    let mut answers = answers();
    unreachable(&mut answers, "ctl2");
    change(&mut answers, "ctl1", |ctl1| {
        made_up::without_peer(ctl1, "ctl2");
        let Reading::Known(drbd) = &mut ctl1.drbd else { panic!() };
        drbd.volumes[0].out_of_sync_kib = Some(4096);
    });
    assert_eq!(
        problems(&assemble(&site(), &answers)),
        ["ctl2 is offline: the next failure would end the service"]
    );
}
