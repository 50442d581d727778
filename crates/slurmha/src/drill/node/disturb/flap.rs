// SPDX-License-Identifier: Apache-2.0
//! Links that are cut and work again by turns.

use std::net::Ipv4Addr;
use std::time::Duration;

use slurmha_core::drill::{FLAP, LinkFault};
use slurmha_host::System;

use super::links::{self, Broken};

/// Links that do not stay as they are.
pub struct Flapping {
    broken: Vec<Broken>,
    is_cut: bool,
    /// Whether it was to be cut again, and something of that may be left.
    may_be_half_cut: bool,
    /// When that changes.
    due: Duration,
}

impl Flapping {
    /// Cuts them for the first time: all, or none.
    pub fn begin(
        system: &dyn System,
        addresses: &[Ipv4Addr],
        lasts: Duration,
    ) -> Result<Self, String> {
        let broken = links::break_all(system, addresses, LinkFault::Flapping, lasts)?;
        let due = system.elapsed() + FLAP;
        Ok(Self { broken, is_cut: true, may_be_half_cut: false, due })
    }

    /// Cuts them or lets them work when it is time.
    pub fn keep_up(&mut self, system: &dyn System) {
        if system.elapsed() < self.due {
            return;
        }
        self.due = system.elapsed() + FLAP;
        let done = match self.is_cut {
            true => links::pause(system, &self.broken),
            false => links::resume(system, &self.broken),
        };
        // What failed is tried again in the next turn, and in the end.
        self.may_be_half_cut = done.is_err() && !self.is_cut;
        if done.is_ok() {
            self.is_cut = !self.is_cut;
        }
    }

    /// They work from now on.
    pub fn end(self, system: &dyn System) -> Result<(), String> {
        match self.is_cut || self.may_be_half_cut {
            true => links::mend_all(system, self.broken),
            false => links::leave(system, self.broken),
        }
    }
}

#[cfg(test)]
mod tests {
    use slurmha_host::{Command, CommandOutput, Exit};

    use super::*;
    use crate::agent::test_machine::TestMachine;

    fn machine() -> TestMachine {
        TestMachine::with(|machine| {
            machine.program = Box::new(|command: &Command| {
                let said = match command.program() {
                    "ip" => "3: eth1    inet 10.77.0.11/24 scope global eth1\n",
                    "tc" | "systemd-run" | "systemctl" => "",
                    _ => return None,
                };
                let said = said.as_bytes().to_vec();
                Some(CommandOutput::new(command, Exit::Status(0), said, Vec::new()))
            });
        })
    }

    #[test]
    fn it_is_cut_and_works_by_turns_and_works_in_the_end() {
        for turns in 0..4 {
            let machine = machine();
            let addresses = [Ipv4Addr::new(10, 77, 0, 11)];
            let mut link = Flapping::begin(&machine, &addresses, Duration::from_secs(45)).unwrap();
            link.keep_up(&machine);
            assert_eq!(machine.ran("tc qdisc delete"), [""; 0], "it is not yet time");
            for _ in 0..turns {
                machine.sleep(FLAP);
                link.keep_up(&machine);
            }
            link.end(&machine).unwrap();
            let cuts = machine.ran("tc qdisc add dev eth1 root netem").len();
            let mended = machine.ran("tc qdisc delete dev eth1 root netem").len();
            assert_eq!((cuts, mended), (1 + turns / 2, 1 + turns / 2), "{turns} turns");
            let stopped = ["systemctl stop -- slurmha-mend-eth1.timer"];
            assert_eq!(machine.ran("systemctl"), stopped);
        }
    }
}
