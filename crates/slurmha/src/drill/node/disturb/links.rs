// SPDX-License-Identifier: Apache-2.0
//! Links that do not work as they should.

use std::net::Ipv4Addr;
use std::time::Duration;

use slurmha_core::drill::{DELAY_MS, LOSS_PERCENT, LinkFault};
use slurmha_host::program::{ip, tc};
use slurmha_host::{CommandError, System};

use super::timer;

/// A link that was broken.
pub struct Broken {
    interface: String,
    timer: String,
    harm: Hit,
}

/// Which directions were hit, and with them what may be taken back: a discipline
/// `clsact` on an interface that only loses what it sends is somebody else's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hit {
    /// What it sends.
    Outgoing,
    /// That, and what it hears.
    Both,
}

impl Hit {
    fn by(fault: LinkFault) -> Self {
        match fault {
            LinkFault::Cut | LinkFault::Flapping => Self::Both,
            LinkFault::Mute | LinkFault::Lossy | LinkFault::Slow => Self::Outgoing,
        }
    }
}

/// Breaks the links that have these addresses: all, or none.
pub fn break_all(
    system: &dyn System,
    addresses: &[Ipv4Addr],
    fault: LinkFault,
    lasts: Duration,
) -> Result<Vec<Broken>, String> {
    let mut broken = Vec::new();
    for interface in interfaces(system, addresses)? {
        match break_one(system, interface, fault, lasts) {
            Ok(link) => broken.push(link),
            Err(why) => {
                let left = mend_all(system, broken).err();
                let left = left.map(|left| format!("; {left}")).unwrap_or_default();
                return Err(format!("{why}{left}"));
            }
        }
    }
    Ok(broken)
}

/// Mends them, each even when another could not be.
pub fn mend_all(system: &dyn System, broken: Vec<Broken>) -> Result<(), String> {
    let mut failures = Vec::new();
    for Broken { interface, timer, harm } in broken {
        // When it fails the timer stays: it will try again.
        match mend(system, &interface, harm) {
            Ok(()) => failures.extend(timer::stop(system, &timer).err()),
            Err(why) => failures.push(why),
        }
    }
    if failures.is_empty() { Ok(()) } else { Err(failures.join("; ")) }
}

/// Lets links that were cut work for a while; their timers stay.
pub fn pause(system: &dyn System, broken: &[Broken]) -> Result<(), String> {
    broken.iter().try_for_each(|link| mend(system, &link.interface, link.harm))
}

/// Takes the timers of links away that work.
pub fn leave(system: &dyn System, broken: Vec<Broken>) -> Result<(), String> {
    broken.iter().try_for_each(|link| timer::stop(system, &link.timer))
}

/// Cuts links again that were let work for a while.
pub fn resume(system: &dyn System, broken: &[Broken]) -> Result<(), String> {
    let again = |link: &Broken| {
        cut(system, &link.interface).map_err(|failed| format!("{}: {}", link.interface, failed.why))
    };
    broken.iter().try_for_each(again)
}

/// Mends one, whatever was done to it in those directions: what the timer does, and
/// an administrator can.
///
/// # Errors
/// When something of it is still there, or nobody can tell.
pub fn mend(system: &dyn System, interface: &str, harm: Hit) -> Result<(), String> {
    let both = harm == Hit::Both;
    let admitted = both.then(|| tc::admit(system, interface));
    let results: Vec<_> = admitted.into_iter().chain([tc::deliver(system, interface)]).collect();
    let mut why: Vec<String> =
        results.into_iter().filter_map(Result::err).map(|error| error.to_string()).collect();
    if why.is_empty() {
        return Ok(());
    }
    // What is there no more cannot be taken away; what is, was not.
    match tc::disciplines(system, interface) {
        Ok(text) => {
            let stays = text.contains(" netem ") || both && text.contains(" clsact ");
            if !stays {
                return Ok(());
            }
        }
        Err(error) => why.push(error.to_string()),
    }
    Err(format!("{interface} was not mended: {}", why.join("; ")))
}

fn interfaces(system: &dyn System, addresses: &[Ipv4Addr]) -> Result<Vec<String>, String> {
    let known = ip::interfaces(system).map_err(|error| error.to_string())?;
    let mut interfaces = Vec::new();
    for address in addresses {
        let found = known.iter().find(|assigned| assigned.address == *address);
        let interface = found.ok_or_else(|| format!("no interface has {address}"))?;
        // Both networks may be on one interface.
        if !interfaces.contains(&interface.interface) {
            interfaces.push(interface.interface.clone());
        }
    }
    Ok(interfaces)
}

