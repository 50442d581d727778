// SPDX-License-Identifier: Apache-2.0
//! What is done to power and BMCs, in which order.

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

    fn mend_bmc_command(&self, _: &NodeName) -> String {
        unreachable!("it can be mended")
    }
}

fn cast() -> Cast {
    Cast {
        victim: "ctl1".into(),
        survivor: "ctl2".into(),
        client: "login1".into(),
        weaknesses: Vec::new(),
    }
}

fn with_breaker(fault: Fault, play: impl FnOnce(&Breaker<'_>, &Cast)) -> Vec<String> {
    let (site, notes, progress) = (made_up::site(), Notes::default(), Progress::new(true));
    let cast = cast();
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
        let mut count = 0;
        with_breaker(fault, |breaker, _| count = breaker.power.len());
        count
    };
    assert_eq!(machines(Fault::Blackout), 2);
    assert_eq!(machines(Fault::ResyncPowerLoss), 1);
    assert_eq!(machines(Fault::BmcUnreachable), 1);
    assert_eq!(machines(Fault::TwoSwitchovers), 0);
}

/// Gives no power at the first try.
#[derive(Default)]
struct Stuck(Mutex<Vec<NodeName>>);

impl PowerSwitch for Stuck {
    fn off(&self, _: &NodeName) -> Result<Cut, String> {
        let now = Local::new().now();
        Ok(Cut { at: now, confirmed: now })
    }

    fn on(&self, machine: &NodeName) -> Result<(), String> {
        let mut tried = self.0.lock().unwrap();
        tried.push(machine.clone());
        if tried.len() == 1 { Err("no room for its memory".to_owned()) } else { Ok(()) }
    }

    fn connect_bmc(&self, _: &NodeName, _: bool) -> Result<(), String> {
        Ok(())
    }

    fn mend_bmc_command(&self, _: &NodeName) -> String {
        unreachable!("it can be mended")
    }
}

#[test]
fn power_that_could_not_be_given_back_is_tried_again() {
    let (site, stuck, progress) = (made_up::site(), Stuck::default(), Progress::new(true));
    let cast = cast();
    let fault = Fault::Blackout;
    let breaker = Breaker::new(fault, &site, &cast, Some(&stuck), &progress).unwrap();
    strike(&breaker, &cast, fault);
    assert!(breaker.give_back().is_err());
    assert_eq!(breaker.give_back(), Ok(()), "it is not yet time");
    assert_eq!(breaker.given_back(), None);
    breaker.give_back_again_after(Duration::ZERO).unwrap();
    assert!(breaker.given_back().is_some());
    drop(breaker);
    let tried: Vec<NodeName> = ["ctl1", "ctl2", "ctl1"].map(NodeName::from).into();
    assert_eq!(*stuck.0.lock().unwrap(), tried);
}

/// Where that fails in the end it is tried once more when the drill lets go.
#[test]
fn a_machine_that_is_still_off_is_not_forgotten() {
    let (stuck, progress, machine) = (Stuck::default(), Progress::new(true), "ctl1".into());
    let victim = Victim::new(&stuck, &machine, &progress);
    victim.cut().unwrap();
    assert!(victim.restore().is_err() && victim.is_off());
    drop(victim);
    assert_eq!(stuck.0.lock().unwrap().len(), 2);
}
