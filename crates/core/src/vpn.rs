// SPDX-License-Identifier: Apache-2.0
//! Who is connected: the site file's peers beside what the gateways say.

mod names;
mod text;

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use jiff::Timestamp;
use serde::Serialize;

use crate::observe::{VpnPeer, VpnState};
use crate::site::{NodeName, Vpn};
use crate::wireguard::PublicKey;

pub use names::names;
pub use text::render;

/// What each gateway answered, or why it did not.
pub type Answers = BTreeMap<NodeName, Result<VpnState, String>>;

/// Everybody who may come in, and everybody who still can.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Listing {
    /// The peers of the site file, in its order.
    pub peers: Vec<Listed>,
    /// Keys that a gateway lets in and the site file does not.
    pub unlisted: Vec<Unlisted>,
    /// Gateways that did not answer, with the reason.
    pub silent: BTreeMap<NodeName, String>,
}

/// A peer of the site file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// Its address inside the tunnel.
    pub address: Ipv4Addr,
    /// Its key.
    pub public_key: PublicKey,
    /// What each gateway of the site file knows of it.
    pub at: BTreeMap<NodeName, Presence>,
}

/// What a gateway knows of a peer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum Presence {
    /// The gateway did not answer.
    Unknown,
    /// The gateway does not let it in yet: `apply` has not been there.
    NotApplied,
    /// The gateway lets it in.
    Admitted {
        /// Its last handshake; absent when there was none since the gateway's
        /// interface is up.
        handshake: Option<Timestamp>,
        /// Where it last came from, `ADDRESS:PORT`.
        endpoint: Option<String>,
        /// What came from it, in bytes.
        received_bytes: u64,
        /// What went to it, in bytes.
        sent_bytes: u64,
    },
}

/// A key that a gateway lets in and the site file does not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unlisted {
    /// Where.
    pub gateway: NodeName,
    /// The key.
    pub public_key: PublicKey,
    /// Its last handshake.
    pub handshake: Option<Timestamp>,
}

/// Puts the site file's peers beside what the gateways say.
pub fn list(vpn: &Vpn, answers: &Answers) -> Listing {
    let answer = |name: &NodeName| answers.get(name).and_then(|answer| answer.as_ref().ok());
    let gateways = || vpn.gateways.iter().map(|gateway| &gateway.name);
    let listed = |peer: &crate::site::Peer| Listed {
        name: peer.name.clone(),
        address: peer.address,
        public_key: peer.public_key.clone(),
        at: gateways()
            .map(|name| (name.clone(), presence(answer(name), &peer.public_key)))
            .collect(),
    };
    let is_listed = |key: &PublicKey| vpn.peers.iter().any(|peer| peer.public_key == *key);
    let strangers = |name: &NodeName| {
        let peers = answer(name).map(|state| state.peers.as_slice()).unwrap_or_default();
        let unlisted = |peer: &VpnPeer| Unlisted {
            gateway: name.clone(),
            public_key: peer.public_key.clone(),
            handshake: peer.handshake,
        };
        let strangers = peers.iter().filter(|peer| !is_listed(&peer.public_key));
        strangers.map(unlisted).collect::<Vec<_>>()
    };
    let why = |name: &NodeName| match answers.get(name) {
        Some(Ok(_)) => None,
        Some(Err(why)) => Some((name.clone(), why.clone())),
        None => Some((name.clone(), "it was not asked".to_owned())),
    };
    Listing {
        peers: vpn.peers.iter().map(listed).collect(),
        unlisted: gateways().flat_map(strangers).collect(),
        silent: gateways().filter_map(why).collect(),
    }
}

fn presence(state: Option<&VpnState>, key: &PublicKey) -> Presence {
    let Some(state) = state else { return Presence::Unknown };
    match state.peers.iter().find(|peer| peer.public_key == *key) {
        None => Presence::NotApplied,
        Some(peer) => Presence::Admitted {
            handshake: peer.handshake,
            endpoint: peer.endpoint.clone(),
            received_bytes: peer.received_bytes,
            sent_bytes: peer.sent_bytes,
        },
    }
}

#[cfg(test)]
mod tests;
