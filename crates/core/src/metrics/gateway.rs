// SPDX-License-Identifier: Apache-2.0
//! The way in from outside, on a gateway.

use std::collections::BTreeMap;

use super::family::Family;
use super::text;
use crate::observe::{Reading, VpnPeer, VpnState};
use crate::wireguard::PublicKey;

/// What a gateway knows of its WireGuard.
#[derive(Clone, Debug, Default)]
pub struct GatewayAnswer {
    /// Its interface; `None` when there is none.
    pub interface: Reading<Option<VpnState>>,
    /// Whether the rules are loaded that say what people reach.
    pub has_rules: Reading<bool>,
    /// Names of those who may come in, by key.
    pub names: Reading<BTreeMap<PublicKey, String>>,
}

/// A gateway's metrics, as text in Prometheus' exposition format.
pub fn gateway_exposition(answer: &GatewayAnswer) -> String {
    text::encode(gateway_families(answer))
}

/// Every metric of a gateway.
pub fn gateway_families(answer: &GatewayAnswer) -> Vec<Family> {
    let interface = answer.interface.known();
    let peers = interface.and_then(Option::as_ref).map_or(&[][..], |state| &state.peers);
    let names = answer.names.known();
    let named = || peers.iter().filter_map(|peer| Some((names?.get(&peer.public_key)?, peer)));
    let each = |family: Family, value: fn(&VpnPeer) -> u64| {
        named().fold(family, |family, (name, peer)| family.with(&[("peer", name)], value(peer)))
    };
    let unlisted = interface.zip(names).map(|_| peers.len() - named().count());
    vec![
        Family::gauge("slurmha_vpn_interface_up", "Whether WireGuard's interface is there.")
            .of(interface.map(Option::is_some)),
        Family::gauge("slurmha_vpn_rules_present", "Whether rules say what people reach.")
            .of(answer.has_rules.known().copied()),
        Family::gauge("slurmha_vpn_unlisted_peers", "Keys that are let in and that nobody listed.")
            .of(unlisted),
        each(
            Family::gauge(
                "slurmha_vpn_peer_last_handshake_timestamp_seconds",
                "Last handshake; 0 when there was none since the interface is up.",
            ),
            |peer| peer.handshake.map_or(0, |then| u64::try_from(then.as_second()).unwrap_or(0)),
        ),
        each(
            Family::counter("slurmha_vpn_peer_receive_bytes_total", "What came from the peer."),
            |peer| peer.received_bytes,
        ),
        each(
            Family::counter("slurmha_vpn_peer_transmit_bytes_total", "What went to the peer."),
            |peer| peer.sent_bytes,
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::parse_wg_dump;

    /// Printed by wireguard-tools 1.0.20210914; the private key was replaced.
    const DUMP: &str = include_str!("../../tests/fixtures/observe/wg-dump.txt");

    #[test]
    fn who_was_there_and_who_never_was() {
        let state = parse_wg_dump(DUMP).expect("a dump");
        let names = state.peers.iter().zip(["anna-laptop", "bob"]);
        let names = names.map(|(peer, name)| (peer.public_key.clone(), name.to_owned())).collect();
        let answer = GatewayAnswer {
            interface: Reading::Known(Some(state)),
            has_rules: Reading::Known(true),
            names: Reading::Known(names),
        };
        insta::assert_snapshot!(gateway_exposition(&answer));
    }

    #[test]
    fn unknown_is_not_down() {
        let why = || "no answer within 3 s".to_owned();
        let answer = GatewayAnswer {
            interface: Reading::Unknown(why()),
            has_rules: Reading::Unknown(why()),
            names: Reading::Unknown(why()),
        };
        let text = gateway_exposition(&answer);
        assert_eq!(text.matches("NaN").count(), 3, "{text}");
    }

    #[test]
    fn a_key_without_a_name_is_counted_and_not_shown() {
        let state = parse_wg_dump(DUMP).expect("a dump");
        let interface = Reading::Known(Some(state));
        let names = Reading::Known(BTreeMap::new());
        let mut answer = GatewayAnswer { interface, names, ..GatewayAnswer::default() };
        let text = gateway_exposition(&answer);
        assert!(text.contains("slurmha_vpn_unlisted_peers 2.0"), "{text}");
        assert!(!text.contains("peer="), "{text}");
        answer.names = Reading::Unknown("it cannot be read".to_owned());
        let text = gateway_exposition(&answer);
        assert!(text.contains("slurmha_vpn_unlisted_peers NaN"), "{text}");
    }
}
