// SPDX-License-Identifier: Apache-2.0
//! What a controller's card says.

use crate::observe::Reading;
use crate::status::made_up::{self, answers, change, failed_over, site};
use crate::status::{Answers, Card, assemble, cards, plain_text};

fn of(answers: &Answers) -> Vec<Card> {
    cards(&assemble(&site(), answers))
}

fn text(card: &Card) -> String {
    let volumes = card.volumes.iter().map(|volume| volume.disk.clone());
    plain_text(&card.lines.iter().cloned().chain(volumes).collect::<Vec<_>>())
}

#[test]
fn both_controllers_of_a_healthy_cluster() {
    let cards = of(&answers());
    assert_eq!(cards.iter().map(|card| card.is_active).collect::<Vec<_>>(), [true, false]);
    assert!(cards.iter().all(|card| !card.is_silent));
    insta::assert_snapshot!(cards.iter().map(text).collect::<Vec<_>>().join("\n"));
}

/// The dead one's card says what the survivor knows, and nothing else.
#[test]
fn a_dead_controller_and_its_heir() {
    let cards = of(&failed_over());
    assert_eq!(cards.iter().map(|card| card.is_active).collect::<Vec<_>>(), [false, true]);
    assert!(cards[0].is_silent);
    insta::assert_snapshot!(cards.iter().map(text).collect::<Vec<_>>().join("\n"));
}

#[test]
fn all_cards_are_of_one_height_whatever_is_known() {
    let mut answers = answers();
    change(&mut answers, "ctl2", |o| o.drbd = Reading::Unknown("hangs".to_owned()));
    let lines = |cards: Vec<Card>| cards.into_iter().map(|c| (c.lines.len(), c.volumes.len()));
    assert_eq!(lines(of(&answers)).collect::<Vec<_>>(), [(4, 2); 2]);
    assert_eq!(lines(of(&Answers::new())).collect::<Vec<_>>(), [(4, 2); 2]);
}

#[test]
fn only_the_side_that_receives_has_a_bar() {
    let mut answers = answers();
    change(&mut answers, "ctl1", |o| made_up::resync(o, "SyncSource", 25.0));
    change(&mut answers, "ctl2", |o| made_up::resync(o, "SyncTarget", 25.0));
    let received: Vec<Option<f64>> =
        of(&answers).iter().flat_map(|card| &card.volumes).map(|volume| volume.received).collect();
    assert_eq!(received, [None, None, None, Some(0.25)]);
}
