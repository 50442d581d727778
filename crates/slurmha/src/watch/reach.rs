// SPDX-License-Identifier: Apache-2.0
//! Asks the neighbours in the cluster network for a sign of life, and tells
//! Pacemaker when nobody answers any more.

use std::net::Ipv4Addr;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use slurmha_core::watch::Reach;
use slurmha_host::System;
use slurmha_host::program::{ip, pacemaker};

/// From one look to the next. One is a process; with a dead link a look takes
/// a second more.
const PAUSE: Duration = Duration::from_secs(2);

/// How long Pacemaker waits for the other controller to say the same before it
/// acts on it: when a whole network ends, both see that, and nothing is to be
/// won by a move. It is more than a look, its pause and its second.
const DELAY: Duration = Duration::from_secs(5);

/// Looks for as long as this process lives.
pub fn run(system: &dyn System, neighbours: &[Ipv4Addr]) {
    let mut watch = Watch::new(neighbours);
    loop {
        watch.look(system);
        system.sleep(PAUSE);
    }
}

struct Watch<'a> {
    neighbours: &'a [Ipv4Addr],
    /// Who answered last is asked first, and usually alone.
    friend: Option<Ipv4Addr>,
    reach: Reach,
}

impl<'a> Watch<'a> {
    fn new(neighbours: &'a [Ipv4Addr]) -> Self {
        Self { neighbours, friend: None, reach: Reach::default() }
    }

    fn look(&mut self, system: &dyn System) {
        let answered = match self.find_friend(system) {
            Ok(friend) => friend,
            // Nothing is known then, and that is no reason for a move.
            Err(why) => return eprintln!("no neighbour could be asked: {why}"),
        };
        self.friend = answered;
        let Some(reaches) = self.reach.look(answered.is_some()) else { return };
        match pacemaker::set_reach(system, reaches, DELAY) {
            Ok(()) => {
                self.reach.tell(reaches);
                eprintln!("{}", if reaches { "neighbours answer" } else { "no neighbour answers" });
            }
            // It may not run yet; the next look tells it.
            Err(error) => eprintln!("Pacemaker was not told: {error}"),
        }
    }

    fn find_friend(&self, system: &dyn System) -> Result<Option<Ipv4Addr>, String> {
        if let Some(friend) = self.friend
            && ip::answers_ping(system, friend).map_err(|error| error.to_string())?
        {
            return Ok(Some(friend));
        }
        let answers = Mutex::new(Vec::new());
        thread::scope(|scope| {
            for &neighbour in self.neighbours {
                let answers = &answers;
                scope.spawn(move || {
                    let answer = ip::answers_ping(system, neighbour);
                    let answer = answer.map_err(|error| error.to_string());
                    if let Ok(mut answers) = answers.lock() {
                        answers.push((neighbour, answer));
                    }
                });
            }
        });
        let answers = answers.into_inner().map_err(|error| error.to_string())?;
        let friend = answers.iter().find(|(_, answer)| *answer == Ok(true));
        if let Some((friend, _)) = friend {
            return Ok(Some(*friend));
        }
        match answers.into_iter().find_map(|(_, answer)| answer.err()) {
            Some(why) => Err(why),
            None => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use slurmha_host::{Command, CommandOutput, Exit};

    use super::*;
    use crate::agent::test_machine::TestMachine;

    const ALL: [Ipv4Addr; 2] = [Ipv4Addr::new(10, 77, 0, 31), Ipv4Addr::new(10, 77, 0, 21)];

    /// A network in which these answer.
    fn network(living: &'static [&'static str]) -> TestMachine {
        TestMachine::with(|machine| {
            machine.program = Box::new(move |command: &Command| {
                if command.program() != "ping" {
                    return None;
                }
                let lives =
                    command.arguments().last().is_some_and(|a| living.contains(&a.as_str()));
                let status = Exit::Status(if lives { 0 } else { 1 });
                Some(CommandOutput::new(command, status, Vec::new(), Vec::new()))
            });
        })
    }

    fn looks(machine: &TestMachine, count: u32) -> Vec<String> {
        let mut watch = Watch::new(&ALL);
        for _ in 0..count {
            watch.look(machine);
        }
        machine.ran("attrd_updater")
    }

    #[test]
    fn one_neighbour_that_answers_is_enough_and_then_asked_alone() {
        let machine = network(&["10.77.0.21"]);
        let told = ["attrd_updater --name slurmha-reach --update-both 1 --delay 5s"];
        assert_eq!(looks(&machine, 3), told);
        assert_eq!(machine.ran("ping").len(), 2 + 1 + 1);
    }

    #[test]
    fn a_dead_link_is_told_once() {
        let machine = network(&[]);
        assert_eq!(looks(&machine, 2), [""; 0]);
        let told = ["attrd_updater --name slurmha-reach --update-both 0 --delay 5s"];
        assert_eq!(looks(&machine, 6), told);
    }

    #[test]
    fn a_ping_that_does_not_run_proves_nothing() {
        let machine = TestMachine::with(|machine| {
            machine.program = Box::new(|command: &Command| {
                let status = Exit::Status(2);
                let said = b"ping: socket: Operation not permitted\n".to_vec();
                Some(CommandOutput::new(command, status, Vec::new(), said))
            });
        });
        assert_eq!(looks(&machine, 6), [""; 0]);
    }
}
