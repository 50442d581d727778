// SPDX-License-Identifier: Apache-2.0
//! `/proc/net/fib_trie`: the kernel's routes, among them one for each address
//! of this machine. Readable without a program.

use std::net::Ipv4Addr;

use super::ParseError;

const PROGRAM: &str = "/proc/net/fib_trie";

/// Reads the IPv4 addresses that this machine has on interfaces that are up.
///
/// Each is a leaf `|-- 10.77.0.10` with a line `/32 host LOCAL` below it
/// (`fib_trie_seq_show` in the kernel's net/ipv4/fib_trie.c, the same since
/// Linux 2.6); a leaf may have several lines, and is in the table `Main` as
/// well as in `Local` where rules do not keep them apart.
///
/// # Errors
/// When there is no such address at all: there is always that of `lo`.
pub fn parse_local_addresses(text: &str) -> Result<Vec<Ipv4Addr>, ParseError> {
    let mut found: Vec<Ipv4Addr> = Vec::new();
    let mut leaf = None;
    for line in text.lines().map(str::trim) {
        if let Some(address) = line.strip_prefix("|-- ") {
            leaf = address.parse().ok();
        } else if line == "/32 host LOCAL" {
            found.extend(leaf.filter(|address| !found.contains(address)));
        }
    }
    if found.is_empty() {
        return Err(ParseError::Missing { program: PROGRAM, what: "address of this machine" });
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A machine with an address and, beside it, a second one.
    const PRINTED: &str = include_str!("../../tests/fixtures/observe/fib-trie-with-vip.txt");

    #[test]
    fn own_addresses_are_read_once_and_networks_and_broadcasts_are_none() {
        let addresses = parse_local_addresses(PRINTED).expect("it is readable");
        let expected = ["10.77.0.10", "10.77.0.11", "127.0.0.1"];
        assert_eq!(addresses, expected.map(|text| text.parse::<Ipv4Addr>().expect("an address")));
    }

    #[test]
    fn another_text_is_an_error() {
        assert!(parse_local_addresses("").is_err());
        assert!(parse_local_addresses("Main:\n  +-- 0.0.0.0/0 3 0 5\n").is_err());
    }
}
