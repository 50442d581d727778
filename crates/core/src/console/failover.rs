// SPDX-License-Identifier: Apache-2.0
//! What happened together, as phases on a line of time.
//!
//! A failover begins when a part of the control plane that worked no longer
//! does, or when a controller is to be fenced. It has ended when every part
//! has worked again, and no fence has been under way, for some seconds. What
//! is not known neither begins nor ends anything.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::picture::{Controller, Part, PartState, Picture};
use crate::render::cib::id;

/// Shorter pauses between two parts belong to the same failover.
const QUIET: SignedDuration = SignedDuration::from_secs(3);

/// How the id of the phase begins in which a controller was lost.
const LOSS: &str = "loss-";

/// What happened together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failover {
    /// When the first phase began.
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
    pub began: Timestamp,
    /// When the last phase ended; `None` while it is under way.
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::optional")]
    pub ended: Option<Timestamp>,
    /// What it is, in a sentence.
    pub title: String,
    /// What it cost, in a sentence; empty while that is not known.
    pub cost: String,
    /// Where the scheduler was.
    pub from: Option<String>,
    /// Where the scheduler is.
    pub to: Option<String>,
    /// The controllers that were lost.
    pub lost: Vec<String>,
    /// What was missing, and for how long, in the order in which it began.
    pub phases: Vec<Phase>,
}

/// The time for which something was missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phase {
    /// Its own in a failover, unless the same was missing twice.
    pub id: String,
    /// What it is, in plain words.
    pub name: String,
    /// When it began.
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
    pub began: Timestamp,
    /// When it ended; `None` while it lasts.
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::optional")]
    pub ended: Option<Timestamp>,
}

/// What was known last, and what is under way.
#[derive(Clone, Debug, Default)]
pub(super) struct Tracker {
    parts: BTreeMap<String, (PartState, Option<String>)>,
    gone: BTreeMap<String, bool>,
    /// Where the scheduler last worked.
    place: Option<String>,
    at: Option<Timestamp>,
    quiet_since: Option<Timestamp>,
    pub current: Option<Failover>,
}

impl Tracker {
    /// Takes a picture in; returns a failover that has ended.
    pub fn see(&mut self, picture: &Picture) -> Option<Failover> {
        let at = picture.at;
        for part in picture.parts.iter().filter(|part| part.state != PartState::Unknown) {
            self.see_part(part, at);
        }
        for controller in &picture.controllers {
            self.see_controller(controller, at);
        }
        let scheduler = picture.parts.iter().find(|part| part.id == id::SLURMCTLD);
        let place =
            scheduler.filter(|it| it.state == PartState::Up).and_then(|it| it.place.clone());
        if let Some(current) = &mut self.current {
            current.to = place.clone().or(current.to.take());
            (current.title, current.cost) = (title(current), cost(current));
        }
        self.place = place.or(self.place.take());
        self.at = Some(at);
        self.close(at)
    }

    fn see_part(&mut self, part: &Part, at: Timestamp) {
        let now = (part.state, part.place.clone());
        let Some(before) = self.parts.insert(part.id.clone(), now.clone()) else { return };
        let name = match part.id.as_str() {
            id::DRBD => "data not promoted".to_owned(),
            _ => format!("{} away", part.name),
        };
        match (before.0 == PartState::Up, now.0 == PartState::Up) {
            (true, false) => self.begin(&part.id, name, at),
            (false, true) => self.end(&part.id, at),
            // It moved between two looks.
            (true, true) if before.1 != now.1 => {
                self.begin(&part.id, name, self.at.unwrap_or(at));
                self.end(&part.id, at);
            }
            _ => {}
        }
    }

    fn see_controller(&mut self, controller: &Controller, at: Timestamp) {
        let name = &controller.name;
        let Some(is_gone) = controller.is_gone else { return };
        let Some(was_gone) = self.gone.insert(name.clone(), is_gone) else { return };
        let fence = format!("fence-{name}");
        match (controller.is_being_fenced, self.is_open(&fence)) {
            (true, false) => self.begin_first(&fence, format!("{name} being fenced"), at),
            (false, true) => self.end(&fence, at),
            _ => {}
        }
        if is_gone && !was_gone {
            self.lose(controller, at);
        }
    }

    /// The loss of a controller alone begins nothing: it may have been shut
    /// down. Parts that it takes along do, and a fence.
    fn lose(&mut self, controller: &Controller, at: Timestamp) {
        let Some(current) = &mut self.current else { return };
        let name = &controller.name;
        // From its last word to Pacemaker's.
        let silent = controller.heard_at.map_or(at, |heard| heard.min(at));
        let phase = Phase {
            id: format!("{LOSS}{name}"),
            name: format!("{name} silent"),
            began: silent,
            ended: Some(at),
        };
        current.lost.push(name.clone());
        current.began = current.began.min(silent);
        current.phases.insert(0, phase);
    }

