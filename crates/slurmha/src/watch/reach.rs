// SPDX-License-Identifier: Apache-2.0
//! Asks the neighbours in the cluster network for a sign of life, and tells
//! Pacemaker when nobody answers any more.

use std::io;
use std::net::Ipv4Addr;
use std::thread;
use std::time::Duration;

use slurmha_core::watch::Reach;
use slurmha_host::System;
use slurmha_host::program::pacemaker;

/// From one look to the next; with a dead link a look takes a second more.
const PAUSE: Duration = Duration::from_secs(2);

/// How long a neighbour may take to answer.
const ANSWER: Duration = Duration::from_secs(1);

/// How long Pacemaker waits for the other controller to say the same before it
/// acts on it: when a whole network ends, both see that, and nothing is to be
/// won by a move. It is more than a look, its pause and its second.
const DELAY: Duration = Duration::from_secs(5);

/// Looks for as long as this process lives.
pub fn run(system: &dyn System, neighbours: &[Ipv4Addr]) {
    let ask = |neighbour| system.answers_echo(neighbour, ANSWER);
    let mut watch = Watch::new(neighbours, &ask);
    loop {
        watch.look(system);
        system.sleep(PAUSE);
    }
}

/// Whether an address answers; an error when it could not be asked.
type Ask<'a> = &'a (dyn Fn(Ipv4Addr) -> io::Result<bool> + Sync);

struct Watch<'a> {
    neighbours: &'a [Ipv4Addr],
    ask: Ask<'a>,
    /// Who answered last is asked first, and usually alone.
    friend: Option<Ipv4Addr>,
    reach: Reach,
    /// Why nobody could be asked; said once.
    trouble: Option<String>,
}

impl<'a> Watch<'a> {
    fn new(neighbours: &'a [Ipv4Addr], ask: Ask<'a>) -> Self {
        Self { neighbours, ask, friend: None, reach: Reach::default(), trouble: None }
    }

    fn look(&mut self, system: &dyn System) {
        let answered = match self.find_friend() {
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
    /// is down there is no route. `Err` is that asking itself does not work, which
    /// this machine's own address shows.
    fn find_friend(&self) -> Result<Option<Ipv4Addr>, String> {
        let ask = self.ask;
        let answers = |neighbour| matches!(ask(neighbour), Ok(true));
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
            None => match ask(Ipv4Addr::LOCALHOST) {
                Ok(true) => Ok(None),
                Ok(false) => Err("not even this machine answers itself".to_owned()),
                Err(error) => Err(error.to_string()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use slurmha_host::{Command, CommandOutput, Exit};

    use super::*;
    use crate::agent::test_machine::TestMachine;

    const ALL: [Ipv4Addr; 2] = [Ipv4Addr::new(10, 77, 0, 31), Ipv4Addr::new(10, 77, 0, 21)];

    /// Pacemaker, as far as it is told.
    fn machine() -> TestMachine {
        TestMachine::with(|machine| {
            machine.program = Box::new(|command: &Command| {
                let status = Exit::Status(0);
                Some(CommandOutput::new(command, status, Vec::new(), Vec::new()))
            });
        })
    }

    /// What Pacemaker was told in so many looks, and how many questions they took.
    fn looks(
        count: u32,
        answer: impl Fn(Ipv4Addr) -> io::Result<bool> + Sync,
    ) -> (Vec<String>, u32) {
        let machine = machine();
        let questions = Mutex::new(0);
        let ask = |address| {
            *questions.lock().expect("a lock") += 1;
            answer(address)
        };
        let mut watch = Watch::new(&ALL, &ask);
        for _ in 0..count {
            watch.look(&machine);
        }
        let asked = *questions.lock().expect("a lock");
        (machine.ran("attrd_updater"), asked)
    }

    #[test]
    fn one_neighbour_that_answers_is_enough_and_then_asked_alone() {
        let told = ["attrd_updater --name slurmha-reach --update-both 1 --delay 5s"];
        assert_eq!(looks(3, |address| Ok(address == ALL[1])), (told.map(str::to_owned).into(), 4));
    }

    #[test]
    fn a_dead_link_is_told_once() {
        let silence = |address: Ipv4Addr| Ok(address.is_loopback());
        let no_route = |address: Ipv4Addr| match address.is_loopback() {
            true => Ok(true),
            false => Err(io::ErrorKind::NetworkUnreachable.into()),
        };
        let told = ["attrd_updater --name slurmha-reach --update-both 0 --delay 5s"];
        assert_eq!((looks(2, silence).0, looks(2, no_route).0), (vec![], vec![]));
        assert_eq!(
            (looks(8, silence).0, looks(8, no_route).0),
            (told.map(str::to_owned).into(), told.map(str::to_owned).into())
        );
    }

    #[test]
    fn what_cannot_be_asked_proves_nothing() {
        let (told, _) = looks(6, |_| Err(io::ErrorKind::PermissionDenied.into()));
        assert_eq!(told, [""; 0]);
    }
}