fn break_one(
    system: &dyn System,
    interface: String,
    fault: LinkFault,
    lasts: Duration,
) -> Result<Broken, String> {
    let unit = format!("slurmha-mend-{interface}");
    let harm = Hit::by(fault);
    let outgoing = (harm == Hit::Outgoing).then_some("--outgoing");
    let words: Vec<&str> =
        ["mend-link"].into_iter().chain(outgoing).chain([interface.as_str()]).collect();
    let timer = timer::set(system, &unit, lasts, &words)?;
    let done = match fault {
        LinkFault::Cut | LinkFault::Flapping => cut(system, &interface),
        LinkFault::Mute => spoil(system, &interface, tc::lose(system, &interface, 100)),
        LinkFault::Lossy => spoil(system, &interface, tc::lose(system, &interface, LOSS_PERCENT)),
        LinkFault::Slow => spoil(system, &interface, tc::delay(system, &interface, DELAY_MS)),
    };
    match done {
        Ok(()) => Ok(Broken { interface, timer, harm }),
        Err(Unbroken { why, is_whole }) => {
            // The timer would take away what somebody else has set; what is left of ours
            // it has to.
            if is_whole {
                let _ = timer::stop(system, &timer);
            }
            Err(format!("{interface}: {why}"))
        }
    }
}

/// A link that could not be broken as it was to be.
struct Unbroken {
    why: CommandError,
    /// Whether nothing is left on it.
    is_whole: bool,
}

/// What came of breaking the way out. Without an answer of tc's it may be broken all the
/// same.
fn spoil(
    system: &dyn System,
    interface: &str,
    done: Result<(), CommandError>,
) -> Result<(), Unbroken> {
    done.map_err(|why| {
        let is_refused = !matches!(why, CommandError::TimedOut { .. });
        Unbroken { is_whole: is_refused || tc::deliver(system, interface).is_ok(), why }
    })
}

/// Neither half of a cut stays when the other one fails.
fn cut(system: &dyn System, interface: &str) -> Result<(), Unbroken> {
    spoil(system, interface, tc::lose(system, interface, 100))?;
    // The first error is told.
    tc::drop_incoming(system, interface)
        .map_err(|why| Unbroken { why, is_whole: tc::deliver(system, interface).is_ok() })
}

#[cfg(test)]
mod tests {
    use slurmha_host::{Command, CommandOutput, Exit};

    use super::*;
    use crate::agent::test_machine::TestMachine;

