// SPDX-License-Identifier: Apache-2.0
//! Marks of outdated data that are not true any more.
//!
//! The fence-peer handler marks a peer whose connection is lost. When nothing
//! was written meanwhile the peer comes back without a resync, and DRBD calls
//! no handler that would lift the mark: the next failure would find a
//! controller that has all data and may not be promoted.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use slurmha_core::fence_peer::{Disks, OUTDATED, mark_element, mark_id};
use slurmha_host::program::pacemaker;
use slurmha_host::{CommandError, System};

use crate::agent::CIB;
use crate::fence_peer::look;

/// Looks in a row that find both sides in sync.
const LOOKS: u32 = 2;
/// Time limit of one request.
const LIMIT: Duration = Duration::from_secs(5);

/// What is known of the marks.
#[derive(Default)]
pub struct Marks {
    /// The configuration that was read last, by its date.
    read: Option<Timestamp>,
    /// The nodes that it marks.
    nodes: Vec<String>,
    in_sync: u32,
}

impl Marks {
    /// Looks once, and lifts what is not true any more. Without a mark that is
    /// a look at the date of a file.
    pub fn look(&mut self, system: &dyn System) {
        self.read(system);
        if self.nodes.is_empty() {
            return;
        }
        self.in_sync = if in_sync(system) { self.in_sync + 1 } else { 0 };
        if self.in_sync < LOOKS {
            return;
        }
        self.in_sync = 0;
        for node in std::mem::take(&mut self.nodes) {
            match lift(system, &node) {
                Ok(()) => eprintln!("{} is lifted: both sides are in sync", mark_id(&node)),
                Err(error) => {
                    eprintln!("{} could not be lifted: {error}", mark_id(&node));
                    // Read again, and tried again.
                    self.read = None;
                }
            }
        }
    }

    fn read(&mut self, system: &dyn System) {
        let path = Path::new(CIB);
        let date = system.metadata(path).ok().flatten().map(|metadata| metadata.modified);
        if date == self.read {
            return;
        }
        self.read = date;
        let text = system.read(path).ok().flatten().unwrap_or_default();
        self.nodes = marked(&String::from_utf8_lossy(&text));
    }
}

/// The nodes that a configuration marks.
fn marked(cib: &str) -> Vec<String> {
    let start = format!("<rsc_location id=\"{OUTDATED}");
    let names = cib.split(start.as_str()).skip(1).filter_map(|rest| rest.split('"').next());
    names.map(str::to_owned).collect()
}

fn in_sync(system: &dyn System) -> bool {
    look::disks(system).known().is_some_and(Disks::are_in_sync)
}

/// Should the connection have been lost again meanwhile, the handler may have
/// relied on the mark: it is set again.
fn lift(system: &dyn System, node: &str) -> Result<(), CommandError> {
    pacemaker::delete_constraint(system, &mark_id(node), LIMIT)?;
    if in_sync(system) {
        return Ok(());
    }
    pacemaker::set_constraint(system, &mark_element(node), LIMIT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::test_machine::TestMachine;

    /// ctl1, where the configuration marks ctl2.
    fn machine(disks: &str) -> TestMachine {
        let machine = TestMachine::with(|machine| {
            machine.program = Box::new(|command: &slurmha_host::Command| {
                let exit = slurmha_host::Exit::Status(0);
                let output = |command| {
                    slurmha_host::CommandOutput::new(command, exit, Vec::new(), Vec::new())
                };
                (command.program() == "cibadmin").then(|| output(command))
            });
        });
        machine.put(
            CIB,
            "<cib><configuration><constraints><rsc_location id=\"slurmha-outdated-ctl2\" \
             rsc=\"drbd-clone\" role=\"Promoted\" node=\"ctl2\" score=\"-INFINITY\"/></constraints>\
             </configuration></cib>",
        );
        drbd(&machine, disks);
        machine
    }

    fn drbd(machine: &TestMachine, disks: &str) {
        let text = format!(
            "version: 8.4.11 (api:1/proto:86-101)\n 0: cs:X ro:A/B ds:{disks} C r-----\n \
             1: cs:X ro:A/B ds:UpToDate/UpToDate C r-----\n"
        );
        machine.put("/proc/drbd", &text);
    }

    #[test]
    fn a_mark_is_lifted_at_the_second_look_that_finds_both_in_sync() {
        let machine = machine("UpToDate/DUnknown");
        let mut marks = Marks::default();
        for _ in 0..5 {
            marks.look(&machine);
        }
        drbd(&machine, "UpToDate/UpToDate");
        marks.look(&machine);
        assert_eq!(machine.ran("cibadmin"), [""; 0]);
        marks.look(&machine);
        let ran = machine.ran("cibadmin");
        assert_eq!(ran.len(), 1, "{ran:?}");
        assert!(ran[0].contains("--delete") && ran[0].contains("outdated-ctl2"), "{ran:?}");
    }

    #[test]
    fn a_connection_that_is_lost_meanwhile_finds_its_mark_again() {
        let mut machine = machine("UpToDate/UpToDate");
        machine.react = Box::new(|machine, command| {
            if command.program() == "cibadmin" {
                drbd(machine, "UpToDate/DUnknown");
            }
        });
        let mut marks = Marks::default();
        marks.look(&machine);
        marks.look(&machine);
        let ran = machine.ran("cibadmin");
        assert_eq!(ran.len(), 2, "{ran:?}");
        assert!(ran[0].contains("--delete") && ran[1].contains("--modify"), "{ran:?}");
    }

    #[test]
    fn nothing_is_asked_where_nothing_is_marked() {
        let machine = machine("UpToDate/UpToDate");
        machine.put(CIB, "<cib/>");
        let mut marks = Marks::default();
        for _ in 0..5 {
            marks.look(&machine);
        }
        assert_eq!(machine.ran("cibadmin"), [""; 0]);
    }
}
