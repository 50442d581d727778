// SPDX-License-Identifier: Apache-2.0
//! What changes in the text, and what does not.

use super::*;

const ANNA: &str = "I2RF8Ceadd8PG7tjoCynv23g/r7TZIyMBnNiS4FAhgw=";
const BOB: &str = "zN2M/ieN9KahF/pHYt3Pmd1Mn11iEGYiDL/8aomn5A8=";

const BEFORE: &str = r#"# ours
[vpn]                       # people
network = "10.99.0.0/24"

[[vpn.gateway]]
name   = "gw1"              # in the cellar

# Anna's, until May
[[vpn.peer]]
name = "anna-laptop"
public_key = "I2RF8Ceadd8PG7tjoCynv23g/r7TZIyMBnNiS4FAhgw="
address = "10.99.0.2"

# what follows
[portal]
"#;

fn bob() -> Peer {
    Peer {
        name: "bob".to_owned(),
        public_key: PublicKey::parse(BOB).expect("a key"),
        address: std::net::Ipv4Addr::new(10, 99, 0, 3),
    }
}

const ADDED: &str = r#"
[[vpn.peer]]
name = "bob"
public_key = "zN2M/ieN9KahF/pHYt3Pmd1Mn11iEGYiDL/8aomn5A8="
address = "10.99.0.3"
"#;

#[test]
fn a_peer_comes_behind_the_others_and_goes_again() {
    let added = add_peer(BEFORE, &bob()).expect("added");
    assert_eq!(added.replace(ADDED, ""), BEFORE, "{added}");
    assert!(added.find("anna-laptop") < added.find("bob"));
    assert!(added.find("bob") < added.find("# what follows"));
    assert_eq!(remove_peer(&added, "bob").as_deref(), Ok(BEFORE));
}

#[test]
fn the_first_peer_and_the_last() {
    let without = remove_peer(BEFORE, "anna-laptop").expect("removed");
    assert!(!without.contains("Anna") && without.contains("# what follows"), "{without}");
    let added = add_peer(&without, &bob()).expect("added");
    assert!(added.contains(ADDED), "{added}");
    assert!(added.find("in the cellar") < added.find("bob"));
    assert!(added.find("bob") < added.find("[portal]"));
}

#[test]
fn a_list_in_one_line_stays_one() {
    let text = "vpn = { network = \"10.99.0.0/24\", peer = [{ name = \"anna\" }] }\n";
    let added = add_peer(text, &bob()).expect("added");
    assert!(added.contains("{ name = \"anna\" }, { name = \"bob\""), "{added}");
    assert_eq!(remove_peer(&added, "bob").as_deref(), Ok(text));
}

#[test]
fn what_is_not_there_is_told() {
    let absent = EditError::NoPeer("carol".to_owned());
    assert_eq!(remove_peer(BEFORE, "carol"), Err(absent.clone()));
    assert_eq!(remove_peer("[vpn]\n", "carol"), Err(absent));
    assert_eq!(remove_peer("", "carol"), Err(EditError::Form));
    assert_eq!(add_peer("", &bob()), Err(EditError::Form));
}

#[test]
fn a_new_peer_has_everything_of_its_own() {
    let vpn = Vpn {
        network: "10.99.0.0/24".parse().expect("a network"),
        port: 51820,
        console: false,
        gateways: Vec::new(),
        peers: vec![bob()],
    };
    let key = |text| PublicKey::parse(text).expect("a key");
    let anna = new_peer(&vpn, "anna", key(ANNA)).expect("a peer");
    assert_eq!(anna.address, std::net::Ipv4Addr::new(10, 99, 0, 2));
    assert_eq!(new_peer(&vpn, "bob", key(ANNA)), Err(EditError::NameTaken("bob".to_owned())));
    assert_eq!(new_peer(&vpn, "anna", key(BOB)), Err(EditError::KeyTaken("bob".to_owned())));
    for name in ["an na", "\"", "..", "a\nb", "\u{0430}nna"] {
        let refused = new_peer(&vpn, name, key(ANNA));
        assert!(matches!(refused, Err(EditError::Name { .. })), "{name:?}");
    }
}
