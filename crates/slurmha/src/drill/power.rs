// SPDX-License-Identifier: Apache-2.0
//! Who cuts the power, so that a drill does not care how.

use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;
use slurmha_core::site::{Controller, NodeName, Site};
use slurmha_host::{Local, System as _};
use slurmha_lab::Lab;

use crate::failure::Failure;
use crate::progress::Progress;

/// A way to cut a machine's power and to give it back.
pub trait PowerSwitch: Sync {
    /// Cuts the power. Returns when the machine is certainly dead.
    ///
    /// # Errors
    /// When it may still live; the reason in words.
    fn off(&self, machine: &NodeName) -> Result<Cut, String>;

    /// Gives the power back; does not wait until the machine has booted.
    ///
    /// # Errors
    /// The reason in words.
    fn on(&self, machine: &NodeName) -> Result<(), String>;
}

/// When the power went.
#[derive(Clone, Copy, Debug)]
pub struct Cut {
    /// Just before.
    pub at: Timestamp,
    /// When the machine was certainly dead.
    pub confirmed: Timestamp,
}

/// The power buttons of a lab.
pub struct LabPower {
    lab: Lab,
}

impl LabPower {
    /// The lab of that name, which must have this site's controllers.
    pub fn open(name: &str, site: &Site) -> Result<Self, Failure> {
        let lab = Lab::open(name).map_err(|error| {
            let failure = Failure::refused(format!("no power can be cut: {error}"));
            match error.hint() {
                Some(hint) => failure.hint(hint),
                None => failure,
            }
        })?;
        let is_there = |controller: &Controller| {
            let mut machines = lab.machines().iter();
            machines
                .any(|it| it.name == controller.name.as_str() && it.cluster == controller.address)
        };
        match site.controllers.iter().find(|controller| !is_there(controller)) {
            None => Ok(Self { lab }),
            Some(Controller { name: machine, address, .. }) => Err(Failure::refused(format!(
                "the lab {name} has no machine {machine} at {address}: this site is another one"
            ))
            .hint("only machines of a lab can lose their power in a drill so far")),
        }
    }
}

impl PowerSwitch for LabPower {
    fn off(&self, machine: &NodeName) -> Result<Cut, String> {
        let before = self.lab.power_off(machine.as_str()).map_err(|error| error.to_string())?;
        let confirmed = Local::new().now();
        let at = confirmed.checked_sub(before.elapsed()).map_err(|error| error.to_string())?;
        Ok(Cut { at, confirmed })
    }

    fn on(&self, machine: &NodeName) -> Result<(), String> {
        self.lab.power_on(machine.as_str()).map_err(|error| error.to_string())
    }
}

/// Sees to it that a machine gets its power back, however the drill ends.
pub struct Victim<'a> {
    switch: &'a dyn PowerSwitch,
    machine: &'a NodeName,
    progress: &'a Progress,
    is_off: AtomicBool,
}

impl<'a> Victim<'a> {
    /// The machine has its power so far.
    pub fn new(switch: &'a dyn PowerSwitch, machine: &'a NodeName, progress: &'a Progress) -> Self {
        Self { switch, machine, progress, is_off: AtomicBool::new(false) }
    }

    /// Cuts the power.
    pub fn cut(&self) -> Result<Cut, Failure> {
        self.is_off.store(true, Ordering::SeqCst);
        self.switch.off(self.machine).map_err(|why| {
            Failure::remote(format!("the power of {} could not be cut: {why}", self.machine))
        })
    }

    /// Gives the power back.
    pub fn restore(&self) -> Result<(), String> {
        self.is_off.store(false, Ordering::SeqCst);
        self.switch.on(self.machine)
    }

    /// From now on it is meant to stay off.
    pub fn leave_off(&self) {
        self.is_off.store(false, Ordering::SeqCst);
    }
}

impl Drop for Victim<'_> {
    fn drop(&mut self) {
        if !self.is_off.load(Ordering::SeqCst) {
            return;
        }
        let said = match self.switch.on(self.machine) {
            Ok(()) => "switched on again".to_owned(),
            Err(why) => format!("is still off: {why}"),
        };
        self.progress.machine(self.machine.as_str(), &said);
    }
}