    fn is_open(&self, id: &str) -> bool {
        let phases = self.current.iter().flat_map(|current| &current.phases);
        phases.filter(|phase| phase.ended.is_none()).any(|phase| phase.id == id)
    }

    fn begin(&mut self, id: &str, name: String, at: Timestamp) {
        let fresh = self.new_failover(at);
        let current = self.current.get_or_insert(fresh);
        current.phases.push(Phase { id: id.to_owned(), name, began: at, ended: None });
    }

    /// Before the parts, which wait for it.
    fn begin_first(&mut self, id: &str, name: String, at: Timestamp) {
        self.begin(id, name, at);
        let phases = self.current.as_mut().map(|current| &mut current.phases);
        if let Some(phases) = phases {
            phases.rotate_right(1);
        }
    }

    fn end(&mut self, id: &str, at: Timestamp) {
        let phases = self.current.iter_mut().flat_map(|current| &mut current.phases);
        phases
            .filter(|phase| phase.ended.is_none() && phase.id == id)
            .for_each(|phase| phase.ended = Some(at));
    }

    fn new_failover(&self, at: Timestamp) -> Failover {
        Failover {
            began: at,
            ended: None,
            title: String::new(),
            cost: String::new(),
            from: self.place.clone(),
            to: None,
            lost: Vec::new(),
            phases: Vec::new(),
        }
    }

    fn close(&mut self, at: Timestamp) -> Option<Failover> {
        let current = self.current.as_ref()?;
        let is_over = current.phases.iter().all(|phase| phase.ended.is_some());
        if !is_over {
            self.quiet_since = None;
            return None;
        }
        let quiet_since = *self.quiet_since.get_or_insert(at);
        if at.duration_since(quiet_since) < QUIET {
            return None;
        }
        self.quiet_since = None;
        let mut ended = self.current.take()?;
        ended.ended = ended.phases.iter().filter_map(|phase| phase.ended).max();
        (ended.title, ended.cost) = (title(&ended), cost(&ended));
        Some(ended)
    }
}

fn title(failover: &Failover) -> String {
    let lost = failover.lost.join(" and ");
    let over = failover.ended.is_some();
    let parts: Vec<&str> = failover.phases.iter().filter_map(|phase| part_name(phase)).collect();
    let moved = match (&failover.from, &failover.to) {
        (Some(from), Some(to)) if from != to => Some(to),
        _ => None,
    };
    match (lost.is_empty(), moved, over) {
        (false, Some(to), true) => format!("{lost} was lost, {to} took over"),
        (false, Some(to), false) => format!("{lost} is lost, {to} takes over"),
        (false, None, _) if parts.is_empty() => format!("{lost} was lost, the rest served on"),
        (false, None, _) => format!("{lost} is lost"),
        (true, Some(to), _) => {
            let from = failover.from.as_deref().unwrap_or_default();
            format!("{} from {from} to {to}", if over { "moved" } else { "moves" })
        }
        (true, None, _) if parts.is_empty() => "a fence".to_owned(),
        (true, None, true) => format!("{} was restarted", parts.join(", ")),
        (true, None, false) => format!("{} is away", parts.join(", ")),
    }
}

fn part_name(phase: &Phase) -> Option<&str> {
    phase.name.strip_suffix(" away").or_else(|| phase.name.strip_suffix(" not promoted"))
}

/// What users notice: the time without a scheduler.
fn cost(failover: &Failover) -> String {
    let mut away = SignedDuration::ZERO;
    let mut seen = false;
    for phase in failover.phases.iter().filter(|phase| phase.id == id::SLURMCTLD) {
        let Some(ended) = phase.ended else { return String::new() };
        away += ended.duration_since(phase.began);
        seen = true;
    }
    // It dies with its machine, and that is noticed later.
    let first = failover.phases.iter().find(|phase| phase.id.starts_with(LOSS));
    let died_with_it = failover.from.as_ref().is_some_and(|from| failover.lost.contains(from));
    if let Some(loss) = first.filter(|_| died_with_it && seen) {
        away += loss.ended.unwrap_or(loss.began).duration_since(loss.began);
    }
    match seen {
        true => format!("scheduler away for {:.1} s", away.as_secs_f64()),
        false if failover.ended.is_some() => "the scheduler was not affected".to_owned(),
        false => String::new(),
    }
}