    const CLUSTER: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 11);
    const REPLICATION: Ipv4Addr = Ipv4Addr::new(10, 77, 1, 11);
    const LASTS: Duration = Duration::from_secs(45);

    /// What tc(8) shows of a link that is not mended.
    const STAYS: &str = "qdisc netem 8001: root refcnt 2 limit 1000 loss 100%\n";

    fn is_show(command: &Command) -> bool {
        command.arguments().iter().any(|word| word == "show")
    }

    /// A machine with two links on which commands with this word in them fail.
    fn machine(failing: &'static str) -> TestMachine {
        TestMachine::with(|machine| {
            machine.program = Box::new(move |command: &Command| {
                let ended = |status, said: &str| {
                    let said = said.as_bytes().to_vec();
                    Some(CommandOutput::new(command, Exit::Status(status), said, Vec::new()))
                };
                match command.program() {
                    "ip" => ended(
                        0,
                        "3: eth1    inet 10.77.0.11/24 scope global eth1\n\
                         4: eth2    inet 10.77.1.11/24 scope global eth2\n",
                    ),
                    "tc" if command.arguments().iter().any(|word| word == failing) => ended(2, ""),
                    "tc" if failing == "delete" && is_show(command) => ended(0, STAYS),
                    "tc" | "systemd-run" => ended(0, ""),
                    _ => None,
                }
            });
        })
    }

    #[test]
    fn a_cut_link_is_silent_in_both_directions_until_it_is_mended() {
        let machine = machine("");
        let broken = break_all(&machine, &[CLUSTER], LinkFault::Cut, LASTS).unwrap();
        assert_eq!(
            machine.ran("tc"),
            [
                "tc qdisc add dev eth1 root netem loss 100%",
                "tc qdisc add dev eth1 clsact",
                "tc filter add dev eth1 ingress matchall action drop",
            ]
        );
        let timer = machine.ran("systemd-run").concat();
        assert!(timer.contains("--unit slurmha-mend-eth1 --on-active=75"), "{timer}");
        mend_all(&machine, broken).unwrap();
        assert_eq!(
            machine.ran("tc qdisc delete"),
            ["tc qdisc delete dev eth1 clsact", "tc qdisc delete dev eth1 root netem"]
        );
        assert_eq!(machine.ran("systemctl"), ["systemctl stop -- slurmha-mend-eth1.timer"]);
    }

    #[test]
    fn a_mute_link_still_hears() {
        let machine = machine("");
        break_all(&machine, &[REPLICATION], LinkFault::Mute, LASTS).unwrap();
        assert_eq!(machine.ran("tc"), ["tc qdisc add dev eth2 root netem loss 100%"]);
    }

    /// Whoever has filters on the way in keeps them, whether the drill or its timer mends.
    #[test]
    fn only_what_was_broken_is_mended() {
        for fault in [LinkFault::Mute, LinkFault::Lossy, LinkFault::Slow] {
            let machine = machine("");
            let broken = break_all(&machine, &[CLUSTER], fault, LASTS).unwrap();
            let timer = machine.ran("systemd-run").concat();
            assert!(timer.ends_with("node mend-link --outgoing eth1"), "{timer}");
            mend_all(&machine, broken).unwrap();
            let mended = ["tc qdisc delete dev eth1 root netem"];
            assert_eq!(machine.ran("tc qdisc delete"), mended);
        }
        let machine = machine("");
        break_all(&machine, &[CLUSTER], LinkFault::Cut, LASTS).unwrap();
        let timer = machine.ran("systemd-run").concat();
        assert!(timer.ends_with("node mend-link eth1"), "{timer}");
    }

    /// The way in belongs to somebody else, and the way out stays cut.
    #[test]
    fn half_a_cut_that_stays_keeps_its_timer() {
        for (stays, stopped) in [(false, 1), (true, 0)] {
            let machine = TestMachine::with(|machine| {
                let whole = self::machine("clsact").program;
                machine.program = Box::new(move |command: &Command| {
                    let words = command.arguments();
                    let deletes = words.iter().any(|word| word == "delete");
                    if stays && deletes {
                        let exit = Exit::Status(2);
                        return Some(CommandOutput::new(command, exit, Vec::new(), Vec::new()));
                    }
                    if stays && command.program() == "tc" && is_show(command) {
                        let (exit, said) = (Exit::Status(0), STAYS.as_bytes().to_vec());
                        return Some(CommandOutput::new(command, exit, said, Vec::new()));
                    }
                    whole(command)
                });
            });
            assert!(break_all(&machine, &[CLUSTER], LinkFault::Cut, LASTS).is_err());
            assert_eq!(machine.ran("systemctl").len(), stopped, "stays: {stays}");
        }
    }

    /// A link that was broken before the other one failed works again, and the
    /// timer takes away nothing that somebody else has set.
    #[test]
    fn all_links_are_broken_or_none() {
        let machine = machine("eth2");
        let why = break_all(&machine, &[CLUSTER, REPLICATION], LinkFault::Lossy, LASTS).err();
        assert!(why.is_some_and(|why| why.starts_with("eth2: ")));
        assert!(
            machine.ran("tc").contains(&"tc qdisc delete dev eth1 root netem".to_owned()),
            "{:?}",
            machine.ran("tc")
        );
        assert_eq!(
            machine.ran("systemctl"),
            [
                "systemctl stop -- slurmha-mend-eth2.timer",
                "systemctl stop -- slurmha-mend-eth1.timer"
            ]
        );
    }

    #[test]
    fn two_networks_on_one_interface_are_one_link() {
        let machine = machine("");
        let same = [CLUSTER, CLUSTER];
        assert_eq!(break_all(&machine, &same, LinkFault::Slow, LASTS).unwrap().len(), 1);
        let nowhere = break_all(&machine, &[Ipv4Addr::LOCALHOST], LinkFault::Slow, LASTS);
        assert_eq!(nowhere.err().as_deref(), Some("no interface has 127.0.0.1"));
    }

    #[test]
    fn a_link_that_could_not_be_mended_keeps_its_timer() {
        let machine = machine("delete");
        let broken = break_all(&machine, &[CLUSTER], LinkFault::Slow, LASTS).unwrap();
        let why = mend_all(&machine, broken).unwrap_err();
        assert!(why.starts_with("eth1 was not mended: "), "{why}");
        assert_eq!(machine.ran("systemctl"), [""; 0]);
    }
}
