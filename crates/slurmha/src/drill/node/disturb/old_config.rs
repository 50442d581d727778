// SPDX-License-Identifier: Apache-2.0
//! A slurmd that goes by an old slurm.conf.
//!
//! On a compute node that is the copy which slurmd fetched from slurmctld. It is
//! replaced by one that differs in a setting that does no harm, and slurmd is told
//! to read it; what it had is kept beside until it is put back.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use slurmha_core::layout::NODE_SLURM_CONF;
use slurmha_host::program::systemctl;
use slurmha_host::system::write_atomically;
use slurmha_host::{FileError, Ids, System};

use super::timer;

const TIMER: &str = "slurmha-mend-config";

/// What slurmd had. On a file system that a boot empties: slurmd fetches its copy
/// anew then.
const KEPT: &str = "/run/slurmha-drill-slurm.conf";

/// It is read again by a slurmd that runs; another one reads it when it starts.
const READ_AGAIN: &str = "try-reload-or-restart";

/// A slurm.conf that was replaced.
pub struct Old {
    timer: String,
}

impl Old {
    /// Has slurmd go by an old one; says when that began.
    pub fn put(system: &dyn System, lasts: Duration) -> Result<(Self, Timestamp), String> {
        mend(system)?;
        let current = read(system, NODE_SLURM_CONF)?.ok_or_else(|| {
            format!("there is no {NODE_SLURM_CONF}: slurmd has fetched nothing from slurmctld")
        })?;
        write(system, KEPT, &current).map_err(|error| error.to_string())?;
        let timer = timer::set(system, TIMER, lasts, &["mend-config"])?;
        let at = system.now();
        let old = Self { timer };
        match go_by(system, &older(&current)) {
            Ok(()) => Ok((old, at)),
            Err(why) => Err(timer::and_left(&why, old.mend(system))),
        }
    }

    /// Puts back what slurmd had.
    pub fn mend(self, system: &dyn System) -> Result<(), String> {
        // When it fails the timer stays: it will try again.
        mend(system)?;
        timer::stop(system, &self.timer)
    }
}

/// Puts back what slurmd had, unless it has fetched another one since: what the
/// timer does.
///
/// # Errors
/// What could not be read, written or told to slurmd.
pub fn mend(system: &dyn System) -> Result<(), String> {
    let Some(kept) = read(system, KEPT)? else { return Ok(()) };
    if read(system, NODE_SLURM_CONF)?.is_some_and(|current| current == older(&kept)) {
        go_by(system, &kept)?;
    }
    system.remove_file(Path::new(KEPT)).map(drop).map_err(|error| error.to_string())
}

/// As it was before `MessageTimeout` was set: the default of slurm.conf(5), with which
/// a node can work.
fn older(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.starts_with("MessageTimeout="));
    lines.chain(["MessageTimeout=10"]).map(|line| format!("{line}\n")).collect()
}

fn go_by(system: &dyn System, text: &str) -> Result<(), String> {
    write(system, NODE_SLURM_CONF, text).map_err(|error| error.to_string())?;
    systemctl::act(system, READ_AGAIN, "slurmd").map_err(|error| error.to_string())
}

/// With the owner and the mode that it has.
fn write(system: &dyn System, path: &str, text: &str) -> Result<(), FileError> {
    let path = Path::new(path);
    let ids = system.metadata(path)?.map_or(Ids::root(0o644), |metadata| metadata.ids);
    write_atomically(system, path, text.as_bytes(), ids)
}

fn read(system: &dyn System, path: &str) -> Result<Option<String>, String> {
    let bytes = system.read(Path::new(path)).map_err(|error| error.to_string())?;
    Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
}

#[cfg(test)]
mod tests {
    use slurmha_host::{Command, CommandOutput, Exit};

    use super::*;
    use crate::agent::test_machine::TestMachine;

    const CURRENT: &str = "ClusterName=lab\nMessageTimeout=30\nSlurmdTimeout=300\n";
    const OLD: &str = "ClusterName=lab\nSlurmdTimeout=300\nMessageTimeout=10\n";
    const LASTS: Duration = Duration::from_secs(90);

    fn machine(reload_status: i32) -> TestMachine {
        let machine = TestMachine::with(|machine| {
            machine.program = Box::new(move |command: &Command| {
                let reloads = command.arguments().iter().any(|word| word == READ_AGAIN);
                let exit = Exit::Status(if reloads { reload_status } else { 0 });
                let output = CommandOutput::new(command, exit, Vec::new(), Vec::new());
                matches!(command.program(), "systemd-run" | "systemctl").then_some(output)
            });
        });
        machine.put(NODE_SLURM_CONF, CURRENT);
        machine
    }

    fn text(machine: &TestMachine) -> Option<String> {
        read(machine, NODE_SLURM_CONF).unwrap()
    }

    #[test]
    fn slurmd_goes_by_an_old_one_and_gets_back_what_it_had() {
        let machine = machine(0);
        let (old, _) = Old::put(&machine, LASTS).unwrap();
        assert_eq!(text(&machine).as_deref(), Some(OLD));
        let timer = machine.ran("systemd-run").concat();
        assert!(timer.contains("--unit slurmha-mend-config --on-active=120"), "{timer}");
        assert!(timer.ends_with("node mend-config"), "{timer}");
        old.mend(&machine).unwrap();
        assert_eq!(text(&machine).as_deref(), Some(CURRENT));
        assert!(!machine.has(KEPT));
        let reloads = machine.ran("systemctl try-reload-or-restart");
        assert_eq!(reloads.len(), 2, "{reloads:?}");
        // What the timer would do has been done.
        assert_eq!(mend(&machine), Ok(()));
        assert_eq!(machine.ran("systemctl try-reload-or-restart").len(), 2);
    }

    #[test]
    fn what_slurmd_has_fetched_since_is_not_touched() {
        let machine = machine(0);
        let (old, _) = Old::put(&machine, LASTS).unwrap();
        let newer = "ClusterName=lab\nMessageTimeout=60\n";
        machine.put(NODE_SLURM_CONF, newer);
        old.mend(&machine).unwrap();
        assert_eq!(text(&machine).as_deref(), Some(newer));
        assert!(!machine.has(KEPT));
    }

    #[test]
    fn a_slurmd_that_cannot_be_told_keeps_its_timer() {
        let machine = machine(1);
        assert!(Old::put(&machine, LASTS).is_err());
        assert!(machine.has(KEPT), "the timer needs it");
        assert_eq!(machine.ran("systemctl stop"), [""; 0]);
    }

    #[test]
    fn where_slurmd_has_a_file_of_its_own_nothing_is_touched() {
        let machine = TestMachine::new();
        let why = Old::put(&machine, LASTS).err().unwrap_or_default();
        assert!(why.contains("has fetched nothing"), "{why}");
        assert_eq!(machine.ran(""), [""; 0]);
    }
}
