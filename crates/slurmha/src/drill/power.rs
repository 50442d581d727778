// SPDX-License-Identifier: Apache-2.0
//! Who cuts the power, so that a drill does not care how.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;
use slurmha_core::site::{Controller, NodeName, Site};
use slurmha_host::command::quote;
use slurmha_host::{Local, System as _};
use slurmha_lab::{Direction, Fault as Cable, Lab, Network};

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

    /// Cuts the cable of a machine's BMC, or mends it; what is so already
    /// succeeds.
    ///
    /// # Errors
    /// The reason in words.
    fn connect_bmc(&self, machine: &NodeName, connected: bool) -> Result<(), String>;

    /// What to type to mend that cable by hand.
    fn mend_bmc_command(&self, machine: &NodeName) -> String;
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
    /// The lab of that name, which must have this site's controllers, and be where the
    /// ssh configuration leads to: a lab that was made of a site's own file has the
    /// names and addresses of the real machines.
    ///
    /// # Errors
    /// A refusal when there is no such lab, or the machines are others.
    pub fn open(name: &str, site: &Site, ssh_config: Option<&Path>) -> Result<Self, Failure> {
        let lab = Lab::open(name).map_err(|error| {
            let failure = Failure::refused(format!("no power can be cut: {error}"));
            match error.hint() {
                Some(hint) => failure.hint(hint),
                None => failure,
            }
        })?;
        let way = lab.ssh_config_path();
        if !ssh_config.is_some_and(|config| is_the_same(config, &way)) {
            let message = format!("these machines are not reached as those of the lab {name} are");
            return Err(Failure::refused(message).hint(format!(
                "if they are meant: --ssh-config {}",
                quote(&way.to_string_lossy())
            )));
        }
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

/// Whether two paths lead to one file.
fn is_the_same(one: &Path, other: &Path) -> bool {
    let real = |path: &Path| path.canonicalize().ok();
    real(one).is_some_and(|one| real(other) == Some(one))
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

    fn connect_bmc(&self, machine: &NodeName, connected: bool) -> Result<(), String> {
        let change = if connected { Cable::Restore } else { Cable::Cut };
        let changed = self.lab.link(machine.as_str(), Network::Bmc, Direction::Both, change);
        changed.map(drop).map_err(|error| error.to_string())
    }

    fn mend_bmc_command(&self, machine: &NodeName) -> String {
        format!("slurmha lab link restore {machine} bmc --name {}", self.lab.name())
    }
}

/// What is said of a machine that has its power again.
const BACK_ON: &str = "switched on again";

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
    ///
    /// # Errors
    /// Why it is still off; it is tried once more in the end.
    pub fn restore(&self) -> Result<(), String> {
        self.switch.on(self.machine)?;
        self.is_off.store(false, Ordering::SeqCst);
        Ok(())
    }

    /// Gives the power back if it was cut; what fails is tried once more in the end.
    pub fn restore_if_off(&self) {
        if self.is_off() && self.restore().is_ok() {
            self.progress.machine(self.machine.as_str(), BACK_ON);
        }
    }

    /// Whether its power was cut and not given back.
    pub fn is_off(&self) -> bool {
        self.is_off.load(Ordering::SeqCst)
    }

    /// From now on it is meant to stay off.
    pub fn leave_off(&self) {
        self.is_off.store(false, Ordering::SeqCst);
    }
}

impl Drop for Victim<'_> {
    fn drop(&mut self) {
        if !self.is_off() {
            return;
        }
        let said = match self.switch.on(self.machine) {
            Ok(()) => BACK_ON.to_owned(),
            Err(why) => format!("is still off: {why}"),
        };
        self.progress.machine(self.machine.as_str(), &said);
    }
}

/// Sees to it that a BMC can be reached again, however the drill ends.
pub struct LostBmc<'a> {
    switch: &'a dyn PowerSwitch,
    machine: &'a NodeName,
    progress: &'a Progress,
    is_lost: AtomicBool,
}

impl<'a> LostBmc<'a> {
    /// It can be reached so far.
    pub fn new(switch: &'a dyn PowerSwitch, machine: &'a NodeName, progress: &'a Progress) -> Self {
        Self { switch, machine, progress, is_lost: AtomicBool::new(false) }
    }

