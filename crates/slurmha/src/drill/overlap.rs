// SPDX-License-Identifier: Apache-2.0
//! Faults that come while the first one is being survived.
//!
//! Each has its own other end on its machine and is undone like the first one:
//! when its time is over, when the drill ends or is interrupted, and by its
//! timer on the machine when the drill itself is killed.

mod blow;

use std::collections::BTreeMap;
use std::thread::Scope;
use std::time::Duration;

use slurmha_core::drill::{Bounds, ClockOffset, Fault, Scenario, Stroke};
use slurmha_core::site::{NodeName, Site};

use super::breaker::Breaker;
use super::power::{PowerSwitch, Victim};
use super::preflight::Cast;
use super::seen::Seen;
use super::watch::Watch;
use crate::failure::Failure;
use crate::fleet::{Fleet, failure};
use crate::pause::pause;
use crate::progress::Progress;

use blow::Blow;

/// All of them.
pub struct Overlaps<'a> {
    blows: Vec<Blow<'a>>,
    /// The conversations with the machines that do something themselves.
    pub watches: Vec<Watch>,
    progress: &'a Progress,
}

impl<'a> Overlaps<'a> {
    /// Prepares all; nothing happens yet. There is a cast for each.
    pub fn new(
        scenario: &Scenario,
        site: &'a Site,
        fleet: &Fleet,
        casts: &'a [Cast],
        power: Option<&'a dyn PowerSwitch>,
        progress: &'a Progress,
    ) -> Result<Self, Failure> {
        let mut overlaps = Self { blows: Vec::new(), watches: Vec::new(), progress };
        for (&planned, cast) in scenario.overlaps.iter().zip(casts) {
            let breaker = Breaker::new(planned.fault, site, cast, power, progress)?;
            let mut watch = None;
            if let Some(machine) = breaker.machine(cast) {
                watch = Some(overlaps.watches.len());
                let started = Watch::start(fleet.remote(), machine);
                overlaps.watches.push(started.map_err(|error| failure(&error))?);
            }
            let bounds = Bounds { fault: planned.lasts, ..scenario.bounds.clone() };
            overlaps.blows.push(Blow::new(planned, cast, breaker, watch, bounds));
        }
        Ok(overlaps)
    }

    /// Hears what each of the machines has to say about its own fault.
    pub fn listen<'s>(&'s self, scope: &'s Scope<'s, '_>, common: &'s Seen, first: Silences<'s>) {
        for blow in &self.blows {
            let Some(watch) = blow.watch.map(|index| &self.watches[index]) else { continue };
            scope.spawn(move || {
                let ended = watch.listen(&mut |reply| blow.note(common, &watch.machine, reply));
                if let Err(why) = ended {
                    blow.seen.trouble(why.clone());
                    if !first(&watch.machine) && !self.silence(&watch.machine) {
                        common.trouble(why);
                    }
                }
            });
        }
    }

    /// Makes those happen whose time has come. One that cannot be made to
    /// happen is told in the report, and the drill goes on.
    ///
    /// # Errors
    /// When somebody pressed Ctrl-C.
    pub fn strike_due(
        &self,
        since_first: Duration,
        clocks: &BTreeMap<NodeName, ClockOffset>,
    ) -> Result<(), Failure> {
        for blow in &self.blows {
            if blow.cut.get().is_some() || since_first < blow.planned.after {
                continue;
            }
            let watch = blow.watch.map(|index| &self.watches[index]);
            let struck = blow.breaker.strike(blow.cast, watch, &blow.bounds, &blow.seen, clocks);
            // What failed because of an interruption is none of the cluster's.
            pause(Duration::ZERO)?;
            let said = match &struck {
                Ok(_) => blow.planned.fault.news(),
                Err(why) => format!("{} did not happen: {}", blow.name(), why.message()),
            };
            self.progress.machine(blow.cast.victim.as_str(), &said);
            // Set once: it was asked for above.
            let _ = blow.cut.set(struck.map_err(|why| why.message().to_owned()));
        }
        Ok(())
    }

    /// Whether all have had their time, and clients are served as they have to
    /// be after each.
    pub fn are_survived(&self, seen: &Seen, clocks: &BTreeMap<NodeName, ClockOffset>) -> bool {
        self.blows.iter().all(|blow| match blow.cut.get() {
            None => false,
            Some(Err(_)) => true,
            Some(Ok(cut)) if blow.planned.fault.must_hand_over() => {
                seen.serves_again(blow.cast, cut.at, clocks)
            }
            Some(Ok(cut)) => {
                let fate = blow.seen.process();
                let is_gone = || self.have_removed_besides(&blow.cast.victim, blow.planned.fault);
                seen.is_served(blow.cast, cut.confirmed, clocks)
                    && (is_gone() || seen.is_back(blow.planned.fault, fate.as_ref(), blow.cast))
            }
        })
    }

    /// Whether it is no wonder when this machine falls silent.
    pub fn silence(&self, machine: &NodeName) -> bool {
        self.blows.iter().any(|blow| blow.breaker.silences(machine, blow.cast))
    }

    /// Whether one of them took this machine away.
    pub fn have_removed(&self, machine: &NodeName) -> bool {
        self.removed(machine).next().is_some()
    }

    /// For certain: what may have cost a machine need not have.
    fn have_removed_besides(&self, machine: &NodeName, fault: Fault) -> bool {
        let mut others = self.removed(machine).map(|blow| blow.planned.fault);
        others.any(|other| other != fault && (other.has_to_boot() || other.fells_machine()))
    }

    fn removed<'s>(&'s self, machine: &'s NodeName) -> impl Iterator<Item = &'s Blow<'a>> {
        self.blows.iter().filter(move |blow| {
            let fault = blow.planned.fault;
            let has_happened = blow.cut.get().is_some_and(Result::is_ok);
            has_happened && blow.cast.victim == *machine && fault.may_remove(fault.side())
        })
    }

    /// Each fault with the machine that it hits.
    pub fn hits(&self) -> impl Iterator<Item = (Fault, &NodeName)> {
        self.blows.iter().map(|blow| (blow.planned.fault, &blow.cast.victim))
    }

    /// The machines whose power was cut.
    pub fn powers(&self) -> impl Iterator<Item = (&Victim<'a>, &NodeName)> {
        let due = self.blows.iter().filter(|blow| blow.cut.get().is_some());
        due.flat_map(|blow| blow.breaker.power.iter().map(move |power| (power, &blow.cast.victim)))
    }

    /// Gives back what was taken from outside: see [`Breaker::give_up`].
    pub fn give_up(&self) {
        self.blows.iter().for_each(|blow| blow.breaker.give_up());
    }

    /// What became of each.
    pub fn strokes(&self) -> Vec<Stroke> {
        self.blows.iter().map(Blow::stroke).collect()
    }
}

/// Whether it is no wonder, because of the first fault, when a machine falls
/// silent.
pub type Silences<'s> = &'s (dyn Fn(&NodeName) -> bool + Sync);

#[cfg(test)]
mod tests;
