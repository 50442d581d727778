// SPDX-License-Identifier: Apache-2.0
//! Every row of the decision.

use super::*;

fn disks(own: &str) -> Reading<Disks> {
    let pair = |text: &str| vec!["UpToDate".to_owned(), text.to_owned()];
    Reading::Known(Disks { own: pair(own), peer: pair("DUnknown"), is_primary: false })
}

fn state(in_membership: bool, online: bool, join: &str, expected: &str) -> NodeState {
    let (join, expected) = (join.to_owned(), expected.to_owned());
    NodeState { in_membership, online, join, expected, has_history: true, drbd_stopped: false }
}

fn member() -> NodeState {
    state(true, true, "member", "member")
}

fn lost() -> NodeState {
    state(false, false, "down", "member")
}

fn left_cleanly() -> NodeState {
    state(false, false, "down", "down")
}

fn stopped_and_left() -> NodeState {
    NodeState { drbd_stopped: true, ..left_cleanly() }
}

fn erased() -> NodeState {
    NodeState { has_history: false, ..left_cleanly() }
}

/// ctl1 is asked about ctl2.
fn seen(state: impl Into<Option<NodeState>>) -> Seen {
    let record = PeerRecord { quorate: true, state: state.into(), outdated: Vec::new() };
    Seen {
        own: "ctl1".to_owned(),
        peer: "ctl2".to_owned(),
        disks: disks("UpToDate"),
        record: Reading::Known(record),
        ..Seen::default()
    }
}

fn as_primary(mut seen: Seen) -> Seen {
    let Reading::Known(disks) = &mut seen.disks else { panic!("no disks") };
    disks.is_primary = true;
    seen
}

fn record(seen: &mut Seen) -> &mut PeerRecord {
    match &mut seen.record {
        Reading::Known(record) => record,
        Reading::Unknown(why) => panic!("{why}"),
    }
}

#[track_caller]
fn answers(seen: &Seen, wanted: Answer, part: &str) {
    match decide(seen) {
        Decision::Answer(answer, reason) => {
            assert_eq!(answer, wanted, "{reason}");
            assert!(reason.contains(part), "{reason}");
        }
        other => panic!("{other:?}"),
    }
}

/// It is waited for, and not longer than the limit.
#[track_caller]
fn waits(mut seen: Seen, limit: Duration, part: &str) {
    assert_eq!(seen.is_known(), limit == LIMIT);
    let decision = decide(&seen);
    assert!(matches!(&decision, Decision::Wait(reason) if reason.contains(part)), "{decision:?}");
    if limit == UNKNOWN_LIMIT {
        // An answer that fails late, and only now, is no reason to give up.
        seen.waited = limit * 2;
        assert!(matches!(decide(&seen), Decision::Wait(_)));
        seen.unknown_for = limit;
    } else {
        seen.waited = limit;
    }
    answers(&seen, Answer::NotFenced, part);
}

#[test]
fn a_confirmed_fence_is_answered_at_once() {
    let fenced = Seen { fenced: Reading::Known(true), ..seen(erased()) };
    answers(&fenced, Answer::Stonithed, "has not joined since");
}

#[test]
fn a_success_of_an_earlier_incident_proves_nothing() {
    for state in [lost(), left_cleanly()] {
        let fenced = Seen { fenced: Reading::Known(true), ..seen(state) };
        waits(fenced, LIMIT, "not fenced since it was here");
    }
}

#[test]
fn an_erased_record_without_a_success_proves_nothing() {
    let seen = Seen { fenced: Reading::Known(false), ..seen(erased()) };
    waits(seen, LIMIT, "no success in the fencer's history");
}

#[test]
fn a_node_that_was_never_expected_is_not_taken_for_fenced() {
    for (join, expected) in [("down", ""), ("down", "member"), ("", "down")] {
        let state = NodeState { has_history: false, ..state(false, false, join, expected) };
        waits(Seen { fenced: Reading::Known(true), ..seen(state) }, LIMIT, "not fenced since");
    }
    waits(Seen { fenced: Reading::Known(true), ..seen(None) }, LIMIT, "not fenced since");
}

#[test]
fn the_history_that_cannot_be_told_is_no_success() {
    waits(seen(erased()), UNKNOWN_LIMIT, "the fencer's history is not known");
}

#[test]
fn the_fence_is_asked_for_only_when_pacemaker_has_not() {
    for state in [Some(lost()), Some(left_cleanly()), Some(state(true, false, "down", "member"))] {
        let mut seen = seen(state);
        seen.waited = PATIENCE * 2;
        assert!(matches!(decide(&seen), Decision::Wait(_)), "{seen:?}");
        seen.gone_for = PATIENCE;
        assert_eq!(decide(&seen), Decision::Request);
        seen.waited = LIMIT;
        answers(&seen, Answer::NotFenced, "ctl2 is gone");
    }
}

#[test]
fn without_quorum_nobody_is_shot() {
    let mut seen = seen(lost());
    record(&mut seen).quorate = false;
    seen.gone_for = PATIENCE;
    waits(seen, LIMIT, "no quorum");
}

