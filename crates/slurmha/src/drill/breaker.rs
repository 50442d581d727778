// SPDX-License-Identifier: Apache-2.0
//! Makes the fault happen, whichever it is: power and the way to a BMC are cut
//! from outside, everything else is done by the other end on a machine.

mod answer;
mod order;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use slurmha_core::drill::{Bounds, ClockOffset, Fault};
use slurmha_core::site::{NodeName, Site};
use slurmha_host::{Local, System as _};

use super::power::{Cut, LostBmc, PowerSwitch, Victim};
use super::preflight::Cast;
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
    /// Whether it has happened.
    has_struck: AtomicBool,
    /// How power, or the way to the BMC, is given back while there is load.
    giving_back: Mutex<GivingBack>,
}

/// What was done to give something back.
#[derive(Default)]
struct GivingBack {
    /// Just before it was tried for the first time, which may have done it.
    begun: Option<Timestamp>,
    /// When it was tried last.
    tried: Option<Instant>,
    /// Whether it is done.
    is_done: bool,
}

/// Time before what could not be given back is tried again.
const TRY_AGAIN: Duration = Duration::from_secs(5);

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
        Ok(Self {
            fault,
            site,
            power,
            bmc,
            has_struck: AtomicBool::new(false),
            giving_back: Mutex::default(),
        })
    }

    /// Gives back what everybody waits for while there is load: power, where
    /// nobody serves without it, or the way to the BMC; once, and again after a while
    /// where that failed.
    ///
    /// # Errors
    /// Why a machine is still off, or its BMC still out of reach.
    pub fn give_back(&self) -> Result<(), String> {
        self.give_back_again_after(TRY_AGAIN)
    }

    fn give_back_again_after(&self, rest: Duration) -> Result<(), String> {
        let is_awaited = self.fault.leaves_nobody() || self.bmc.is_some();
        let mut giving = self.giving_back();
        let is_early = giving.tried.is_some_and(|at| at.elapsed() < rest);
        if !is_awaited || giving.is_done || is_early {
            return Ok(());
        }
        // Just before: from then on a takeover is right.
        giving.begun.get_or_insert_with(|| Local::new().now());
        giving.tried = Some(Instant::now());
        let restored: Vec<_> = match &self.bmc {
            Some(bmc) => vec![bmc.find()],
            None => self.power.iter().filter(|it| it.is_off()).map(Victim::restore).collect(),
        };
        restored.into_iter().collect::<Result<(), String>>()?;
        giving.is_done = true;
        Ok(())
    }

    /// Gives back everything that this fault has taken from outside of the machines, for a
    /// drill that ends before its time: whoever tidies up has to find somebody who answers.
    pub fn give_up(&self) {
        self.power.iter().for_each(Victim::restore_if_off);
        self.bmc.iter().for_each(LostBmc::find_if_lost);
    }

    /// When that was, on the drill's clock.
    pub fn given_back(&self) -> Option<Timestamp> {
        let giving = self.giving_back();
        giving.begun.filter(|_| giving.is_done)
    }

    fn giving_back(&self) -> MutexGuard<'_, GivingBack> {
        self.giving_back.lock().unwrap_or_else(PoisonError::into_inner)
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
