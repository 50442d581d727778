// SPDX-License-Identifier: Apache-2.0
//! One machine: on, off, booted.

use std::fs;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::error::Error;
use crate::image::Image;
use crate::program;
use crate::progress::{Progress, Silent};
use crate::qemu::{self, Launch};
use crate::qmp::{self, Monitor};
use crate::state::{Description, MachinePaths, Paths, lock, private_directory};
use crate::topology::MachineSpec;
use crate::{ports, process, ssh};

/// QEMU detaches when its devices are ready.
const START_LIMIT: Duration = Duration::from_secs(60);
/// How long a killed QEMU may take to go; the kernel frees its memory first.
const STOP_LIMIT: Duration = Duration::from_secs(30);
/// Creating a disk image.
const DISK_LIMIT: Duration = Duration::from_secs(60);
/// How long a monitor may take to say what its machine is at, where that is not
/// what was asked for.
pub(crate) const GLANCE: Duration = Duration::from_secs(5);
/// How many lines of console an error repeats.
const CONSOLE_TAIL: usize = 15;

/// A machine of a lab.
pub(crate) struct Machine<'a> {
    paths: &'a Paths,
    description: &'a Description,
    index: usize,
}

impl<'a> Machine<'a> {
    /// The machine of that number.
    pub(crate) fn new(paths: &'a Paths, description: &'a Description, index: usize) -> Self {
        Self { paths, description, index }
    }

    /// All machines of a lab.
    pub(crate) fn all(paths: &'a Paths, description: &'a Description) -> Vec<Self> {
        (0..description.topology.machines.len())
            .map(|index| Self::new(paths, description, index))
            .collect()
    }