/// Its I/O is frozen, and Pacemaker is about to ask for the same.
#[test]
fn a_primary_does_not_wait_for_pacemakers_plan() {
    let as_primary = |state: NodeState| decide(&as_primary(seen(state)));
    assert_eq!(as_primary(lost()), Decision::Request);
    assert!(matches!(as_primary(left_cleanly()), Decision::Wait(_)), "nobody else would fence it");
    let without_pacemaker = state(true, false, "down", "member");
    assert!(matches!(as_primary(without_pacemaker), Decision::Wait(_)), "it may be coming back");
    assert!(matches!(as_primary(state(false, true, "member", "member")), Decision::Wait(_)));
    let mut alone = seen(lost());
    record(&mut alone).quorate = false;
    if let Reading::Known(disks) = &mut alone.disks {
        disks.is_primary = true;
    }
    assert!(matches!(decide(&alone), Decision::Wait(_)), "an isolated side shoots nobody");
}

/// A stall: the connection was back before the handler had an answer.
#[test]
fn a_peer_that_is_connected_again_is_neither_marked_nor_shot() {
    for state in [member(), lost()] {
        let mut seen = seen(state);
        seen.gone_for = PATIENCE;
        seen.marking = Some(Marking::Confirmed);
        if let Reading::Known(disks) = &mut seen.disks {
            disks.is_primary = true;
            disks.peer = vec!["UpToDate".to_owned(); 2];
        }
        answers(&seen, Answer::NotFenced, "connected again");
    }
}

#[test]
fn a_request_that_succeeded_is_proof_and_one_that_failed_is_not() {
    let mut seen = seen(lost());
    seen.gone_for = PATIENCE;
    seen.request = Some(Ok(()));
    answers(&seen, Answer::Stonithed, "for this call");
    seen.request = Some(Err("No route to host".to_owned()));
    waits(seen, LIMIT, "No route to host");
}

#[test]
fn a_peer_that_is_alive_is_marked() {
    let mut seen = seen(member());
    assert_eq!(decide(&seen), Decision::Mark);
    seen.marking = Some(Marking::Confirmed);
    answers(&seen, Answer::Outdated, "slurmha-outdated-ctl2");
    seen.marking = Some(Marking::Failed("no answer".to_owned()));
    waits(seen.clone(), LIMIT, "no answer");
    seen.marking = Some(Marking::PeerIsPromoted);
    answers(&seen, Answer::NotFenced, "promoted on ctl2");
}

/// A reboot as planned.
#[test]
fn a_peer_that_stopped_drbd_and_left_is_marked_and_not_shot() {
    let mut seen = Seen { gone_for: PATIENCE, ..seen(stopped_and_left()) };
    assert_eq!(decide(&seen), Decision::Mark);
    seen.marking = Some(Marking::Failed("no answer".to_owned()));
    waits(seen.clone(), LIMIT, "no answer");
    seen.marking = Some(Marking::Confirmed);
    waits(seen.clone(), LIMIT, "not marked yet");
    record(&mut seen).outdated = vec!["ctl2".to_owned()];
    answers(&seen, Answer::Outdated, "stopped DRBD and left");
}

#[test]
fn a_peer_that_stopped_drbd_and_was_lost_is_fenced() {
    let lost = NodeState { drbd_stopped: true, ..lost() };
    let seen = Seen { gone_for: PATIENCE, ..seen(lost) };
    assert_eq!(decide(&seen), Decision::Request);
}

/// The mark reached the peer, and then the peer was gone: only its fencing
/// counts from there on.
#[test]
fn a_mark_on_a_peer_that_is_gone_is_no_answer() {
    let gone = Seen { marking: Some(Marking::Confirmed), ..seen(lost()) };
    waits(gone, LIMIT, "is gone");
}

#[test]
fn a_peer_that_comes_or_goes_is_waited_for_and_not_shot() {
    for (in_membership, online, join) in [(true, true, "pending"), (false, true, "member")] {
        let mut seen = seen(state(in_membership, online, join, "member"));
        seen.gone_for = PATIENCE;
        waits(seen, LIMIT, if in_membership { "joining" } else { "leaving" });
    }
}

#[test]
fn old_data_are_not_made_newer_by_a_fence() {
    for disk in ["Consistent", "Outdated", "Inconsistent", "Diskless"] {
        for request in [None, Some(Ok(()))] {
            let fenced = Reading::Known(true);
            let seen = Seen { fenced, request, disks: disks(disk), ..seen(erased()) };
            answers(&seen, Answer::NotFenced, disk);
        }
        answers(&Seen { disks: disks(disk), ..seen(member()) }, Answer::NotFenced, disk);
    }
    let none = Reading::Known(Disks::default());
    answers(&Seen { disks: none, ..seen(erased()) }, Answer::NotFenced, "not UpToDate");
}

