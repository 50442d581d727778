// SPDX-License-Identifier: Apache-2.0
//! Controllers that are lost, cut off, or seen differently by two sides.

use super::*;

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

/// Both are quorate by the vote that the active one is given, until that one
/// loses its power.
#[test]
fn an_arbiter_that_has_no_vote_for_the_passive_controller_is_told() {
    let with = |vote: Option<bool>| {
        let mut answers = answers();
        change(&mut answers, "ctl2", |o| {
            let Reading::Known(quorum) = &mut o.quorum else { panic!() };
            (quorum.total_votes, quorum.qdevice) = (2, vote);
        });
        assemble(&site(), &answers)
    };
    let status = with(Some(false));
    assert_eq!(status.verdict, Verdict::Degraded);
    assert_eq!(problems(&status), ["the arbiter login1 gives no vote to ctl2"]);
    let cure = "on ctl2: corosync-qdevice-tool -s; journalctl -u corosync-qdevice";
    assert_eq!(next(&status), [cure]);
    assert_eq!(problems(&with(None)), ["the arbiter login1 is not registered on ctl2"]);
}

/// From a controller that asks itself alone, or cannot reach the other one.
#[test]
fn a_controller_tells_what_the_arbiter_gives_to_the_other_one() {
    let mut answers = answers();
    answers.retain(|name, _| name.as_str() == "ctl1");
    let mut tell = |vote| {
        change(&mut answers, "ctl1", |o| {
            let Reading::Known(quorum) = &mut o.quorum else { panic!() };
            quorum.others = [("ctl2".to_owned(), vote)].into();
        });
        assemble(&site(), &answers)
    };
    assert_eq!(problems(&tell(Some(false))), ["the arbiter login1 gives no vote to ctl2"]);
    assert_eq!(tell(Some(true)).verdict, Verdict::Healthy);
}

/// It is dead, or cut off from both.
#[test]
fn an_arbiter_that_votes_for_nobody_is_one_problem() {
    let mut answers = answers();
    for name in ["ctl1", "ctl2"] {
        change(&mut answers, name, |o| {
            let Reading::Known(quorum) = &mut o.quorum else { panic!() };
            quorum.qdevice = Some(false);
        });
    }
    let status = assemble(&site(), &answers);
    assert_eq!(problems(&status), ["the arbiter login1 gives no vote"]);
    assert_eq!(next(&status), ["on ctl1: corosync-qdevice-tool -s"]);
}

/// A half that has lost has no vote, and is told to be away.
#[test]
fn a_controller_that_takes_no_part_needs_no_vote() {
    let mut answers = answers();
    change(&mut answers, "ctl1", |o| made_up::without_peer(o, "ctl2"));
    change(&mut answers, "ctl2", |o| {
        let Reading::Known(quorum) = &mut o.quorum else { panic!() };
        (quorum.quorate, quorum.total_votes, quorum.qdevice) = (false, 1, Some(false));
        let Reading::Known(cluster) = &mut o.cluster else { panic!() };
        cluster.with_quorum = false;
    });
    let status = assemble(&site(), &answers);
    assert!(!problems(&status).iter().any(|text| text.contains("arbiter")), "{status:?}");
}