    /// From now on nobody reaches it.
    pub fn lose(&self) -> Result<(), Failure> {
        self.is_lost.store(true, Ordering::SeqCst);
        self.switch.connect_bmc(self.machine, false).map_err(|why| {
            let machine = self.machine;
            Failure::remote(format!("the BMC of {machine} could not be cut off: {why}"))
        })?;
        self.progress.machine(self.machine.as_str(), "nobody reaches its BMC");
        Ok(())
    }

    /// If it was lost, it can be reached again; what fails is tried once more in the end.
    pub fn find_if_lost(&self) {
        if self.is_lost.load(Ordering::SeqCst) {
            drop(self.find());
        }
    }

    /// It can be reached again.
    pub fn find(&self) -> Result<(), String> {
        self.switch.connect_bmc(self.machine, true)?;
        self.is_lost.store(false, Ordering::SeqCst);
        self.progress.machine(self.machine.as_str(), "its BMC can be reached again");
        Ok(())
    }
}

impl Drop for LostBmc<'_> {
    fn drop(&mut self) {
        if !self.is_lost.load(Ordering::SeqCst) {
            return;
        }
        if let Err(why) = self.find() {
            let next = self.switch.mend_bmc_command(self.machine);
            let said = format!("its BMC is still cut off: {why}; {next}");
            self.progress.machine(self.machine.as_str(), &said);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// Notes what is done with the BMC; the first so many changes fail.
    struct Notes {
        done: Mutex<Vec<bool>>,
        failing: Mutex<usize>,
    }

    impl PowerSwitch for Notes {
        fn off(&self, _: &NodeName) -> Result<Cut, String> {
            unreachable!("no power is cut")
        }

        fn on(&self, _: &NodeName) -> Result<(), String> {
            unreachable!("no power is cut")
        }

        fn connect_bmc(&self, _: &NodeName, connected: bool) -> Result<(), String> {
            let mut failing = self.failing.lock().unwrap();
            if *failing > 0 {
                *failing -= 1;
                return Err("no switch".to_owned());
            }
            self.done.lock().unwrap().push(connected);
            Ok(())
        }

        fn mend_bmc_command(&self, _: &NodeName) -> String {
            unreachable!("it can be mended")
        }
    }

    fn notes(failing: usize) -> Notes {
        Notes { done: Mutex::default(), failing: Mutex::new(failing) }
    }

    #[test]
    fn a_bmc_that_was_cut_off_is_mended_once_however_the_drill_ends() {
        let (machine, progress) = (NodeName::from("ctl1"), Progress::new(true));
        for found in [true, false] {
            let switch = notes(0);
            let bmc = LostBmc::new(&switch, &machine, &progress);
            bmc.lose().unwrap();
            if found {
                bmc.find_if_lost();
            }
            drop(bmc);
            assert_eq!(*switch.done.lock().unwrap(), [false, true]);
        }
        let untouched = notes(0);
        drop(LostBmc::new(&untouched, &machine, &progress));
        assert_eq!(*untouched.done.lock().unwrap(), [false; 0]);
    }

    /// A lab that was made of a site's own file has the names and addresses of its
    /// machines.
    #[test]
    fn a_lab_is_known_by_the_way_to_its_machines() {
        let directory = tempfile::tempdir().unwrap();
        let [lab, link, other] =
            ["ssh_config", "link", "other"].map(|it| directory.path().join(it));
        std::fs::write(&lab, "Host ctl1\n").unwrap();
        std::fs::write(&other, "Host ctl1\n").unwrap();
        std::os::unix::fs::symlink(&lab, &link).unwrap();
        assert!(is_the_same(&link, &lab));
        assert!(!is_the_same(&other, &lab) && !is_the_same(Path::new("/nowhere"), &lab));
    }

    /// Nobody knows what a switch that does not answer has done.
    #[test]
    fn a_cut_that_failed_is_mended_as_well() {
        let (machine, progress) = (NodeName::from("ctl1"), Progress::new(true));
        let switch = notes(1);
        let bmc = LostBmc::new(&switch, &machine, &progress);
        assert!(bmc.lose().is_err());
        drop(bmc);
        assert_eq!(*switch.done.lock().unwrap(), [true]);
    }
}