#[test]
fn a_side_that_is_marked_itself_is_refused() {
    for state in [erased(), member()] {
        let mut seen = Seen { fenced: Reading::Known(true), ..seen(state) };
        record(&mut seen).outdated = vec!["ctl1".to_owned()];
        answers(&seen, Answer::NotFenced, "slurmha-outdated-ctl1");
    }
}

#[test]
fn what_cannot_be_told_is_asked_again_and_then_not_fenced() {
    let no_cluster = Seen { record: Reading::default(), ..seen(erased()) };
    waits(no_cluster, UNKNOWN_LIMIT, "the cluster's state is not known");
}

/// DRBD asks a primary only once: a "no" of a machine that stood still for ten
/// seconds left its I/O frozen for good, with the fence a moment later.
#[test]
fn a_primary_that_cannot_tell_goes_on_asking() {
    let waits = |seen: &Seen| matches!(decide(seen), Decision::Wait(_));
    let gives_up = |seen: &Seen| matches!(decide(seen), Decision::Answer(Answer::NotFenced, _));
    let mut no_cluster = as_primary(Seen { record: Reading::default(), ..seen(erased()) });
    let no_history = as_primary(seen(erased()));
    for mut it in [no_cluster.clone(), no_history] {
        it.unknown_for = PRIMARY_LIMIT - POLL;
        it.waited = PRIMARY_LIMIT - POLL;
        assert!(waits(&it), "{it:?}");
        it.waited = PRIMARY_LIMIT;
        assert!(gives_up(&it), "{it:?}");
    }
    // It knew once what it is.
    no_cluster.disks = Reading::default();
    no_cluster.was_primary = true;
    no_cluster.waited = LIMIT * 2;
    assert!(waits(&no_cluster));
    // It never knew: a promotion may wait for the answer.
    no_cluster.was_primary = false;
    assert!(gives_up(&no_cluster));
    (no_cluster.waited, no_cluster.unknown_for) = (LIMIT - POLL, LIMIT - POLL);
    assert!(waits(&no_cluster));
}

#[test]
fn a_fence_that_failed_is_asked_for_again_on_a_primary() {
    let mut it = as_primary(seen(lost()));
    it.request = Some(Err("No route to host".to_owned()));
    it.waited = LIMIT * 3;
    it.since_request = FENCE_AGAIN - POLL;
    assert!(matches!(decide(&it), Decision::Wait(_)));
    it.since_request = FENCE_AGAIN;
    assert_eq!(decide(&it), Decision::Request);
    assert_eq!(it.fence_limit(), FENCE_LIMIT, "a BMC gets its time after the first minute, too");
    record(&mut it).quorate = false;
    assert!(matches!(decide(&it), Decision::Wait(_)));
}

#[test]
fn a_fence_is_not_begun_without_the_time_for_it() {
    let mut it = seen(lost());
    it.gone_for = PATIENCE;
    it.waited = LIMIT - FENCE_LEAST;
    assert_eq!(decide(&it), Decision::Request);
    it.waited += POLL;
    assert!(matches!(decide(&it), Decision::Wait(_)));
}

#[test]
fn disks_are_taken_from_all_volumes_or_from_none() {
    let volume = |minor, disk: &str| ProcVolume {
        minor,
        role: "Primary".to_owned(),
        connection: "WFConnection".to_owned(),
        disk: disk.to_owned(),
        peer_disk: "DUnknown".to_owned(),
    };
    let both = [volume(0, "UpToDate"), volume(1, "Consistent"), volume(7, "Diskless")];
    let disks = Disks::of_minors(&both, &[0, 1]).unwrap();
    assert_eq!(disks.own, ["UpToDate", "Consistent"]);
    assert!(disks.is_primary);
    assert!(!disks.are_in_sync());
    assert_eq!(Disks::of_minors(&both[..1], &[0, 1]), None);
    assert_eq!(Disks::of_minors(&[volume(0, "")], &[0]), None);
}

#[test]
fn in_sync_is_both_sides_and_every_volume() {
    let pair = |a: &str, b: &str| vec![a.to_owned(), b.to_owned()];
    let of = |own, peer| Disks { own, peer, is_primary: false };
    let good = pair("UpToDate", "UpToDate");
    assert!(of(good.clone(), good.clone()).are_in_sync());
    assert!(!of(good.clone(), pair("UpToDate", "Outdated")).are_in_sync());
    assert!(!of(pair("UpToDate", "Inconsistent"), good).are_in_sync());
    assert!(!Disks::default().are_in_sync());
}

#[test]
fn a_primary_keeps_its_answer_back_because_it_is_asked_only_once() {
    let mut frozen = seen(member());
    let Reading::Known(disks) = &mut frozen.disks else { panic!() };
    disks.is_primary = true;
    frozen.marking = Some(Marking::Failed("no answer".to_owned()));
    frozen.waited = PRIMARY_LIMIT - POLL;
    assert!(matches!(decide(&frozen), Decision::Wait(_)));
    frozen.waited = PRIMARY_LIMIT;
    assert!(matches!(decide(&frozen), Decision::Answer(Answer::NotFenced, _)));
}
