// SPDX-License-Identifier: Apache-2.0
//! Who comes in from outside, and where.

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;
use serde::Serialize;

use super::NodeName;
use crate::wireguard::PublicKey;

/// Who comes in from outside, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Vpn {
    /// The addresses of the people's machines; no other network of the site.
    pub network: Ipv4Net,
    /// UDP port of every gateway.
    pub port: u16,
    /// Whether they reach the console's pages as well.
    pub console: bool,
    /// One or two machines that let people in.
    pub gateways: Vec<Gateway>,
    /// Those who may come in, the same on every gateway.
    pub peers: Vec<Peer>,
}

/// A machine that lets people in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Gateway {
    /// Host name; may be that of a login node, the arbiter or a monitoring host.
    pub name: NodeName,
    /// Address on the cluster network.
    pub address: Ipv4Addr,
    /// What clients dial, an address or a DNS name; its own.
    pub endpoint: String,
}

/// One machine outside that may come in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Peer {
    /// Its own among the peers.
    pub name: String,
    /// The public half of the key that it holds.
    pub public_key: PublicKey,
    /// Its address inside the tunnel, its own.
    pub address: Ipv4Addr,
}

impl Vpn {
    /// The gateways' own address inside every tunnel: the network's first. All
    /// have the same, because each tunnel has one gateway at its end.
    pub fn gateway_address(&self) -> Ipv4Addr {
        gateway_address(self.network)
    }

    /// The lowest address that no peer has.
    pub fn free_address(&self) -> Option<Ipv4Addr> {
        let is_free = |address: &Ipv4Addr| self.peers.iter().all(|peer| peer.address != *address);
        self.network.hosts().filter(|address| *address != self.gateway_address()).find(is_free)
    }

    /// The gateway of that name.
    pub fn gateway(&self, name: &NodeName) -> Option<&Gateway> {
        self.gateways.iter().find(|gateway| gateway.name == *name)
    }
}

/// See [`Vpn::gateway_address`].
pub(in crate::site) fn gateway_address(network: Ipv4Net) -> Ipv4Addr {
    Ipv4Addr::from(u32::from(network.network()) + 1)
}
