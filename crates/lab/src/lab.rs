// SPDX-License-Identifier: Apache-2.0
//! A lab that exists: what the drills and the command line do with it.

use std::fs;
use std::panic::resume_unwind;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::thread;
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::json;

use crate::accel::Accelerator;
use crate::error::Error;
use crate::machine::{GLANCE, Machine};
use crate::progress::{Progress, Silent};
use crate::qemu::disk_device;
use crate::state::{Description, Paths, write_file};
use crate::switch::protocol::{Cable, Direction, Fault, Network, Request};
use crate::topology::{MachineSpec, Topology};
use crate::{bmc, freeze, link, qmp, ssh};

/// A lab, running or frozen.
#[derive(Clone, Debug)]
pub struct Lab {
    pub(crate) paths: Paths,
    pub(crate) description: Description,
}

impl Lab {
    /// The lab of that name.
    pub fn open(name: &str) -> Result<Self, Error> {
        let paths = Paths::of(name)?;
        match Description::load(&paths)? {
            Some(description) => Ok(Self { paths, description }),
            None => Err(Error::NoLab { name: name.to_owned(), directory: paths.state }),
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.paths.name
    }

    /// Its machines and networks.
    pub fn topology(&self) -> &Topology {
        &self.description.topology
    }

    /// Its machines, controllers first.
    pub fn machines(&self) -> &[MachineSpec] {
        &self.description.topology.machines
    }

    /// The ssh configuration with which `ssh MACHINE` works.
    pub fn ssh_config_path(&self) -> PathBuf {
        self.paths.ssh_config()
    }

    /// A site file with the paths of this lab, if `lab up` wrote one.
    pub fn site_path(&self) -> PathBuf {
        self.paths.site()
    }

    /// Leaves that site file there, unless there is one: it may have been changed
    /// since.
    pub fn leave_site(&self, text: &str) -> Result<(), Error> {
        let path = self.paths.site();
        match fs::exists(&path) {
            Ok(true) => Ok(()),
            Ok(false) => write_file(&path, text.as_bytes(), 0o644),
            Err(error) => Err(Error::file("look for", &path)(error)),
        }
    }

    /// The file with the password of the BMCs; their user is `admin`.
    pub fn bmc_password_path(&self) -> PathBuf {
        self.paths.bmc_password()
    }

    /// The file to which a machine's serial console goes.
    pub fn console_path(&self, machine: &str) -> Result<PathBuf, Error> {
        Ok(self.machine(machine)?.files().console())
    }

    /// Whether a machine has power.
    pub fn is_on(&self, machine: &str) -> Result<bool, Error> {
        Ok(self.machine(machine)?.is_on())
    }

    /// Cuts a machine's power. Returns the moment just before the cut, once
    /// the machine is proven gone.
    pub fn power_off(&self, machine: &str) -> Result<Instant, Error> {
        self.machine(machine)?.power_off()
    }

    /// Switches a machine on unless it is; does not wait until it has booted.
    pub fn power_on(&self, machine: &str) -> Result<(), Error> {
        self.thawed()?;
        self.machine(machine)?.power_on()
    }

    /// Off and on again.
    pub fn reset(&self, machine: &str) -> Result<(), Error> {
        self.thawed()?;
        self.machine(machine)?.reset()
    }

    /// Stops a machine's processor: it is silent, but not off.
    pub fn pause(&self, machine: &str) -> Result<(), Error> {
        self.machine(machine)?.monitor()?.execute("stop", serde_json::Value::Null).map(drop)
    }

    /// Lets a paused machine go on.
    pub fn resume(&self, machine: &str) -> Result<(), Error> {
        self.machine(machine)?.monitor()?.execute("cont", serde_json::Value::Null).map(drop)
    }

    /// Bounds a disk (`root`, `state`, `database`) to that many bytes a
    /// second; `None` lifts the bound.
    pub fn limit_disk(
        &self,
        machine: &str,
        disk: &str,
        bytes_per_second: Option<u64>,
    ) -> Result<(), Error> {
        let machine = self.machine_with_disk(machine, disk)?;
        let arguments = json!({
            "device": disk, "bps": bytes_per_second.unwrap_or(0), "bps_rd": 0, "bps_wr": 0,
            "iops": 0, "iops_rd": 0, "iops_wr": 0,
        });
        machine.monitor()?.execute("block_set_io_throttle", arguments).map(drop)
    }

    /// Pulls a disk out of a running machine: it is gone, whoever uses it.
    /// Off and on again brings it back.
    pub fn pull_disk(&self, machine: &str, disk: &str) -> Result<(), Error> {
        let machine = self.machine_with_disk(machine, disk)?;
        let arguments = json!({ "id": disk_device(disk) });
        machine.monitor()?.execute("device_del", arguments).map(drop)
    }

    /// Waits until a machine answers a login.
    pub fn wait_for_ssh(&self, machine: &str, limit: Duration) -> Result<(), Error> {
        self.machine(machine)?.wait_for_ssh(limit, &Silent)
    }

    /// Runs a shell command on a machine; an exit status other than 0 is an
    /// error.
    pub fn ssh(&self, machine: &str, remote: &str, limit: Duration) -> Result<Output, Error> {
        self.machine(machine)?;
        ssh::run(&self.paths, machine, remote, None, limit, &Silent)
    }

    /// The `ssh` command that reaches a machine.
    pub fn ssh_command(&self, machine: &str) -> Result<Command, Error> {
        self.machine(machine)?;
        Ok(ssh::command(&self.paths, machine))
    }

    /// Changes one cable of a machine.
    pub fn link(
        &self,
        machine: &str,
        network: Network,
        direction: Direction,
        fault: Fault,
    ) -> Result<Vec<Cable>, Error> {
        let machine = self.machine(machine)?.name().to_owned();
        link::ask(&self.paths, &Request::Change { machine, network, direction, fault })
    }

    /// The state of every cable.
    pub fn links(&self) -> Result<Vec<Cable>, Error> {
        link::ask(&self.paths, &Request::List)
    }

    /// Makes every cable healthy.
    pub fn reset_links(&self) -> Result<Vec<Cable>, Error> {
        link::ask(&self.paths, &Request::Reset)
    }

    /// Saves every machine to files and ends it. A later [`Lab::thaw`] goes on
    /// from there, as often as wanted.
    pub fn freeze(&mut self, progress: &dyn Progress) -> Result<(), Error> {
        let _held = self.paths.acquire()?;
        self.reload()?;
        freeze::freeze(self, progress)
    }

    /// Goes on from the newest frozen state; what happened since is forgotten.
    pub fn thaw(&mut self, progress: &dyn Progress) -> Result<(), Error> {
        let _held = self.paths.acquire()?;
        self.reload()?;
        freeze::thaw(self, progress)
    }

    /// What is on, and what is wrong.
    pub fn status(&self) -> Status {
        let cables = self.links().unwrap_or_default();
        Status {
            name: self.paths.name.clone(),
            directory: self.paths.state.clone(),
            accelerator: self.description.accelerator,
            frozen: self.description.is_frozen,
            thawable: self.description.frozen.is_some(),
            switch: link::find(&self.paths).is_some(),
            machines: self.machines_status(&cables),
        }
    }

    /// All at the same time: a monitor that another command talks with takes its
    /// time.
    fn machines_status(&self, cables: &[Cable]) -> Vec<MachineStatus> {
        let machines = Machine::all(&self.paths, &self.description);
        thread::scope(|scope| {
            let threads: Vec<_> = machines
                .iter()
                .enumerate()
                .map(|(index, machine)| {
                    scope.spawn(move || self.machine_status(index, machine, cables))
                })
                .collect();
            let joined = threads.into_iter().map(|thread| thread.join());
            joined.map(|status| status.unwrap_or_else(|panic| resume_unwind(panic))).collect()
        })
    }

    fn machine_status(&self, index: usize, machine: &Machine, cables: &[Cable]) -> MachineStatus {
        let spec = machine.spec();
        let faulty = |cable: &&Cable| {
            cable.machine == spec.name && !(cable.inward.is_healthy() && cable.outward.is_healthy())
        };
        MachineStatus {
            name: spec.name.clone(),
            on: machine.is_on(),
            pid: machine.pid(),
            run_state: machine.run_state(GLANCE),
            cluster: spec.cluster.to_string(),
            replication: spec.replication.map(|address| address.to_string()),
            bmc: spec.bmc.map(|address| address.to_string()),
            bmc_runs: bmc::find(&self.paths, &self.description, index).is_some(),
            ssh_port: self.description.ports[index].ssh,
            faults: cables.iter().filter(faulty).cloned().collect(),
        }
    }

    /// The machine of that name.
    pub(crate) fn machine(&self, name: &str) -> Result<Machine<'_>, Error> {
        Ok(Machine::new(&self.paths, &self.description, self.description.index(name)?))
    }

