// SPDX-License-Identifier: Apache-2.0
//! Who is connected, as a table.

use super::*;
use crate::observe::parse_wg_dump;
use crate::site::{Gateway, Peer};

const ANNA: &str = "I2RF8Ceadd8PG7tjoCynv23g/r7TZIyMBnNiS4FAhgw=";
const BOB: &str = "zN2M/ieN9KahF/pHYt3Pmd1Mn11iEGYiDL/8aomn5A8=";
const GONE: &str = "iXk/jgBZcu44MNiI+rZxt4pU5LukoXcpnpdoEdBINzQ=";

fn key(text: &str) -> PublicKey {
    PublicKey::parse(text).expect("a key")
}

fn vpn() -> Vpn {
    let gateway = |name: &str, last: u8| Gateway {
        name: name.into(),
        address: Ipv4Addr::new(10, 77, 0, last),
        endpoint: format!("{name}.example.edu"),
    };
    let peer = |name: &str, text, last| Peer {
        name: name.to_owned(),
        public_key: key(text),
        address: Ipv4Addr::new(10, 99, 0, last),
    };
    Vpn {
        network: "10.99.0.0/24".parse().expect("a network"),
        port: 51820,
        console: false,
        gateways: vec![gateway("gw1", 41), gateway("gw2", 42)],
        peers: vec![peer("anna-laptop", ANNA, 2), peer("bob", BOB, 3)],
    }
}

/// In the form that `wg show INTERFACE dump` of wireguard-tools 1.0.20210914
/// prints.
fn dump() -> String {
    let line = |words: &[&str]| words.join("\t") + "\n";
    line(&["PRIVATE", GONE, "51820", "off"])
        + &line(&[
            ANNA,
            "(none)",
            "192.0.2.7:40001",
            "10.99.0.2/32",
            "1767268790",
            "1853882",
            "92",
            "off",
        ])
        + &line(&[GONE, "(none)", "(none)", "10.99.0.9/32", "0", "0", "0", "off"])
}

#[test]
fn a_table_with_everything_that_can_be_wrong() {
    let state = parse_wg_dump(&dump()).expect("a dump");
    let silent = Err("no answer within 3 s".to_owned());
    let answers = Answers::from([("gw1".into(), Ok(state)), ("gw2".into(), silent)]);
    let listing = list(&vpn(), &answers);
    let now = "2026-01-01T12:00:00Z".parse().expect("a time");
    insta::assert_snapshot!(render(&listing, now));
    assert_eq!(listing.peers[1].at[&"gw1".into()], Presence::NotApplied);
    assert_eq!(listing.peers[1].at[&"gw2".into()], Presence::Unknown);
    assert_eq!(listing.unlisted.len(), 1);
    let json = serde_json::to_string(&listing).expect("JSON");
    assert!(!json.contains("PRIVATE"), "{json}");
}

/// What a gateway is given is where it finds the names again.
#[test]
fn a_gateway_knows_whose_key_is_whose() {
    let file = crate::render::vpn::peers(&vpn());
    let names = names(&file.text);
    assert_eq!(names[&key(ANNA)], "anna-laptop");
    assert_eq!(names[&key(BOB)], "bob");
    assert_eq!(names.len(), 2);
}

#[test]
fn addresses_are_given_out_from_the_lowest() {
    let mut vpn = vpn();
    assert_eq!(vpn.gateway_address(), Ipv4Addr::new(10, 99, 0, 1));
    assert_eq!(vpn.free_address(), Some(Ipv4Addr::new(10, 99, 0, 4)));
    vpn.peers.remove(0);
    assert_eq!(vpn.free_address(), Some(Ipv4Addr::new(10, 99, 0, 2)));
    vpn.network = "10.99.0.0/29".parse().expect("a network");
    let peer = |last| Peer { address: Ipv4Addr::new(10, 99, 0, last), ..vpn.peers[0].clone() };
    vpn.peers = (2..=6).map(peer).collect();
    assert_eq!(vpn.free_address(), None);
}
