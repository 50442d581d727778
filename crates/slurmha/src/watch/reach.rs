// SPDX-License-Identifier: Apache-2.0
//! Asks the neighbours in the cluster network for a sign of life, and tells
//! Pacemaker when nobody answers any more.

use std::net::Ipv4Addr;
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
    /// Why nobody could be asked; said once.
    trouble: Option<String>,
}

impl<'a> Watch<'a> {
    fn new(neighbours: &'a [Ipv4Addr]) -> Self {
        Self { neighbours, friend: None, reach: Reach::default(), trouble: None }
    }

    fn look(&mut self, system: &dyn System) {
        let answered = match self.find_friend(system) {
            Ok(friend) => friend,
            // Nothing is known then, and that is no reason for a move.
            Err(why) => {
                if self.trouble.as_ref() != Some(&why) {
                    eprintln!("no neighbour could be asked: {why}");
                }
                self.trouble = Some(why);
                return;
            }
        };
        self.trouble = None;
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

    /// Somebody who answers. An error is no answer either: where the interface
    /// is down there is no route. `Err` is that ping itself does not work, which
    /// this machine's own address shows.
    fn find_friend(&self, system: &dyn System) -> Result<Option<Ipv4Addr>, String> {
        let answers = |neighbour| matches!(ip::answers_ping(system, neighbour), Ok(true));
        if let Some(friend) = self.friend.filter(|&friend| answers(friend)) {
            return Ok(Some(friend));
        }
        let found = thread::scope(|scope| {
            let ask = |&neighbour| scope.spawn(move || answers(neighbour).then_some(neighbour));
            let asked: Vec<_> = self.neighbours.iter().map(ask).collect();
            asked.into_iter().find_map(|answer| answer.join().ok().flatten())
        });
        match found {
            Some(friend) => Ok(Some(friend)),
            None => match ip::answers_ping(system, Ipv4Addr::LOCALHOST) {
                Ok(true) => Ok(None),
                Ok(false) => Err("not even this machine answers itself".to_owned()),
                Err(error) => Err(error.to_string()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use slurmha_host::{Command, CommandOutput, Exit};

    use super::*;
    use crate::agent::test_machine::TestMachine;

    const ALL: [Ipv4Addr; 2] = [Ipv4Addr::new(10, 77, 0, 31), Ipv4Addr::new(10, 77, 0, 21)];

    /// A network in which these answer, and ping ends with that status for
    /// everybody else. The machine itself answers, too.
    fn network(living: &'static [&'static str], otherwise: i32) -> TestMachine {
        TestMachine::with(|machine| {
            machine.program = Box::new(move |command: &Command| {
                if command.program() != "ping" {
                    return None;
                }
                let asked = command.arguments().pop().unwrap_or_default();
                let lives = living.contains(&asked.as_str()) || asked == "127.0.0.1";
                let status = Exit::Status(if lives { 0 } else { otherwise });
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
        let machine = network(&["10.77.0.21"], 1);
        let told = ["attrd_updater --name slurmha-reach --update-both 1 --delay 5s"];
        assert_eq!(looks(&machine, 3), told);
        assert_eq!(machine.ran("ping").len(), 2 + 1 + 1);
    }

    #[test]
    fn a_dead_link_is_told_once() {
        // Without an answer, and without a route.
        for status in [1, 2] {
            let machine = network(&[], status);
            assert_eq!(looks(&machine, 2), [""; 0]);
            let told = ["attrd_updater --name slurmha-reach --update-both 0 --delay 5s"];
            assert_eq!(looks(&machine, 6), told);
        }
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
