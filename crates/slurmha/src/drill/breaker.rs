// SPDX-License-Identifier: Apache-2.0
//! Makes the fault happen, whichever it is: power is cut from outside,
//! everything else is done by the other end on a machine.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use slurmha_core::drill::{Bounds, ClockOffset, Disturbance, Fault, Links};
use slurmha_core::site::{NodeName, Site};
use slurmha_host::{Local, System as _};

use super::power::{Cut, PowerSwitch, Victim};
use super::preflight::Cast;
use super::protocol::{DisturbTask, MoveTask, StrikeTask, Struck, Task};
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
    /// Those that are watched again when they have it back.
    pub revivals: Vec<Revival<'a>>,
    /// Whether it has happened.
    has_struck: AtomicBool,
    /// Whether power was given back while there was load.
    has_given_back: AtomicBool,
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
        let machines = match (fault.cuts_power(), fault.leaves_nobody()) {
            (true, true) => vec![&cast.victim, &cast.survivor],
            (true, false) => vec![&cast.victim],
            (false, _) => Vec::new(),
        };
        let power = |machine| {
            let switch = switch.ok_or_else(|| Failure::internal("there is no way to cut power"))?;
            Ok(Victim::new(switch, machine, progress))
        };
        let power =
            machines.iter().map(|machine| power(machine)).collect::<Result<_, Failure>>()?;
        let revivals = machines.into_iter().filter(|_| fault.leaves_nobody());
        Ok(Self {
            fault,
            site,
            power,
            revivals: revivals.map(Revival::new).collect(),
            has_struck: AtomicBool::new(false),
            has_given_back: AtomicBool::new(false),
        })
    }

    /// Gives power back while there is load, where nobody is left without it;
    /// once.
    ///
    /// # Errors
    /// Why a machine is still off.
    pub fn give_back(&self) -> Result<(), String> {
        if !self.fault.leaves_nobody() || self.has_given_back.swap(true, Ordering::SeqCst) {
            return Ok(());
        }
        let restored: Vec<_> = self.power.iter().map(Victim::restore).collect();
        self.revivals.iter().for_each(Revival::begin);
        restored.into_iter().collect()
    }

    /// The machine whose other end makes it happen.
    pub fn machine<'c>(&self, cast: &'c Cast) -> Option<&'c NodeName> {
        match self.fault {
            Fault::PowerLoss(_) | Fault::Blackout => None,
            Fault::Crash(_) | Fault::Reboot(_) | Fault::Process(..) | Fault::Disturbance(..) => {
                Some(&cast.victim)
            }
            // The target: if the old side dies on the way, it goes on.
            Fault::Switchover => Some(&cast.survivor),
        }
    }

    /// Whether it is no wonder when this machine falls silent.
    pub fn silences(&self, machine: &NodeName, cast: &Cast) -> bool {
        let goes = self.fault.may_fell_machine() || self.fault.leaves_by_itself();
        let is_hit =
            *machine == cast.victim || *machine == cast.survivor && self.fault.leaves_nobody();
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
        if !self.power.is_empty() {
            return cut_all(&self.power);
        }
        let (Some(task), Some(watch)) = (self.task(cast, bounds), watch) else {
            return Err(Failure::internal("nobody is there to make the fault happen"));
        };
        watch.begin(task).map_err(Failure::remote)?;
        let struck = await_strike(watch, seen)?;
        let here = |there| clocks.get(&watch.machine).map_or(there, |offset| offset.apply(there));
        Ok(Cut { at: here(struck.at), confirmed: here(struck.confirmed) })
    }

    fn task(&self, cast: &Cast, bounds: &Bounds) -> Option<Task> {
        match self.fault {
            Fault::PowerLoss(_) | Fault::Blackout => None,
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
            Fault::Switchover => Some(Task::Move(MoveTask {
                from: cast.victim.clone(),
                to: cast.survivor.clone(),
                limit: bounds.recovery,
                from_here: false,
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
