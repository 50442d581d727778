// SPDX-License-Identifier: Apache-2.0
//! What the units run: the interface, its peers and rules, and their end.

use crate::config_file::{Access, ConfigFile};
use crate::layout::{
    VPN_INTERFACE, VPN_METRICS_FILE, VPN_PEERS_FILE, VPN_RULES_FILE, VPN_SCRIPT, VPN_TABLE,
};
use crate::render::header;
use crate::secret::SecretId;
use crate::site::{Gateway, Vpn};

/// The script of one gateway.
///
/// - Rules before the interface, the interface before peers: nobody is let in
///   without rules.
/// - The private key is part of what `wg syncconf` reads. Without it the key
///   would be taken out of the interface (`config_read_init` in config.c of
///   wireguard-tools sets `WGDEVICE_HAS_PRIVATE_KEY`), and a key that changes
///   ends every session (`wg_set_device` in the kernel's netlink.c).
/// - Packets are passed on between two interfaces alone, by the switches of
///   those: `net.ipv4.ip_forward` would make a router of the machine, towards
///   its outside, too. What comes from the cluster and goes elsewhere than into
///   the tunnel is dropped, unless the machine is a router anyway.
pub fn script(vpn: &Vpn, gateway: &Gateway) -> ConfigFile {
    let header = header("#");
    let key = SecretId::VpnKey.location().path;
    let (key, inside, own) = (key.display(), gateway.address, vpn.gateway_address());
    let width = vpn.network.prefix_len();
    let text = format!(
        "#!/bin/sh
{header}# up: the interface, with rules and without peers. load: rules and peers, as
# the files say; tunnels that stay are not cut. down: neither.
set -eu
interface={VPN_INTERFACE}
conf=/proc/sys/net/ipv4/conf

# The interface that has the address in the cluster network.
inside() {{
    set -- $(ip -brief -4 address show to {inside})
    [ $# -gt 0 ] || {{
        echo \"no interface of this machine has the address {inside}\" >&2
        return 1
    }}
    echo \"${{1%@*}}\"
}}

is_router() {{
    [ \"$(cat /proc/sys/net/ipv4/ip_forward)\" = 1 ]
}}

rules() {{
    [ -s {VPN_RULES_FILE} ]
    {{
        cat {VPN_RULES_FILE}
        is_router || echo \"add rule inet {VPN_TABLE} forward iifname $dev drop\"
    }} | nft --file -
}}

forwarding() {{
    is_router || [ ! -e \"$conf/$1/forwarding\" ] || echo \"$2\" >\"$conf/$1/forwarding\"
}}

down() {{
    # Or Prometheus would go on reading it.
    rm -f {VPN_METRICS_FILE}
    [ ! -e \"/sys/class/net/$interface\" ] || ip link delete dev \"$interface\"
    dev=$(inside) && forwarding \"$dev\" 0
    # Two lines, because a table that is not there cannot be deleted.
    printf 'table inet %s\\ndelete table inet %s\\n' {VPN_TABLE} {VPN_TABLE} | nft --file -
}}

case $1 in
up)
    dev=$(inside)
    rules
    [ ! -e \"/sys/class/net/$interface\" ] || ip link delete dev \"$interface\"
    ip link add dev \"$interface\" type wireguard
    ip address add {own}/{width} dev \"$interface\"
    ;;
load)
    dev=$(inside)
    rules
    [ -s {key} ]
    [ -s {VPN_PEERS_FILE} ]
    {{
        printf '[Interface]\\nPrivateKey = '
        cat {key}
        echo
        cat {VPN_PEERS_FILE}
    }} | wg syncconf \"$interface\" /dev/stdin
    forwarding \"$interface\" 1
    forwarding \"$dev\" 1
    ip link set dev \"$interface\" up
    ;;
down)
    down
    ;;
*)
    echo \"usage: $0 up|load|down\" >&2
    exit 2
    ;;
esac
"
    );
    ConfigFile::new(VPN_SCRIPT, text).with_access(Access::root(0o755))
}
