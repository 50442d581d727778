// SPDX-License-Identifier: Apache-2.0
//! ip(8) and ping(8): addresses of the machine, and whether another answers.

use std::net::Ipv4Addr;
use std::time::Duration;

use crate::command::{Command, CommandError};
use crate::system::System;

/// Every IPv4 address, from `ip -oneline -4 address show`.
pub fn addresses(system: &dyn System) -> Result<Vec<Ipv4Addr>, CommandError> {
    let command = Command::new("ip")
        .args(["-oneline", "-4", "address", "show"])
        .timeout(Duration::from_secs(5));
    Ok(parse_addresses(&system.run(&command)?.success()?.text()))
}

/// Whether an address answers within a second.
pub fn answers_ping(system: &dyn System, address: Ipv4Addr) -> Result<bool, CommandError> {
    let command = Command::new("ping")
        .args(["-n", "-q", "-c", "1", "-W", "1", &address.to_string()])
        .timeout(Duration::from_secs(5));
    let output = system.run(&command)?;
    match output.status() {
        Some(0) => Ok(true),
        // 1: no reply; 2: other error.
        Some(1) => Ok(false),
        _ => Err(output.failure()),
    }
}

fn parse_addresses(text: &str) -> Vec<Ipv4Addr> {
    text.lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace().skip_while(|word| *word != "inet");
            words.nth(1)?.split('/').next()?.parse().ok()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read() {
        let text = "1: lo    inet 127.0.0.1/8 scope host lo\\       valid_lft forever\n\
            2: eth0    inet 10.1.0.11/24 brd 10.1.0.255 scope global eth0\\  valid_lft forever\n";
        let expected = [Ipv4Addr::LOCALHOST, Ipv4Addr::new(10, 1, 0, 11)];
        assert_eq!(parse_addresses(text), expected);
    }
}
