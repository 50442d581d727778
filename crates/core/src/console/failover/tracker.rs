// SPDX-License-Identifier: Apache-2.0
//! From one picture to the next: which phases begin and end.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::words::{cost, title};
use super::{Failover, LOSS, Phase};
use crate::console::deed::{Deed, DeedKind};
use crate::console::picture::{Controller, Part, PartState, Picture};
use crate::render::cib::id;

/// Shorter pauses between two parts belong to the same failover.
const QUIET: SignedDuration = SignedDuration::from_secs(3);

/// How old what Pacemaker has done can be when it is first told: the longest
/// that an exporter waits before it asks, and the longest that asking takes.
const LATEST: SignedDuration = SignedDuration::from_secs(60);

/// A failover of which something stays away does not end, and something else may come and
/// go in it for days.
const MOST_PHASES: usize = 200;

/// What was known last, and what is under way.
#[derive(Clone, Debug, Default)]
pub(in crate::console) struct Tracker {
    parts: BTreeMap<String, (PartState, Option<String>)>,
    gone: BTreeMap<String, bool>,
    /// What Pacemaker had done when it was last asked, and when that was.
    done: Option<(Vec<Deed>, Timestamp)>,
    /// Where the scheduler last worked.
    place: Option<String>,
    at: Option<Timestamp>,
    quiet_since: Option<Timestamp>,
    pub current: Option<Failover>,
}

/// Forgets the first phase of which nothing is worked out: what a failover cost comes from
/// those of the scheduler and of the lost controllers.
fn forget_one(phases: &mut Vec<Phase>) {
    let costs = |phase: &Phase| phase.id == id::SLURMCTLD || phase.id.starts_with(LOSS);
    let place = phases.iter().position(|phase| phase.ended.is_some() && !costs(phase));
    if let Some(place) = place {
        phases.remove(place);
    }
}

/// What Pacemaker says in one picture.
struct Told<'a> {
    at: Timestamp,
    all: &'a [Deed],
    /// Of these, what it had not done at the look before.
    new: Vec<&'a Deed>,
}

impl Tracker {
    /// Takes a picture in; returns a failover that has ended.
    pub fn see(&mut self, picture: &Picture) -> Option<Failover> {
        let at = picture.at;
        let told = self.told(picture);
        for part in picture.parts.iter().filter(|part| part.state != PartState::Unknown) {
            self.see_part(part, &told);
        }
        for controller in &picture.controllers {
            self.see_controller(controller, &told);
        }
        let scheduler = picture.parts.iter().find(|part| part.id == id::SLURMCTLD);
        let place =
            scheduler.filter(|it| it.state == PartState::Up).and_then(|it| it.place.clone());
        if let Some(current) = &mut self.current {
            current.to = place.clone().or(current.to.take());
            let first = current.phases.iter().map(|phase| phase.began).min();
            current.began = first.unwrap_or(current.began);
            (current.title, current.cost) = (title(current), cost(current));
        }
        self.place = place.or(self.place.take());
        self.at = Some(at);
        if let Some(deeds) = &picture.deeds {
            self.done = Some((deeds.clone(), at));
        }
        self.close(at)
    }