    /// What it is made of.
    pub(crate) fn spec(&self) -> &'a MachineSpec {
        &self.description.topology.machines[self.index]
    }

    /// Its name.
    pub(crate) fn name(&self) -> &'a str {
        &self.spec().name
    }

    /// Its files.
    pub(crate) fn files(&self) -> MachinePaths {
        self.paths.machine(self.name())
    }

    /// The names of its disks.
    pub(crate) fn disks(&self) -> Vec<&'a str> {
        ["root"]
            .into_iter()
            .chain(self.spec().disks.iter().map(|disk| disk.name.as_str()))
            .collect()
    }

    /// The pid of its QEMU.
    pub(crate) fn pid(&self) -> Option<u32> {
        let name = qemu::process_name(self.paths, self.description, self.name());
        let ours = |arguments: &[String]| qemu::is_process(arguments, &name);
        let noted = process::read_pid(&self.files().pid())
            .filter(|pid| process::is(*pid, ours) || process::is_dying(*pid, qemu::PROGRAM));
        // A start that was killed half-way left no pid file.
        noted.or_else(|| process::find(ours).into_iter().next())
    }

    /// Whether it has power.
    pub(crate) fn is_on(&self) -> bool {
        self.pid().is_some()
    }

    /// Creates its blank disks, and its root disk on top of the image.
    pub(crate) fn create_disks(&self) -> Result<(), Error> {
        private_directory(&self.files().directory)?;
        self.create_root_disk()?;
        for disk in &self.spec().disks {
            let size = format!("{}M", disk.size_mb);
            create_disk(&self.files().disk(&disk.name), Base::None(&size))?;
        }
        Ok(())
    }

    /// A root disk as it was before the first boot.
    pub(crate) fn create_root_disk(&self) -> Result<(), Error> {
        let image = Image { directory: self.description.image.clone() };
        create_disk(&self.files().disk("root"), Base::Raw(image.root()))
    }

    /// Switches it on unless it is.
    pub(crate) fn power_on(&self) -> Result<(), Error> {
        let _held = self.hold()?;
        self.start(None)
    }

    /// Cuts its power: nothing that it had not flushed survives. Returns the
    /// moment before the cut, when the machine is gone.
    pub(crate) fn power_off(&self) -> Result<Instant, Error> {
        let _held = self.hold()?;
        self.stop()
    }

    /// Off and on again.
    pub(crate) fn reset(&self) -> Result<(), Error> {
        let _held = self.hold()?;
        self.stop()?;
        self.start(None)
    }

    /// What the button at the front of a case does: a polite request.
    pub(crate) fn press_power_button(&self) -> Result<(), Error> {
        self.monitor()?.execute("system_powerdown", Value::Null).map(drop)
    }

    /// Starts it from a frozen memory, stopped.
    pub(crate) fn start_incoming(&self, memory: PathBuf) -> Result<(), Error> {
        let _held = self.hold()?;
        self.start(Some(memory))
    }

    /// QEMU's word for what the machine is at, such as `running`, `paused` or
    /// `io-error`; `None` if it is off, or its monitor does not answer within the
    /// limit.
    pub(crate) fn run_state(&self, limit: Duration) -> Option<String> {
        self.monitor_within(limit).and_then(|mut monitor| monitor.status()).ok()
    }

    /// Lets it go on if it stands still: paused by hand, by a freeze that was killed,
    /// or because the host had no room for what it wrote.
    pub(crate) fn go_on(&self, progress: &dyn Progress) -> Result<(), Error> {
        let state = self.run_state(qmp::ANSWER);
        let Some(why) = state.and_then(|state| qmp::standstill(&state)) else { return Ok(()) };
        progress.step(Some(self.name()), &format!("stands still ({why}), is let go on"));
        let done = self.monitor().and_then(|mut monitor| monitor.go_on());
        done.map_err(|error| Error::StandsStill {
            machine: self.name().to_owned(),
            why,
            reason: error.to_string(),
            lab: self.paths.name.clone(),
        })
    }

    /// A connection to its monitor.
    pub(crate) fn monitor(&self) -> Result<Monitor, Error> {
        self.monitor_within(qmp::ANSWER)
    }

    fn monitor_within(&self, limit: Duration) -> Result<Monitor, Error> {
        if !self.is_on() {
            return Err(Error::Off {
                machine: self.name().to_owned(),
                lab: self.paths.name.clone(),
            });
        }
        Monitor::connect(self.name(), &self.paths.monitor(self.index), limit)
    }

    /// Waits until its sshd answers a login.
    pub(crate) fn wait_for_ssh(
        &self,
        limit: Duration,
        progress: &dyn Progress,
    ) -> Result<(), Error> {
        let start = Instant::now();
        let port = self.description.ports[self.index].ssh;
        let mut told = start;
        while !ssh::greets(port, Duration::from_secs(3)) {
            if progress.cancelled() {
                return Err(Error::Interrupted);
            }
            if !self.is_on() {
                return Err(self.died());
            }
            if start.elapsed() >= limit {
                return Err(self.not_up(limit));
            }
            if told.elapsed() >= Duration::from_secs(20) {
                told = Instant::now();
                let state = self.run_state(GLANCE);
                let doing = match state.and_then(|state| qmp::standstill(&state)) {
                    Some(why) => format!("stands still ({why})"),
                    None => format!("still booting ({} s)", start.elapsed().as_secs()),
                };
                progress.step(Some(self.name()), &doing);
            }
            thread::sleep(Duration::from_millis(200));
        }
        let left = limit.saturating_sub(start.elapsed()).max(Duration::from_secs(30));
        ssh::run(self.paths, self.name(), "true", None, left, progress).map(drop)
    }

    /// The end of what it wrote to its serial port.
    pub(crate) fn console_tail(&self) -> String {
        let bytes = fs::read(self.files().console()).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes).replace('\r', "");
        let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        lines[lines.len().saturating_sub(CONSOLE_TAIL)..].join("\n")
    }

    /// Nobody else changes its power meanwhile.
    fn hold(&self) -> Result<Option<fs::File>, Error> {
        lock(&self.files().power_lock(), true)
    }

    fn start(&self, incoming: Option<PathBuf>) -> Result<(), Error> {
        if self.is_on() {
            return Ok(());
        }
        let launch = Launch {
            paths: self.paths,
            description: self.description,
            index: self.index,
            incoming,
        };
        let mut command = program::command(qemu::PROGRAM);
        command.args(launch.arguments()).current_dir("/");
        let started = program::run(&mut command, START_LIMIT, &Silent).map(drop);
        // QEMU speaks of a "host forwarding rule" then.
        started.map_err(|error| self.port_taken().unwrap_or(error))
    }

    /// The error for an ssh port that somebody else has.
    pub(crate) fn port_taken(&self) -> Option<Error> {
        let port = self.description.ports[self.index].ssh;
        let taken = ports::is_ssh_taken(port) && !self.is_on();
        taken.then(|| Error::PortTaken {
            port,
            what: format!("the ssh of {}", self.name()),
            lab: self.paths.name.clone(),
        })
    }

    fn stop(&self) -> Result<Instant, Error> {
        let name = qemu::process_name(self.paths, self.description, self.name());
        let mut cut = Instant::now();
        while let Some(pid) = self.pid() {
            cut = Instant::now();
            process::kill(pid, &name, |arguments| qemu::is_process(arguments, &name), STOP_LIMIT)?;
            process::wait_for_dying(pid, qemu::PROGRAM, STOP_LIMIT)?;
        }
        Ok(cut)
    }

    fn died(&self) -> Error {
        Error::Died {
            machine: self.name().to_owned(),
            console: self.console_tail(),
            lab: self.paths.name.clone(),
        }
    }

    fn not_up(&self, waited: Duration) -> Error {
        Error::Boot {
            machine: self.name().to_owned(),
            waited,
            console: self.console_tail(),
            lab: self.paths.name.clone(),
        }
    }
}

/// What a new disk holds at first.
pub(crate) enum Base<'a> {
    /// Nothing; its size.
    None(&'a str),
    /// What a raw image holds.
    Raw(PathBuf),
    /// What another qcow2 disk holds.
    Qcow2(PathBuf),
}

/// Creates a qcow2 disk, replacing one that is there.
pub(crate) fn create_disk(file: &std::path::Path, base: Base) -> Result<(), Error> {
    let mut command = program::command("qemu-img");
    command.args(["create", "-q", "-f", "qcow2"]);
    match &base {
        Base::None(_) => {}
        Base::Raw(path) => {
            command.args(["-F", "raw", "-b"]).arg(path);
        }
        Base::Qcow2(path) => {
            command.args(["-F", "qcow2", "-b"]).arg(path);
        }
    }
    command.arg(file);
    if let Base::None(size) = base {
        command.arg(size);
    }
    program::run(&mut command, DISK_LIMIT, &Silent).map(drop)
}
