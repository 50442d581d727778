// SPDX-License-Identifier: Apache-2.0
//! `[vpn]`.

use super::name;
use crate::site::fragments::{self as file, items};
use crate::site::model::{Gateway, Peer, Vpn};

/// What WireGuard's own documentation uses.
const DEFAULT_PORT: u16 = 51820;

pub(super) fn assemble(vpn: &file::Vpn) -> Option<Vpn> {
    let gateways = items(vpn.gateway.as_ref()).iter().map(|gateway| self::gateway(vpn, gateway));
    let peers = items(vpn.peer.as_ref()).iter().map(|peer| self::peer(peer));
    Some(Vpn {
        network: vpn.network.as_ref()?.value,
        port: match &vpn.port {
            Some(port) => u16::try_from(port.value).ok()?,
            None => DEFAULT_PORT,
        },
        console: vpn.console.as_ref().is_some_and(|console| console.value),
        gateways: gateways.collect::<Option<_>>()?,
        peers: peers.collect::<Option<_>>()?,
    })
}

fn gateway(vpn: &file::Vpn, gateway: &file::VpnGateway) -> Option<Gateway> {
    let endpoint = gateway.endpoint.as_ref().or(vpn.endpoint.as_ref())?;
    Some(Gateway {
        name: name(gateway.name.as_ref()?),
        address: gateway.address.as_ref()?.value,
        endpoint: endpoint.0.clone(),
    })
}

fn peer(peer: &file::VpnPeer) -> Option<Peer> {
    Some(Peer {
        name: peer.name.as_ref()?.0.clone(),
        public_key: peer.public_key.as_ref()?.value.clone(),
        address: peer.address.as_ref()?.value,
    })
}
