// SPDX-License-Identifier: Apache-2.0
//! Addresses, networks and names of hosts outside the cluster.

use std::net::{Ipv4Addr, Ipv6Addr};

use ipnet::Ipv4Net;

use crate::site::diagnostic::Fault;
use crate::site::reader::Text;
use crate::site::rule;

impl Text for Ipv4Addr {
    const EXPECTED: &'static str = "an IPv4 address such as \"10.77.0.11\"";
    const PATTERN: &'static str = r"^[0-9]{1,3}(\.[0-9]{1,3}){3}$";

    fn parse(text: &str) -> Result<Self, Fault> {
        text.parse().map_err(|_| {
            let help = if text.contains('/') {
                "write the address alone; the network's width stands in [network]"
            } else if text.parse::<Ipv6Addr>().is_ok() {
                "write an IPv4 address; IPv6 is not supported by this version"
            } else {
                "write four numbers from 0 to 255 without leading zeros, such as 10.77.0.11"
            };
            let message = format!("`{text}` is not an IPv4 address");
            Fault::new(&rule::INVALID_ADDRESS, message, help)
        })
    }
}

/// A cable between the controllers has two ends, and a /30 two addresses for them. Which networks
/// have to be wider is known where it is known what they are for: `rules/networks.rs`.
const WIDTHS: std::ops::RangeInclusive<u8> = 8..=30;

impl Text for Ipv4Net {
    const EXPECTED: &'static str = "an IPv4 network such as \"10.77.0.0/24\"";
    const PATTERN: &'static str = r"^[0-9]{1,3}(\.[0-9]{1,3}){3}/[0-9]{1,2}$";

    fn parse(text: &str) -> Result<Self, Fault> {
        let invalid =
            |message: String, help: String| Err(Fault::new(&rule::INVALID_NETWORK, message, help));
        let Ok(network) = text.parse::<Self>() else {
            let help = match text.parse::<Ipv4Addr>() {
                Ok(address) => format!("add the width, such as `{address}/24`"),
                Err(_) => "write address/width, such as 10.77.0.0/24".to_owned(),
            };
            return invalid(format!("`{text}` is not an IPv4 network"), help);
        };
        if network.addr() != network.network() {
            return invalid(
                format!("{text} is the address of a machine, not of a network"),
                format!("write `{}`", network.trunc()),
            );
        }
        if !WIDTHS.contains(&network.prefix_len()) {
            return invalid(
                format!("a /{} network cannot be used", network.prefix_len()),
                "use a width from /8 to /29, or /30 for the replication network alone".to_owned(),
            );
        }
        let first = network.network();
        if first.is_loopback()
            || first.is_multicast()
            || first.is_link_local()
            || first.octets()[0] == 0
            || first.octets()[0] >= 240
        {
            return invalid(
                format!("{text} is reserved and does not reach other machines"),
                "use a private network such as 10.77.0.0/24".to_owned(),
            );
        }
        Ok(network)
    }
}

/// An address or a DNS name of something outside the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::site) struct HostOrAddress(pub(in crate::site) String);

impl HostOrAddress {
    /// Whether somebody has to be asked before it can be reached.
    pub(in crate::site) fn is_name(&self) -> bool {
        self.0.parse::<std::net::IpAddr>().is_err()
    }
}

impl Text for HostOrAddress {
    const EXPECTED: &'static str = "an address or a host name such as \"ntp1.example.org\"";
    const PATTERN: &'static str = "^[A-Za-z0-9:][A-Za-z0-9:.-]{0,252}$";

    fn parse(text: &str) -> Result<Self, Fault> {
        let address = text.parse::<std::net::IpAddr>().is_ok();
        let numeric = text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        if address || (!numeric && text.len() <= 253 && text.split('.').all(is_dns_label)) {
            return Ok(Self(text.to_owned()));
        }
        let help = if text.contains(char::is_whitespace) {
            "write the address or name alone; options are set elsewhere"
        } else {
            "write an address such as 10.77.0.1 or a name such as ntp1.example.org"
        };
        let message = format!("`{text}` is neither an address nor a host name");
        Err(Fault::new(&rule::INVALID_HOST, message, help))
    }
}

fn is_dns_label(label: &str) -> bool {
    let plain = label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    (1..=63).contains(&label.len()) && plain && !label.starts_with('-') && !label.ends_with('-')
}
