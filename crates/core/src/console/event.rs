// SPDX-License-Identifier: Apache-2.0
//! What has changed from one picture to the next.
//!
//! A picture says something about each of a number of subjects. What it does
//! not know it does not say, and what was known last is what the next word is
//! compared with: so a move that happened while nobody could tell is an event,
//! and that nobody could tell is none.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::picture::{Contact, Controller, Fact, PartState, Picture, Tone, Volume};

/// Something that has changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Its own among the events of a console, and larger than those before.
    pub id: u64,
    /// When the console saw it.
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
    pub at: Timestamp,
    /// What it means.
    pub tone: Tone,
    /// What it is about.
    pub subject: Subject,
    /// How it is now, in a sentence.
    pub text: String,
}

/// What an event is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// Whether a controller tells anything.
    Contact(String),
    /// What Pacemaker says about a controller.
    Member(String),
    /// A controller's latest fence.
    Fence(String),
    /// A part of the control plane.
    Part(String),
    /// Where the VIP is.
    Vip,
    /// Votes.
    Quorum,
    /// The arbiter's vote.
    Arbiter,
    /// A network between the controllers.
    Link(String),
    /// DRBD's connection.
    Connection,
    /// A volume's copies.
    Volume(String),
    /// Whether the scheduler answers.
    Scheduler,
}

impl Subject {
    /// Whether it is about the cluster, and not about what is heard of it.
    pub fn is_of_the_cluster(&self) -> bool {
        !matches!(self, Self::Contact(_))
    }
}

/// What is known, the last word about each subject.
pub(super) type Known = BTreeMap<Subject, Fact>;

/// What a picture says, without what it does not know.
pub(super) fn facts(picture: &Picture) -> Known {
    let mut facts = Known::new();
    let mut say = |subject, fact: &Fact, text: String| {
        if fact.tone != Tone::Unknown {
            facts.insert(subject, Fact::new(fact.tone, text));
        }
    };
    for controller in &picture.controllers {
        let Controller { name, member, .. } = controller;
        let (contact, text) = contact(controller);
        say(Subject::Contact(name.clone()), &contact, text);
        say(Subject::Member(name.clone()), member, format!("{name} is {}", member.text));
    }
    for part in &picture.parts {
        let text = format!("{} {}", part.name, part.fact.text);
        say(Subject::Part(part.id.clone()), &part.fact, text);
    }
    say(
        Subject::Vip,
        &picture.vip.state,
        format!("{} is {}", picture.vip.address, picture.vip.state.text),
    );
    say(Subject::Quorum, &picture.quorum, picture.quorum.text.clone());
    if let Some(arbiter) = &picture.arbiter {
        say(Subject::Arbiter, &arbiter.vote, format!("{} {}", arbiter.name, arbiter.vote.text));
    }
    for link in &picture.links {
        let text = format!("{} network {}", link.name, link.state.text);
        say(Subject::Link(link.name.clone()), &link.state, text);
    }
    say(Subject::Connection, &picture.connection, format!("DRBD {}", picture.connection.text));
    for volume in &picture.volumes {
        say(Subject::Volume(volume.name.clone()), &volume.state, volume_text(volume));
    }
    let scheduler = &picture.scheduler.slurmctld;
    say(Subject::Scheduler, scheduler, format!("slurmctld {}", scheduler.text));
    facts.extend(fences(picture));
    facts
}

fn contact(controller: &Controller) -> (Fact, String) {
    let name = &controller.name;
    match controller.contact {
        Contact::Heard => (Fact::new(Tone::Good, ""), format!("{name} tells how it is")),
        Contact::Silent => (Fact::new(Tone::Warning, ""), format!("{name} says nothing any more")),
        Contact::Never => (Fact::unknown(), String::new()),
    }
}

/// How far a resync has got is no news.
fn volume_text(volume: &Volume) -> String {
    let text = &volume.state.text;
    let what = text.split_once(',').map_or(text.as_str(), |(what, _)| what);
    format!("{} volume: {what}", volume.name)
}

/// Never fenced is known, too: else the first fence would be no news.
fn fences(picture: &Picture) -> Known {
    let is_told = picture.parts.iter().any(|part| part.state != PartState::Unknown);
    let fence = |controller: &Controller| {
        let fact = picture.fences.get(&controller.name).cloned();
        (Subject::Fence(controller.name.clone()), fact.unwrap_or(Fact::new(Tone::Good, "")))
    };
    if is_told { picture.controllers.iter().map(fence).collect() } else { Known::new() }
}

/// Takes in what is said now and returns what is new. What is said for the
/// first time is not: nobody knows since when it is so.
pub(super) fn news(known: &mut Known, said: Known) -> Vec<(Subject, Fact)> {
    let mut news = Vec::new();
    for (subject, fact) in said {
        let before = known.insert(subject.clone(), fact.clone());
        if before.is_some_and(|before| before != fact) && !fact.text.is_empty() {
            news.push((subject, fact));
        }
    }
    news
}
