// SPDX-License-Identifier: Apache-2.0
//! What is offered, and why not, from made-up answers.

use super::*;
use crate::observe::Reading;
use crate::status::made_up::{answers, change};
use crate::status::{Answers, Status, assemble};
use crate::switchover::View;

const ACTIONS: &str = "\n[console]\npassword_file = \"~/look\"\n\
                       actions = [\"switchover\", \"standby\"]\nactions_password_file = \"~/act\"\n";

fn site(more: &str) -> Site {
    let text = include_str!("../../../../../examples/lab/site.toml").to_owned() + more;
    crate::site::parse("site.toml", &text).expect("a valid site file").0
}

fn status(how: impl FnOnce(&mut Answers)) -> Status {
    let mut answers = answers();
    how(&mut answers);
    assemble(&site(ACTIONS), &answers)
}

fn cluster(answers: &mut Answers, how: impl Fn(&mut crate::observe::ClusterStatus)) {
    for name in ["ctl1", "ctl2"] {
        change(answers, name, |seen| {
            if let Reading::Known(cluster) = &mut seen.cluster {
                how(cluster);
            }
        });
    }
}

fn why(how: impl FnOnce(&mut Answers), action: &Action) -> Option<String> {
    refusal(&site(ACTIONS), &status(how), View::Whole, action).map(|it| it.text)
}

fn standby(name: &str) -> Action {
    Action::Standby(name.into())
}

#[test]
fn a_healthy_cluster_may_be_moved_and_its_passive_side_set_aside() {
    let offers = offers(&site(ACTIONS), &status(|_| {})).expect("offers");
    assert_eq!((offers.at.as_str(), offers.here), ("ctl1", false));
    assert_eq!(offers.address, "https://10.77.0.11:9818/");
    let told: Vec<(&str, bool)> =
        offers.offers.iter().map(|it| (it.path.as_str(), it.refusal.is_none())).collect();
    assert_eq!(
        told,
        [("/act/switchover/ctl2", true), ("/act/standby/ctl1", false), ("/act/standby/ctl2", true)]
    );
    assert_eq!(super::offers(&site(""), &status(|_| {})), None);
    let look = "\n[console]\npassword_file = \"~/look\"\n";
    assert_eq!(super::offers(&site(look), &status(|_| {})), None);
}

#[test]
fn one_that_is_set_aside_can_be_taken_back_and_nothing_moves_there() {
    let aside = |answers: &mut Answers| cluster(answers, |it| it.nodes[1].standby = true);
    let back = Action::Unstandby("ctl2".into());
    assert_eq!(why(aside, &back), None);
    let moved = why(aside, &Action::Switchover("ctl2".into())).expect("a refusal");
    assert!(moved.contains("ctl2 is in standby: nothing can move to it"), "{moved}");
    assert_eq!(why(aside, &standby("ctl2")).as_deref(), Some("ctl2 is set aside already"));
    assert!(why(|_| {}, &back).is_some());
}

#[test]
fn what_is_needed_is_not_set_aside() {
    let text = why(|_| {}, &standby("ctl1")).expect("a refusal");
    assert_eq!(text, "ctl1 is active: its role has to move away first");
    let stale = |answers: &mut Answers| {
        change(answers, "ctl1", |seen| {
            if let Reading::Known(drbd) = &mut seen.drbd {
                "Inconsistent".clone_into(&mut drbd.volumes[0].disk);
            }
        });
    };
    let text = why(stale, &standby("ctl2")).expect("a refusal");
    assert!(text.contains("ctl2 may be needed for it"), "{text}");
    let away = |answers: &mut Answers| {
        for name in ["ctl1", "ctl2"] {
            change(answers, name, |seen| seen.cluster = Reading::default());
        }
    };
    assert!(why(away, &standby("ctl2")).is_some());
    assert!(why(away, &Action::Switchover("ctl2".into())).is_some());
}

#[test]
fn one_controller_alone_can_tell_that_a_move_is_safe() {
    let from_here = |how: &dyn Fn(&mut Answers)| {
        let status = status(|answers| {
            answers.retain(|name, _| name.as_str() == "ctl1");
            how(answers);
        });
        let own = "ctl1".into();
        let action = Action::Switchover("ctl2".into());
        refusal(&site(ACTIONS), &status, View::Own(&own), &action).map(|it| it.text)
    };
    assert_eq!(from_here(&|_| {}), None);
    let stale = |answers: &mut Answers| {
        change(answers, "ctl1", |seen| {
            if let Reading::Known(drbd) = &mut seen.drbd {
                "Inconsistent".clone_into(&mut drbd.volumes[0].peer_disk);
            }
        });
    };
    assert!(from_here(&stale).is_some());
    let gone = |answers: &mut Answers| cluster_of_one(answers);
    assert!(from_here(&gone).is_some());
}

fn cluster_of_one(answers: &mut Answers) {
    change(answers, "ctl1", |seen| {
        if let Reading::Known(cluster) = &mut seen.cluster {
            cluster.nodes[1].online = false;
        }
    });
}

#[test]
fn only_what_is_known_is_an_action() {
    let site = site(ACTIONS);
    let parse = |verb, name| Action::parse(&site, verb, name);
    assert_eq!(parse("switchover", "ctl2"), Some(Action::Switchover("ctl2".into())));
    for (verb, name) in [("switchover", "cn1"), ("standby", ""), ("reboot", "ctl1"), ("", "ctl1")] {
        assert_eq!(parse(verb, name), None);
    }
    let json = serde_json::to_string(&standby("ctl2")).expect("JSON");
    assert_eq!(json, r#"{"verb":"standby","controller":"ctl2"}"#);
}