    /// What was done before the first look is the past, and so is what comes
    /// to light much later than it was done.
    fn told<'a>(&self, picture: &'a Picture) -> Told<'a> {
        let all = picture.deeds.as_deref().unwrap_or_default();
        let new = match &self.done {
            None => Vec::new(),
            Some((before, looked)) => all
                .iter()
                .filter(|deed| !before.iter().any(|known| known.is(deed)))
                .filter(|deed| deed.ended + LATEST > *looked)
                .collect(),
        };
        Told { at: picture.at, all, new }
    }

    fn see_part(&mut self, part: &Part, told: &Told<'_>) {
        let at = told.at;
        let now = (part.state, part.place.clone());
        let Some(before) = self.parts.insert(part.id.clone(), now.clone()) else { return };
        let name = match part.id.as_str() {
            id::DRBD => "data not promoted".to_owned(),
            _ => format!("{} away", part.name),
        };
        let place = part.place.as_deref();
        match (before.0 == PartState::Up, now.0 == PartState::Up) {
            (true, false) => {
                let began = told.went(&part.id, before.1.as_deref()).unwrap_or(at);
                self.begin(&part.id, name, began);
            }
            (false, true) => self.end(&part.id, told, place),
            (false, false) => self.began_earlier(&part.id, told),
            (true, true) => {
                let moved = before.1 != now.1;
                let started = told.new_start(&part.id, place);
                // It moved, or was started again, between two looks.
                if moved || started.is_some() {
                    let looked = if moved { self.at } else { started };
                    let went = told.went(&part.id, before.1.as_deref()).or(looked);
                    self.begin(&part.id, name, went.unwrap_or(at));
                    self.end(&part.id, told, place);
                }
            }
        }
    }

    fn see_controller(&mut self, controller: &Controller, told: &Told<'_>) {
        let name = &controller.name;
        let Some(is_gone) = controller.is_gone else { return };
        let Some(was_gone) = self.gone.insert(name.clone(), is_gone) else { return };
        let fence = format!("fence-{name}");
        let text = format!("{name} being fenced");
        match (controller.is_being_fenced, self.is_open(&fence)) {
            (true, false) => self.begin_first(&fence, text, told.at),
            (false, true) => {
                let fenced = |began| told.last(DeedKind::Fence, name, None, began);
                self.end_at(&fence, told.at, fenced);
            }
            (false, false) => {
                // It was over before anybody looked.
                if let Some(deed) = told.new.iter().find(|it| it.is_fence_of(name)) {
                    self.begin_first(&fence, text, deed.began.min(told.at));
                    self.end_at(&fence, deed.ended.min(told.at), |_| None);
                }
            }
            (true, true) => {}
        }
        if is_gone && !was_gone {
            self.lose(controller, told.at);
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
            started: None,
            ended: Some(at),
        };
        if !current.lost.contains(name) {
            current.lost.push(name.clone());
        }
        current.phases.insert(0, phase);
    }

    fn is_open(&self, id: &str) -> bool {
        let phases = self.current.iter().flat_map(|current| &current.phases);
        phases.filter(|phase| phase.ended.is_none()).any(|phase| phase.id == id)
    }

    fn begin(&mut self, id: &str, name: String, at: Timestamp) {
        let fresh = self.new_failover(at);
        let current = self.current.get_or_insert(fresh);
        let phase = Phase { id: id.to_owned(), name, began: at, started: None, ended: None };
        current.phases.push(phase);
        if current.phases.len() > MOST_PHASES {
            forget_one(&mut current.phases);
        }
    }

    /// Before the parts, which wait for it.
    fn begin_first(&mut self, id: &str, name: String, at: Timestamp) {
        self.begin(id, name, at);
        let phases = self.current.as_mut().map(|current| &mut current.phases);
        if let Some(phases) = phases {
            phases.rotate_right(1);
        }
    }

    /// What stopped it may be written down later than it was seen to stop.
    fn began_earlier(&mut self, id: &str, told: &Told<'_>) {
        for phase in self.open(id) {
            let went = told.new.iter().filter(|it| it.is_end_of(id, None));
            let its_own = went.filter(|it| it.ended > phase.began);
            let first = its_own.map(|it| it.began).min();
            phase.began = first.map_or(phase.began, |first| first.min(phase.began));
        }
    }

    /// A part works again in that place.
    fn end(&mut self, id: &str, told: &Told<'_>, place: Option<&str>) {
        self.end_at(id, told.at, |began| told.last(DeedKind::Start, id, place, began));
    }

    /// It was seen to be over at that time; what ended it may be known.
    fn end_at<'a>(
        &mut self,
        id: &str,
        seen: Timestamp,
        by: impl Fn(Timestamp) -> Option<&'a Deed>,
    ) {
        for phase in self.open(id) {
            let deed = by(phase.began);
            // Neither can be earlier than the end, so the earlier one is nearer.
            let ended = deed.map_or(seen, |it| it.ended.min(seen));
            let started = deed.filter(|it| it.kind == DeedKind::Start).map(|it| ended - it.took);
            phase.ended = Some(ended.max(phase.began));
            phase.started = started.map(|it| it.max(phase.began));
        }
    }

    fn open(&mut self, id: &str) -> impl Iterator<Item = &mut Phase> {
        let phases = self.current.iter_mut().flat_map(|current| &mut current.phases);
        phases.filter(move |phase| phase.ended.is_none() && phase.id == id)
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

impl Told<'_> {
    /// Since the look before: when the part in that place first went.
    fn went(&self, part: &str, place: Option<&str>) -> Option<Timestamp> {
        let went = self.new.iter().filter(|deed| deed.is_end_of(part, place));
        went.map(|deed| deed.began).min().map(|began| began.min(self.at))
    }

    /// Since the look before: when it was begun to start the part there.
    fn new_start(&self, part: &str, place: Option<&str>) -> Option<Timestamp> {
        let started = |it: &&&Deed| it.kind == DeedKind::Start && it.is_to(part, place);
        let deed = self.new.iter().find(started)?;
        Some(deed.began.min(self.at))
    }

    /// The last of these, if it ended after that.
    fn last(
        &self,
        kind: DeedKind,
        what: &str,
        place: Option<&str>,
        after: Timestamp,
    ) -> Option<&Deed> {
        let deeds = self.all.iter().filter(|it| it.kind == kind && it.is_to(what, place));
        let later = deeds.filter(|it| it.ended > after);
        later.max_by_key(|it| it.ended)
    }
}

impl Deed {
    fn is_end_of(&self, part: &str, place: Option<&str>) -> bool {
        matches!(self.kind, DeedKind::Stop | DeedKind::Failure) && self.is_to(part, place)
    }

    fn is_fence_of(&self, controller: &str) -> bool {
        self.kind == DeedKind::Fence && self.what == controller
    }
}
