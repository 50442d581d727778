// SPDX-License-Identifier: Apache-2.0
//! Makes the fault happen, whichever it is: power and the way to a BMC are cut
//! from outside, everything else is done by the other end on a machine.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use jiff::Timestamp;
use slurmha_core::drill::{Bounds, ClockOffset, Disturbance, Fault, Links};
use slurmha_core::site::{NodeName, Site};
use slurmha_host::{Local, System as _};

use super::power::{Cut, LostBmc, PowerSwitch, Victim};
use super::preflight::Cast;
use super::protocol::{DisturbTask, MoveTask, ResyncTask, StrikeTask, Struck, Task};
use super::revival::Revival;
use super::seen::Seen;
use super::watch::Watch;
use crate::failure::Failure;
use crate::pause::pause;
use crate::progress::Progress;

/// Time for a machine to say that it has struck. It may first have to wait
/// for Pacemaker.
const STRIKE_PATIENCE: Duration = Duration::from_secs(120);

/// Distance between looks whether it has.
const TICK: Duration = Duration::from_millis(20);

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

    /// The machine whose other end makes it happen.
    pub fn machine<'c>(&self, cast: &'c Cast) -> Option<&'c NodeName> {
        match self.fault {
            Fault::PowerLoss(_) | Fault::Blackout | Fault::BmcUnreachable => None,
            // Two administrators do it from outside.
            Fault::TwoSwitchovers => None,
            Fault::Crash(_) | Fault::Reboot(_) | Fault::Process(..) | Fault::Disturbance(..) => {
                Some(&cast.victim)
            }
            // The target: if the old side dies on the way, it goes on.
            Fault::Switchover | Fault::LeftoverMove => Some(&cast.survivor),
            // The one that is brought up to date.
            Fault::ResyncPowerLoss => Some(&cast.survivor),
        }
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

    fn task(&self, cast: &Cast, bounds: &Bounds) -> Option<Task> {
        match self.fault {
            Fault::PowerLoss(_) | Fault::Blackout | Fault::BmcUnreachable => None,
            Fault::TwoSwitchovers => None,
            Fault::ResyncPowerLoss => Some(Task::Resync(ResyncTask { lasts: bounds.fault })),
            Fault::Process(_, daemon, signal) => Some(Task::Strike(StrikeTask {
                daemon,
                signal,
                limit: bounds.recovery + bounds.cool_down + bounds.watch,
            })),
            Fault::Crash(_) => Some(Task::Crash),
            Fault::Reboot(_) => Some(Task::Reboot),
            Fault::Disturbance(_, what) => Some(Task::Disturb(DisturbTask {
                what,
                addresses: self.addresses(cast, what),
                lasts: bounds.fault,
            })),
            Fault::Switchover | Fault::LeftoverMove => Some(Task::Move(MoveTask {
                from: cast.victim.clone(),
                to: cast.survivor.clone(),
                limit: bounds.recovery,
                from_here: false,
                is_left: self.fault == Fault::LeftoverMove,
            })),
        }
    }

    /// The victim's own addresses on the links that are hit.
    fn addresses(&self, cast: &Cast, what: Disturbance) -> Vec<Ipv4Addr> {
        let Disturbance::Link(links, _) = what else { return Vec::new() };
        let victim = self.site.controllers.iter().find(|it| it.name == cast.victim);
        let Some(victim) = victim else { return Vec::new() };
        match links {
            Links::Cluster => vec![victim.address],
            Links::Replication => vec![victim.replication_address],
            Links::Both => vec![victim.address, victim.replication_address],
        }
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

/// Waits until the machine has struck.
///
/// # Errors
/// When it says that it did not, or says nothing.
pub fn await_strike(watch: &Watch, seen: &Seen) -> Result<Struck, Failure> {
    let machine = &watch.machine;
    let clock = Local::new();
    while clock.elapsed() < STRIKE_PATIENCE {
        // Asked before, so that a last word is not missed.
        let ended = watch.has_ended();
        match seen.struck() {
            Some(Ok(struck)) => return Ok(struck),
            Some(Err(why)) => return Err(Failure::remote(format!("{machine}: {why}"))),
            None => {}
        }
        if let Some(moved) = seen.moved() {
            let left = moved.left_over.map(|left| format!("\n  {left}")).unwrap_or_default();
            let why = moved.result.err().unwrap_or_default();
            return Err(Failure::remote(format!("{machine}: {why}{left}")));
        }
        if ended {
            let troubles = seen.troubles().join("\n  ");
            return Err(Failure::remote(format!("{machine} said nothing\n  {troubles}")));
        }
        pause(TICK)?;
    }
    let limit = STRIKE_PATIENCE.as_secs();
    Err(Failure::remote(format!("{machine} has done nothing in {limit} s")))
}

#[cfg(test)]
mod tests {
    use slurmha_core::drill::Scenario;
    use slurmha_core::status::made_up;

    use super::*;

    /// Notes what is done, in order.
    #[derive(Default)]
    struct Notes(Mutex<Vec<String>>);

    impl Notes {
        fn note(&self, what: &str, machine: &NodeName) {
            self.0.lock().unwrap().push(format!("{what} {machine}"));
        }

        fn take(&self) -> Vec<String> {
            std::mem::take(&mut self.0.lock().unwrap())
        }
    }

    impl PowerSwitch for Notes {
        fn off(&self, machine: &NodeName) -> Result<Cut, String> {
            self.note("off", machine);
            let now = Local::new().now();
            Ok(Cut { at: now, confirmed: now })
        }

        fn on(&self, machine: &NodeName) -> Result<(), String> {
            self.note("on", machine);
            Ok(())
        }

        fn connect_bmc(&self, machine: &NodeName, connected: bool) -> Result<(), String> {
            self.note(if connected { "mend bmc" } else { "cut bmc" }, machine);
            Ok(())
        }
    }

    fn with_breaker(fault: Fault, play: impl FnOnce(&Breaker<'_>, &Cast)) -> Vec<String> {
        let (site, notes, progress) = (made_up::site(), Notes::default(), Progress::new(true));
        let cast = Cast {
            victim: "ctl1".into(),
            survivor: "ctl2".into(),
            client: "login1".into(),
            weaknesses: Vec::new(),
        };
        let breaker = Breaker::new(fault, &site, &cast, Some(&notes), &progress).unwrap();
        play(&breaker, &cast);
        drop(breaker);
        notes.take()
    }

    fn strike(breaker: &Breaker<'_>, cast: &Cast, fault: Fault) {
        let bounds = Scenario::new(fault).bounds;
        breaker.strike(cast, None, &bounds, &Seen::default(), &BTreeMap::new()).unwrap();
    }

    /// Whoever is fenced must be out of reach before there is a reason to fence
    /// it; the way comes back, and power later.
    #[test]
    fn a_bmc_is_out_of_reach_before_the_power_goes() {
        let fault = Fault::BmcUnreachable;
        let done = with_breaker(fault, |breaker, cast| {
            strike(breaker, cast, fault);
            assert_eq!(breaker.given_back(), None);
            breaker.give_back().unwrap();
            breaker.give_back().unwrap();
            assert!(breaker.given_back().is_some());
            breaker.power[0].restore().unwrap();
        });
        assert_eq!(done, ["cut bmc ctl1", "off ctl1", "mend bmc ctl1", "on ctl1"]);
        let interrupted = with_breaker(fault, |breaker, cast| strike(breaker, cast, fault));
        assert_eq!(interrupted, ["cut bmc ctl1", "off ctl1", "on ctl1", "mend bmc ctl1"]);
    }

    #[test]
    fn only_a_blackout_costs_the_other_one_its_power() {
        let machines = |fault| {
            let mut count = (0, 0);
            with_breaker(fault, |breaker, _| {
                count = (breaker.power.len(), breaker.revivals.len());
            });
            count
        };
        assert_eq!(machines(Fault::Blackout), (2, 2));
        // It comes back in the middle, and is watched again.
        assert_eq!(machines(Fault::ResyncPowerLoss), (1, 1));
        assert_eq!(machines(Fault::BmcUnreachable), (1, 0));
        assert_eq!(machines(Fault::TwoSwitchovers), (0, 0));
    }
}
