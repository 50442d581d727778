// SPDX-License-Identifier: Apache-2.0
//! The file with which a person's machine finds a gateway.

use std::fmt::Write as _;
use std::net::Ipv6Addr;

use crate::site::{Gateway, Peer, Site, Vpn};
use crate::wireguard::{PrivateKey, PublicKey};

/// What stands where the private key belongs when it is the person's alone.
const PLACEHOLDER: &str = "(the private key that belongs to the public one)";

/// Seconds between signs of life, what WireGuard's documentation advises for
/// clients behind NAT: a router that forgets the connection would end an idle
/// ssh session.
const KEEPALIVE_S: u8 = 25;

/// What a client's file is made of.
#[derive(Clone, Copy, Debug)]
pub struct ClientFile<'a> {
    /// The site.
    pub site: &'a Site,
    /// Its VPN.
    pub vpn: &'a Vpn,
    /// The gateway that the file leads to.
    pub gateway: &'a Gateway,
    /// That gateway's public key, as it was read from there.
    pub gateway_key: &'a PublicKey,
    /// The person's machine.
    pub peer: &'a Peer,
    /// Its private key, when it was made here.
    pub private_key: Option<&'a PrivateKey>,
}

/// The file as wg-quick(8) and WireGuard's programs for other systems read it.
/// It holds the private key: it is shown once and kept nowhere.
///
/// The tunnel is split: only what is for the cluster goes through it. That is
/// the whole cluster network and not today's login nodes, because the file is
/// given out once; what may be reached, the gateway decides. Its own address
/// is in, or its refusals would be dropped on arrival.
pub fn client(file: &ClientFile<'_>) -> String {
    let (vpn, peer, gateway) = (file.vpn, file.peer, file.gateway);
    let mut text = String::new();
    let _ = writeln!(
        text,
        "# {} at {}, by way of {}.\n[Interface]",
        peer.name, file.site.cluster_name, gateway.name
    );
    let _ = match file.private_key {
        Some(key) => writeln!(text, "PrivateKey = {}", key.expose()),
        None => writeln!(text, "PrivateKey = {PLACEHOLDER}"),
    };
    let _ = write!(
        text,
        "Address = {}/32\n\n[Peer]\nPublicKey = {}\nEndpoint = {}\nAllowedIPs = {}, {}/32\n\
         PersistentKeepalive = {KEEPALIVE_S}\n",
        peer.address,
        file.gateway_key,
        endpoint(&gateway.endpoint, vpn.port),
        file.site.networks.cluster,
        vpn.gateway_address(),
    );
    text
}

/// An IPv6 address stands in brackets before its port.
fn endpoint(host: &str, port: u16) -> String {
    match host.parse::<Ipv6Addr>() {
        Ok(address) => format!("[{address}]:{port}"),
        Err(_) => format!("{host}:{port}"),
    }
}
