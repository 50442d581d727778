// SPDX-License-Identifier: Apache-2.0
//! `wg show INTERFACE dump`: the gateway's public key and its peers.

use std::net::Ipv4Addr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ParseError;
use crate::wireguard::PublicKey;

const PROGRAM: &str = "wg";

/// A WireGuard interface, without its secrets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VpnState {
    /// The interface's public key.
    pub public_key: PublicKey,
    /// UDP port on which it listens.
    pub port: u16,
    /// Those whom it lets in.
    pub peers: Vec<VpnPeer>,
}

/// A peer as the kernel has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VpnPeer {
    /// Its public key.
    pub public_key: PublicKey,
    /// Where it last came from, `ADDRESS:PORT`; absent before it ever came.
    pub endpoint: Option<String>,
    /// Its addresses inside the tunnel.
    pub addresses: Vec<Ipv4Addr>,
    /// The last handshake; absent when there was none since the interface is
    /// up. A peer that sends has one every two minutes (REKEY_AFTER_TIME in
    /// section 6.1 of WireGuard's paper).
    pub handshake: Option<Timestamp>,
    /// What came from it, in bytes.
    pub received_bytes: u64,
    /// What went to it, in bytes.
    pub sent_bytes: u64,
}

/// Reads the lines of wg(8): first private key, public key, port and mark of
/// the interface; then, for each peer, public key, preshared key, endpoint,
/// allowed addresses, handshake, bytes received and sent, and keepalive, all
/// separated by tabs.
///
/// The private key is passed over. No error repeats any of the text.
///
/// # Errors
/// When the text is not such lines.
pub fn parse_wg_dump(text: &str) -> Result<VpnState, ParseError> {
    let mut lines = text.lines();
    let missing = |what| ParseError::Missing { program: PROGRAM, what };
    let interface: Vec<&str> = lines.next().unwrap_or_default().split('\t').collect();
    let [_private, public, port, _mark] = interface.as_slice() else {
        return Err(missing("line of the interface with four values"));
    };
    let public_key = PublicKey::parse(public).map_err(|_| missing("public key"))?;
    let port = port.parse().map_err(|_| missing("port"))?;
    let peers: Option<Vec<VpnPeer>> = lines.map(peer).collect();
    let peers = peers.ok_or(missing("line of a peer with eight values that can be read"))?;
    Ok(VpnState { public_key, port, peers })
}

fn peer(line: &str) -> Option<VpnPeer> {
    let values: Vec<&str> = line.split('\t').collect();
    let [public, _preshared, endpoint, addresses, handshake, received, sent, _keepalive] =
        values.as_slice()
    else {
        return None;
    };
    let seconds: i64 = handshake.parse().ok()?;
    let known = |value: &&str| (*value != "(none)").then(|| (*value).to_owned());
    Some(VpnPeer {
        public_key: PublicKey::parse(public).ok()?,
        endpoint: known(endpoint),
        addresses: addresses.split(',').filter_map(address).collect(),
        handshake: (seconds > 0).then(|| Timestamp::from_second(seconds).ok()).flatten(),
        received_bytes: received.parse().ok()?,
        sent_bytes: sent.parse().ok()?,
    })
}

fn address(network: &str) -> Option<Ipv4Addr> {
    network.strip_suffix("/32")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Printed by wireguard-tools 1.0.20210914; the private key was replaced.
    const DUMP: &str = include_str!("../../tests/fixtures/observe/wg-dump.txt");

    #[test]
    fn a_peer_that_was_there_and_one_that_never_was() {
        let state = parse_wg_dump(DUMP).expect("a dump");
        assert_eq!(state.port, 51820);
        assert!(state.public_key.as_str().starts_with("E88h"));
        let [came, never] = state.peers.as_slice() else { panic!("{state:?}") };
        assert_eq!(came.endpoint.as_deref(), Some("127.0.0.1:45370"));
        assert_eq!(came.addresses, [Ipv4Addr::new(10, 99, 0, 2)]);
        assert_eq!(came.handshake.map(Timestamp::as_second), Some(1_795_890_090));
        assert_eq!((came.received_bytes, came.sent_bytes), (180, 92));
        assert_eq!((never.endpoint.as_deref(), never.handshake), (None, None));
    }

    #[test]
    fn an_interface_without_peers() {
        let text = DUMP.lines().next().expect("a line");
        assert_eq!(parse_wg_dump(text).map(|state| state.peers), Ok(Vec::new()));
    }

    /// It could be the private key.
    #[test]
    fn no_error_repeats_what_it_cannot_read() {
        let first = DUMP.lines().next().expect("a line");
        let texts = [
            "",
            "PRIVATE",
            &first.replace('\t', " "),
            &first.replace("E88h", "!!!!"),
            &first.replace("51820", "PRIVATE"),
            &format!("{first}\nPRIVATE\n"),
            &DUMP.replace("\t180\t", "\tmany\t"),
        ];
        for text in texts {
            let error = parse_wg_dump(text).expect_err(text).to_string();
            assert!(!error.contains("PRIVATE"), "{error}");
        }
    }
}
