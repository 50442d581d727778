// SPDX-License-Identifier: Apache-2.0
//! Makes the fault happen, whichever it is: power and the way to a BMC are cut
//! from outside, everything else is done by the other end on a machine.

mod answer;
mod order;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use jiff::Timestamp;
use slurmha_core::drill::{Bounds, ClockOffset, Fault};
use slurmha_core::site::{NodeName, Site};
use slurmha_host::{Local, System as _};

use super::power::{Cut, LostBmc, PowerSwitch, Victim};
use super::preflight::Cast;
use super::revival::Revival;
use super::seen::Seen;
use super::watch::Watch;
use crate::failure::Failure;
use crate::progress::Progress;

pub use answer::await_strike;

/// Makes the fault happen and undoes it.
pub struct Breaker<'a> {
    fault: Fault,
    site: &'a Site,
    /// The machines whose power is cut, when power is what is cut.
    pub power: Vec<Victim<'a>>,
    /// The BMC that nobody reaches, when that is part of it.
    bmc: Option<LostBmc<'a>>,
    /// Those that are watched again when they have it back.
    pub revivals: Vec<Revival<'a>>,
    /// Whether it has happened.
    has_struck: AtomicBool,
    /// Whether power, or the way to the BMC, was to be given back while there
    /// was load.
    is_over: AtomicBool,
    /// When it was.
    given_back: Mutex<Option<Timestamp>>,
}

impl<'a> Breaker<'a> {
    /// Prepares; nothing happens yet.
    pub fn new(
        fault: Fault,
        site: &'a Site,
        cast: &'a Cast,
        switch: Option<&'a dyn PowerSwitch>,
        progress: &'a Progress,
    ) -> Result<Self, Failure> {
        let machines = match (fault.cuts_power(), fault.hits_both()) {
            (true, true) => vec![&cast.victim, &cast.survivor],
            (true, false) => vec![&cast.victim],
            (false, _) => Vec::new(),
        };
        let switch = || switch.ok_or_else(|| Failure::internal("there is no way to cut power"));
        let power = |machine| Ok(Victim::new(switch()?, machine, progress));
        let power =
            machines.iter().map(|machine| power(machine)).collect::<Result<_, Failure>>()?;
        let has_lost_bmc = fault == Fault::BmcUnreachable;
        let bmc = match has_lost_bmc {
            true => Some(LostBmc::new(switch()?, &cast.victim, progress)),
            false => None,
        };
        let revivals = machines.into_iter().filter(|_| fault.leaves_nobody());
        Ok(Self {
            fault,
            site,
            power,
            bmc,
            revivals: revivals.map(Revival::new).collect(),
            has_struck: AtomicBool::new(false),
            is_over: AtomicBool::new(false),
            given_back: Mutex::default(),
        })
    }

    /// Gives back what everybody waits for while there is load: power, where
    /// nobody serves without it, or the way to the BMC; once.
    ///
    /// # Errors
    /// Why a machine is still off, or its BMC still out of reach.
    pub fn give_back(&self) -> Result<(), String> {
        let is_awaited = self.fault.leaves_nobody() || self.bmc.is_some();
        if !is_awaited || self.is_over.swap(true, Ordering::SeqCst) {
            return Ok(());
        }
        // Just before: from then on a takeover is right.
        let now = Local::new().now();
        let restored: Vec<_> = match &self.bmc {
            Some(bmc) => vec![bmc.find()],
            None => self.power.iter().map(Victim::restore).collect(),
        };
        self.revivals.iter().for_each(Revival::begin);
        restored.into_iter().collect::<Result<(), String>>()?;
        *self.given_back.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
        Ok(())
    }

    /// When that was, on the drill's clock.
    pub fn given_back(&self) -> Option<Timestamp> {
        *self.given_back.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it is no wonder when this machine falls silent.
    pub fn silences(&self, machine: &NodeName, cast: &Cast) -> bool {
        let goes = self.fault.may_fell_machine() || self.fault.leaves_by_itself();
        let is_hit = *machine == cast.victim || *machine == cast.survivor && self.fault.hits_both();
        is_hit && goes && self.has_struck.load(Ordering::SeqCst)
    }

    /// Makes it happen, and tells when, on the drill's clock.
    pub fn strike(
        &self,
        cast: &Cast,
        watch: Option<&Watch>,
        bounds: &Bounds,
        seen: &Seen,
        clocks: &BTreeMap<NodeName, ClockOffset>,
    ) -> Result<Cut, Failure> {
        self.has_struck.store(true, Ordering::SeqCst);
        let Some(task) = self.task(cast, bounds) else {
            if let Some(bmc) = &self.bmc {
                bmc.lose()?;
            }
            return cut_all(&self.power);
        };
        let Some(watch) = watch else {
            return Err(Failure::internal("nobody is there to make the fault happen"));
        };
        watch.begin(task).map_err(Failure::remote)?;
        let struck = await_strike(watch, seen)?;
        if !self.power.is_empty() {
            // What was struck was only what the power is cut in the middle of.
            return cut_all(&self.power);
        }
        let here = |there| clocks.get(&watch.machine).map_or(there, |offset| offset.apply(there));
        Ok(Cut { at: here(struck.at), confirmed: here(struck.confirmed) })
    }
}

/// Cuts the power of all of them at the same time.
fn cut_all(power: &[Victim<'_>]) -> Result<Cut, Failure> {
    let cuts = thread::scope(|scope| {
        let cuts: Vec<_> = power.iter().map(|victim| scope.spawn(|| victim.cut())).collect();
        let ended = cuts
            .into_iter()
            .map(|cut| cut.join().unwrap_or_else(|_| Err(Failure::internal("a thread panicked"))));
        ended.collect::<Result<Vec<Cut>, Failure>>()
    })?;
    let whole = cuts.into_iter().reduce(|one, other| Cut {
        at: one.at.min(other.at),
        confirmed: one.confirmed.max(other.confirmed),
    });
    whole.ok_or_else(|| Failure::internal("no power was cut"))
}

#[cfg(test)]
mod tests;
