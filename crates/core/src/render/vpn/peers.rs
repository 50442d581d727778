// SPDX-License-Identifier: Apache-2.0
//! Who may come in: what `wg syncconf` reads, without the private key.

use std::fmt::Write as _;

use crate::config_file::{Access, ConfigFile};
use crate::layout::VPN_PEERS_FILE;
use crate::render::header;
use crate::site::Vpn;

/// The file of every gateway.
///
/// The private key is in no file but its own: `slurmha plan` reads this one,
/// and what it reads leaves the machine. `AllowedIPs` is also what a peer may
/// send from: WireGuard drops packets with another source (wg(8)).
pub fn peers(vpn: &Vpn) -> ConfigFile {
    let mut text = header("#");
    let _ = writeln!(
        text,
        "# Not for wg-quick: {} adds the private key.\n\n[Interface]\nListenPort = {}",
        crate::layout::VPN_SCRIPT,
        vpn.port
    );
    for peer in &vpn.peers {
        let _ = write!(
            text,
            "\n[Peer]\n# {}\nPublicKey = {}\nAllowedIPs = {}/32\n",
            peer.name, peer.public_key, peer.address
        );
    }
    ConfigFile::new(VPN_PEERS_FILE, text).with_access(Access::root(0o600))
}