    fn machine_with_disk(&self, machine: &str, disk: &str) -> Result<Machine<'_>, Error> {
        let machine = self.machine(machine)?;
        if machine.disks().contains(&disk) {
            return Ok(machine);
        }
        Err(Error::NoDisk {
            machine: machine.name().to_owned(),
            disk: disk.to_owned(),
            known: machine.disks().into_iter().map(str::to_owned).collect(),
        })
    }

    /// A frozen lab has nothing that could be switched on.
    fn thawed(&self) -> Result<(), Error> {
        match Description::load(&self.paths)? {
            Some(now) if now.is_frozen => Err(Error::Frozen { lab: self.paths.name.clone() }),
            _ => Ok(()),
        }
    }

    /// Another command may have changed the lab since it was opened.
    fn reload(&mut self) -> Result<(), Error> {
        if let Some(description) = Description::load(&self.paths)? {
            self.description = description;
        }
        Ok(())
    }
}

/// What `lab status` shows.
#[derive(Clone, Debug, Serialize)]
pub struct Status {
    /// The lab's name.
    pub name: String,
    /// The lab's directory.
    pub directory: PathBuf,
    /// How machines are executed.
    pub accelerator: Accelerator,
    /// Whether the machines are frozen now.
    pub frozen: bool,
    /// Whether there is a frozen state to go back to.
    pub thawable: bool,
    /// Whether the switch runs.
    pub switch: bool,
    /// The machines.
    pub machines: Vec<MachineStatus>,
}

