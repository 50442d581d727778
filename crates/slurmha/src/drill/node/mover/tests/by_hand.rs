// SPDX-License-Identifier: Apache-2.0
//! A move as somebody types it, without an end.

use super::*;

/// Without an end, and without anybody but the drill to take it away: or a timer.
#[test]
fn a_move_by_hand_is_left_until_the_drill_has_seen_enough() {
    let cluster = Cluster::new();
    let replies = cluster.drive_by_hand(7);
    assert_eq!(replies.iter().filter(|reply| matches!(reply, Reply::LeftBehind)).count(), 1);
    let moved = end(&replies);
    assert_eq!((moved.result, moved.left_over), (Ok(()), None));
    assert!(cluster.is_clean());
    let commands = cluster.commands();
    let at = |words: &str| commands.iter().position(|it| it.contains(words));
    let timer = at("slurmha-mend-move --on-active=150").expect("a timer");
    assert!(timer < at("--node ctl2").expect("an order"), "{commands:?}");
    assert!(at("--lifetime").is_none(), "{commands:?}");
    assert!(at("systemctl stop -- slurmha-mend-move.timer").is_some(), "{commands:?}");
}

#[test]
fn a_move_by_hand_that_nobody_stops_is_taken_back_in_the_end() {
    let cluster = Cluster::new();
    assert_eq!(end(&cluster.drive_by_hand(10_000)).left_over, None);
    assert!(cluster.is_clean());
    // The timer does the same.
    cluster.lock().preferred_since = Some(Duration::ZERO);
    assert_eq!(mend(&cluster), Ok(()));
    assert!(cluster.is_clean());
}

#[test]
fn a_move_by_hand_that_fails_is_not_left() {
    let cluster = Cluster { failing: Some("slurmctld"), ..Cluster::new() };
    let replies = cluster.drive_by_hand(7);
    assert!(!replies.iter().any(|reply| matches!(reply, Reply::LeftBehind)), "{replies:?}");
    assert!(end(&replies).result.is_err());
    assert!(cluster.is_clean());
}

#[test]
fn a_hand_made_preference_is_not_argued_with() {
    let ordered_by_hand = Some("cli-prefer-slurmctld");
    let cluster = Cluster { ordered_by_hand, ..Cluster::new() };
    let replies = cluster.drive(u64::MAX);
    let [Reply::Unharmed(why)] = replies.as_slice() else { panic!("{replies:?}") };
    assert!(why.contains("by hand"), "{why}");
    assert!(!cluster.commands().iter().any(|command| command.contains("--move")));
}

/// Somebody keeps the role off a machine with other packages.
#[test]
fn a_hand_made_ban_of_the_role_is_neither_taken_away_nor_argued_with() {
    let ordered_by_hand = Some("cli-ban-drbd-clone-on-ctl2");
    let cluster = Cluster { ordered_by_hand, ..Cluster::new() };
    let is_change = |command: &String| {
        ["--clear", "--delete", "--move"].iter().any(|word| command.contains(word))
    };
    assert_eq!(end(&[take_back(&cluster)]).left_over, None);
    assert!(cluster.commands()[0].contains("[.//date_expression]"), "ours have an end");
    let replies = cluster.drive(u64::MAX);
    assert!(matches!(replies.as_slice(), [Reply::Unharmed(_)]), "{replies:?}");
    assert!(!cluster.commands().iter().any(is_change), "{:?}", cluster.commands());
}
