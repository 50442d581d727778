// SPDX-License-Identifier: Apache-2.0
//! What is refused, and what reaches Pacemaker.

use std::cell::RefCell;

use slurmha_core::console::View;
use slurmha_core::console::action::{Action, Outcome};
use slurmha_core::observe::Reading;
use slurmha_core::site::{self, Site};
use slurmha_core::status::{Answers, Status, assemble, made_up};
use slurmha_host::{CommandOutput, Exit};

use super::act::Hands;
use crate::agent::test_machine::TestMachine;
use crate::failure::Failure;

const ACTIONS: &str = "\n[console]\npassword_file = \"~/look\"\n\
                       actions = [\"switchover\", \"standby\"]\nactions_password_file = \"~/act\"\n";

/// What one controller sees of a healthy cluster, by itself.
fn seen_from_here(site: &Site, change: impl Fn(&mut Answers)) -> Status {
    let mut answers: Answers = made_up::answers();
    answers.retain(|name, _| name.as_str() == "ctl1");
    change(&mut answers);
    assemble(site, &answers)
}

/// What became of an action, what was said, and what was run.
fn act(
    actions: &str,
    action: &Action,
    change: impl Fn(&mut Answers),
) -> (Outcome, Vec<String>, Vec<String>) {
    let text = include_str!("../../../../examples/lab/site.toml").to_owned() + actions;
    let site = site::parse("site.toml", &text).expect("a valid site file").0;
    let machine = TestMachine::with(|machine| {
        machine.program = Box::new(|command| {
            let is_ours = matches!(command.program(), "crm_attribute" | "crm_resource");
            is_ours.then(|| CommandOutput::new(command, Exit::Status(0), Vec::new(), Vec::new()))
        });
    });
    let told = RefCell::new(Vec::new());
    let hands = Hands {
        system: &machine,
        site: &site,
        own: "ctl1".into(),
        look: &|| seen_from_here(&site, &change),
        lock: &|| Ok(()),
        tell: &|text| told.borrow_mut().push(text),
        has_left: &|| false,
    };
    let outcome = hands.act(action);
    (outcome, told.into_inner(), machine.ran(""))
}

#[test]
fn a_passive_controller_is_set_aside() {
    let (outcome, told, ran) = act(ACTIONS, &Action::Standby("ctl2".into()), |_| {});
    assert_eq!((outcome.code, outcome.next), (0, vec![]), "{}", outcome.text);
    assert!(outcome.text.starts_with("ctl2 is set aside"), "{}", outcome.text);
    assert_eq!(told, ["is it safe?", "ctl2: Pacemaker has the order"]);
    let order = "crm_attribute --node ctl2 --name standby --lifetime forever --update on";
    assert!(ran.iter().any(|command| command == order), "{ran:?}");
}

#[test]
fn what_is_not_safe_reaches_no_program() {
    let none = |_: &mut Answers| {};
    let (outcome, _, ran) = act(ACTIONS, &Action::Standby("ctl1".into()), none);
    assert_eq!((outcome.code, ran.len()), (5, 0));
    assert_eq!(outcome.text, "ctl1 is active: its role has to move away first");
    let (outcome, _, ran) = act(ACTIONS, &Action::Unstandby("ctl2".into()), none);
    assert_eq!((outcome.code, ran.len()), (5, 0), "{}", outcome.text);
    let cut = |answers: &mut Answers| {
        made_up::change(answers, "ctl1", |seen| seen.drbd = Reading::default());
    };
    for action in [Action::Switchover("ctl2".into()), Action::Standby("ctl2".into())] {
        let (outcome, _, ran) = act(ACTIONS, &action, cut);
        assert_eq!((outcome.code, ran.len()), (5, 0), "{}", outcome.text);
        assert!(!outcome.next.is_empty());
    }
}

/// What only the other controller can tell is a reason as good as on the command line.
#[test]
fn a_target_whose_watcher_is_dead_gets_no_role() {
    let (outcome, _, ran) = act(ACTIONS, &Action::Switchover("ctl2".into()), |answers| {
        let mut other = made_up::answers();
        made_up::change(&mut other, "ctl2", |seen| {
            let view = View { watch_running: Reading::Known(false), ..View::default() };
            seen.units = view.observation().units;
        });
        answers.extend(other.into_iter().filter(|(name, _)| name.as_str() == "ctl2"));
    });
    assert_eq!((outcome.code, ran.len()), (5, 0), "{}", outcome.text);
    assert!(outcome.text.contains("slurmha-watch.service"), "{}", outcome.text);
}

#[test]
fn what_the_site_file_does_not_allow_is_not_looked_at() {
    let less = ACTIONS.replace(", \"standby\"", "");
    let (outcome, told, ran) = act(&less, &Action::Standby("ctl2".into()), |_| {});
    assert_eq!((outcome.code, told.len(), ran.len()), (5, 0, 0));
    assert_eq!(outcome.text, "the site file does not allow the console a standby");
    let (outcome, ..) = act("", &Action::Switchover("ctl2".into()), |_| {});
    assert_eq!(outcome.code, 5);
    let (outcome, ..) = act(ACTIONS, &Action::Switchover("cn1".into()), |_| {});
    assert_eq!(outcome.code, 5);
}

#[test]
fn nothing_is_begun_that_nobody_waits_for() {
    let text = include_str!("../../../../examples/lab/site.toml").to_owned() + ACTIONS;
    let site = site::parse("site.toml", &text).expect("a valid site file").0;
    let machine = TestMachine::new();
    let hands = Hands {
        system: &machine,
        site: &site,
        own: "ctl1".into(),
        look: &|| seen_from_here(&site, |_| {}),
        lock: &|| Ok(()),
        tell: &|_| {},
        has_left: &|| true,
    };
    for action in [Action::Switchover("ctl2".into()), Action::Standby("ctl2".into())] {
        assert_eq!(hands.act(&action).code, 5);
    }
    assert_eq!(machine.ran(""), [""; 0]);
}

#[test]
fn one_at_a_time() {
    let text = include_str!("../../../../examples/lab/site.toml").to_owned() + ACTIONS;
    let allowed = site::parse("site.toml", &text).expect("a valid site file").0;
    let hands = Hands::<()> {
        system: &TestMachine::new(),
        site: &allowed,
        own: "ctl1".into(),
        look: &|| panic!("nobody looks"),
        lock: &|| Err(Failure::refused("something else is at work: an apply by anna")),
        tell: &|_| {},
        has_left: &|| false,
    };
    let outcome = hands.act(&Action::Switchover("ctl2".into()));
    assert_eq!((outcome.code, outcome.text.contains("anna")), (5, true));
}
