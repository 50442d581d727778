// SPDX-License-Identifier: Apache-2.0
//! ip(8): addresses of the machine.

use std::net::Ipv4Addr;
use std::time::Duration;

use crate::command::{Command, CommandError};
use crate::system::System;

/// Every IPv4 address with its interface and the length of its prefix, from
/// `ip -oneline -4 address show`.
pub fn interfaces(system: &dyn System) -> Result<Vec<Assigned>, CommandError> {
    Ok(parse_assigned(&system.run(&show())?.success()?.text()))
}

/// Gives an interface one more address.
pub fn add(system: &dyn System, assigned: &Assigned) -> Result<(), CommandError> {
    change(system, "add", assigned)
}

/// Takes an address away from its interface.
pub fn delete(system: &dyn System, assigned: &Assigned) -> Result<(), CommandError> {
    change(system, "delete", assigned)
}

/// Tells the neighbours, unasked, that an address is here now.
///
/// The program is a part of resource-agents, in one of two places.
pub fn announce(system: &dyn System, assigned: &Assigned) -> Result<(), CommandError> {
    let found = SEND_ARP.iter().find(|path| matches!(system.metadata(path.as_ref()), Ok(Some(_))));
    // Three times, 100 ms apart: one frame can be lost.
    let command = Command::new(*found.unwrap_or(&SEND_ARP[0]))
        .args(["-i", "100", "-r", "3", "-p", "/run/slurmha-send-arp.pid"])
        .args([&assigned.interface, &assigned.address.to_string()])
        .args(["auto", "not_used", "not_used"])
        .timeout(Duration::from_secs(5));
    system.run(&command)?.success().map(|_| ())
}

const SEND_ARP: [&str; 2] = ["/usr/libexec/heartbeat/send_arp", "/usr/lib/heartbeat/send_arp"];

/// An address on an interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assigned {
    /// The interface's name.
    pub interface: String,
    /// The address.
    pub address: Ipv4Addr,
    /// Length of the network's prefix.
    pub prefix: u8,
}

fn show() -> Command {
    Command::new("ip").args(["-oneline", "-4", "address", "show"]).timeout(Duration::from_secs(5))
}

fn change(system: &dyn System, verb: &str, assigned: &Assigned) -> Result<(), CommandError> {
    let Assigned { interface, address, prefix } = assigned;
    let command = Command::new("ip")
        .args(["address", verb, &format!("{address}/{prefix}"), "dev", interface])
        .timeout(Duration::from_secs(5));
    system.run(&command)?.success().map(|_| ())
}

/// `2: eth0    inet 10.1.0.11/24 brd 10.1.0.255 scope global eth0\ ...`; with
/// `inet 10.8.0.1 peer 10.8.0.2/32` the prefix is the peer's.
fn parse_assigned(text: &str) -> Vec<Assigned> {
    text.lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace().skip(1);
            let interface = words.next()?.to_owned();
            let mut words = words.skip_while(|word| *word != "inet").skip(1);
            let first = words.next()?;
            let (address, prefix) = match first.split_once('/') {
                Some(both) => both,
                None => (first, words.nth(1)?.split_once('/')?.1),
            };
            Some(Assigned {
                interface,
                address: address.parse().ok()?,
                prefix: prefix.parse().ok()?,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read() {
        let text = "1: lo    inet 127.0.0.1/8 scope host lo\\       valid_lft forever\n\
            2: eth0    inet 10.1.0.11/24 brd 10.1.0.255 scope global eth0\\  valid_lft forever\n\
            3: tun0    inet 10.8.0.1 peer 10.8.0.2/32 scope global tun0\\  valid_lft forever\n";
        let assigned = |interface: &str, address, prefix| Assigned {
            interface: interface.to_owned(),
            address,
            prefix,
        };
        let expected = [
            assigned("lo", Ipv4Addr::LOCALHOST, 8),
            assigned("eth0", Ipv4Addr::new(10, 1, 0, 11), 24),
            assigned("tun0", Ipv4Addr::new(10, 8, 0, 1), 32),
        ];
        assert_eq!(parse_assigned(text), expected);
    }
}