/// One machine in [`Status`].
#[derive(Clone, Debug, Serialize)]
pub struct MachineStatus {
    /// Its name.
    pub name: String,
    /// Whether it has power.
    pub on: bool,
    /// Its QEMU.
    pub pid: Option<u32>,
    /// QEMU's word for what it is at, such as `running`, `paused` or `io-error`;
    /// absent if it is off, or its QEMU does not say.
    pub run_state: Option<String>,
    /// Its address on the cluster network.
    pub cluster: String,
    /// Its address on the replication network.
    pub replication: Option<String>,
    /// The address of its BMC.
    pub bmc: Option<String>,
    /// Whether its BMC runs.
    pub bmc_runs: bool,
    /// The loopback port of its ssh.
    pub ssh_port: u16,
    /// Its cables that are not healthy.
    pub faults: Vec<Cable>,
}

impl MachineStatus {
    /// Why it does nothing although it has power.
    pub fn standstill(&self) -> Option<String> {
        self.run_state.as_deref().and_then(qmp::standstill)
    }
}

/// Does something for every item at the same time; the first error wins, but
/// all are waited for.
pub(crate) fn in_parallel<T: Sync>(
    items: &[T],
    work: impl Fn(&T) -> Result<(), Error> + Sync,
) -> Result<(), Error> {
    thread::scope(|scope| {
        let threads: Vec<_> = items.iter().map(|item| scope.spawn(|| work(item))).collect();
        let results: Vec<_> = threads.into_iter().map(|thread| thread.join()).collect();
        results.into_iter().try_for_each(|result| match result {
            Ok(result) => result,
            Err(panic) => resume_unwind(panic),
        })
    })
}

#[cfg(test)]
#[path = "lab/tests.rs"]
pub(crate) mod tests;
