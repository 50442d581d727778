// SPDX-License-Identifier: Apache-2.0
//! Just enough of Ethernet, ARP, IPv4, ICMP and UDP to speak for a BMC; pure.

use std::net::{Ipv4Addr, SocketAddrV4};

/// A hardware address.
pub(crate) type Mac = [u8; 6];

/// Bytes in front of an Ethernet frame's payload.
const ETHERNET: usize = 14;
/// Bytes of an IPv4 header without options.
const IPV4: usize = 20;
/// Bytes of a UDP header.
const UDP: usize = 8;
/// Ethernet's number for ARP.
const TYPE_ARP: u16 = 0x0806;
/// Ethernet's number for IPv4.
const TYPE_IPV4: u16 = 0x0800;
/// IPv4's number for ICMP.
const PROTOCOL_ICMP: u8 = 1;
/// IPv4's number for UDP.
const PROTOCOL_UDP: u8 = 17;

/// A hardware address as people write it.
pub(crate) fn format_mac(mac: Mac) -> String {
    mac.map(|byte| format!("{byte:02x}")).join(":")
}

/// Whether a destination means more than one station.
pub(crate) fn is_group(mac: &Mac) -> bool {
    mac[0] & 1 == 1
}

/// Destination and source of a frame.
pub(crate) fn addresses(frame: &[u8]) -> Option<(Mac, Mac)> {
    Some((array(frame, 0)?, array(frame, 6)?))
}

/// A station as ARP sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Station {
    /// Hardware address.
    pub(crate) mac: Mac,
    /// Address.
    pub(crate) ip: Ipv4Addr,
}

/// What a frame asks of a station that is only a BMC.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Question<'a> {
    /// Who has that address?
    Arp {
        /// Who asks.
        from: Station,
        /// The address.
        wanted: Ipv4Addr,
    },
    /// An echo request.
    Ping {
        /// Who asks.
        from: Station,
        /// Who is asked.
        to: Ipv4Addr,
        /// The ICMP message.
        message: &'a [u8],
    },
    /// A UDP datagram.
    Datagram {
        /// Who asks.
        from: Station,
        /// Its port.
        port: u16,
        /// Who is asked, and on which port.
        to: SocketAddrV4,
        /// The payload.
        payload: &'a [u8],
    },
}

/// Reads a frame; `None` for everything that a BMC does not answer.
pub(crate) fn parse(frame: &[u8]) -> Option<Question<'_>> {
    match u16::from_be_bytes(array(frame, 12)?) {
        TYPE_ARP => parse_arp(frame.get(ETHERNET..)?),
        TYPE_IPV4 => parse_ipv4(array(frame, 6)?, frame.get(ETHERNET..)?),
        _ => None,
    }
}

fn parse_arp(packet: &[u8]) -> Option<Question<'_>> {
    // Ethernet, IPv4, lengths 6 and 4, a request.
    if packet.get(..8)? != [0, 1, 8, 0, 6, 4, 0, 1] {
        return None;
    }
    let ip = |at| array::<4>(packet, at).map(Ipv4Addr::from);
    let from = Station { mac: array(packet, 8)?, ip: ip(14)? };
    Some(Question::Arp { from, wanted: ip(24)? })
}

fn parse_ipv4(mac: Mac, packet: &[u8]) -> Option<Question<'_>> {
    let first = *packet.first()?;
    let header = usize::from(first & 0xf) * 4;
    let total = usize::from(u16::from_be_bytes(array(packet, 2)?));
    let fragment = u16::from_be_bytes(array(packet, 6)?) & 0x3fff;
    if first >> 4 != 4 || header < IPV4 || fragment != 0 || checksum(packet.get(..header)?, 0) != 0
    {
        return None;
    }
    // Short frames are padded; the header knows the true length.
    let payload = packet.get(header..total)?;
    let from = Station { mac, ip: array::<4>(packet, 12)?.into() };
    let to: Ipv4Addr = array::<4>(packet, 16)?.into();
    match *packet.get(9)? {
        PROTOCOL_ICMP if payload.starts_with(&[8, 0]) => {
            Some(Question::Ping { from, to, message: payload })
        }
        PROTOCOL_UDP => {
            let number = |at| array::<2>(payload, at).map(u16::from_be_bytes);
            let length = usize::from(number(4)?);
            let to = SocketAddrV4::new(to, number(2)?);
            Some(Question::Datagram {
                from,
                port: number(0)?,
                to,
                payload: payload.get(UDP..length)?,
            })
        }
        _ => None,
    }
}

/// "I have that address."
pub(crate) fn arp_reply(from: Station, to: Station) -> Vec<u8> {
    let mut frame = ethernet(from.mac, to.mac, TYPE_ARP);
    frame.extend_from_slice(&[0, 1, 8, 0, 6, 4, 0, 2]);
    for station in [from, to] {
        frame.extend_from_slice(&station.mac);
        frame.extend_from_slice(&station.ip.octets());
    }
    frame
}

/// The answer to an echo request: the same message, turned round.
pub(crate) fn ping_reply(from: Station, to: Station, request: &[u8]) -> Vec<u8> {
    let mut message = request.to_vec();
    message[0] = 0;
    message[2..4].fill(0);
    let sum = checksum(&message, 0);
    message[2..4].copy_from_slice(&sum.to_be_bytes());
    ipv4(from, to, PROTOCOL_ICMP, &message)
}

/// A UDP datagram.
pub(crate) fn datagram(
    from: (Station, u16),
    to: (Station, u16),
    payload: &[u8],
) -> Option<Vec<u8>> {
    let length = u16::try_from(UDP + payload.len()).ok().filter(|length| *length <= 1480)?;
    let mut message = Vec::with_capacity(usize::from(length));
    message.extend_from_slice(&from.1.to_be_bytes());
    message.extend_from_slice(&to.1.to_be_bytes());
    message.extend_from_slice(&length.to_be_bytes());
    message.extend_from_slice(&[0, 0]);
    message.extend_from_slice(payload);
    // The checksum covers the addresses too; zero would mean "none".
    let mut pseudo = Vec::with_capacity(12);
    pseudo.extend_from_slice(&from.0.ip.octets());
    pseudo.extend_from_slice(&to.0.ip.octets());
    pseudo.extend_from_slice(&[0, PROTOCOL_UDP]);
    pseudo.extend_from_slice(&length.to_be_bytes());
    let sum = match checksum(&message, partial_sum(&pseudo)) {
        0 => 0xffff,
        sum => sum,
    };
    message[6..8].copy_from_slice(&sum.to_be_bytes());
    Some(ipv4(from.0, to.0, PROTOCOL_UDP, &message))
}

/// An IPv4 packet in an Ethernet frame.
fn ipv4(from: Station, to: Station, protocol: u8, payload: &[u8]) -> Vec<u8> {
    let total = u16::try_from(IPV4 + payload.len()).unwrap_or(u16::MAX).to_be_bytes();
    let mut header =
        [0x45, 0, total[0], total[1], 0, 0, 0x40, 0, 64, protocol, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    header[12..16].copy_from_slice(&from.ip.octets());
    header[16..20].copy_from_slice(&to.ip.octets());
    let sum = checksum(&header, 0);
    header[10..12].copy_from_slice(&sum.to_be_bytes());
    let mut frame = ethernet(from.mac, to.mac, TYPE_IPV4);
    frame.extend_from_slice(&header);
    frame.extend_from_slice(payload);
    frame
}

fn ethernet(from: Mac, to: Mac, kind: u16) -> Vec<u8> {
    let mut frame = Vec::with_capacity(ETHERNET + 64);
    frame.extend_from_slice(&to);
    frame.extend_from_slice(&from);
    frame.extend_from_slice(&kind.to_be_bytes());
    frame
}

/// The Internet checksum; over data that carries its own, it is 0.
fn checksum(bytes: &[u8], start: u32) -> u16 {
    let mut sum = start + partial_sum(bytes);
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

/// The sum of 16-bit words, before it is folded.
fn partial_sum(bytes: &[u8]) -> u32 {
    bytes
        .chunks(2)
        .map(|pair| u32::from(pair[0]) << 8 | u32::from(pair.get(1).copied().unwrap_or(0)))
        .sum()
}

/// A fixed number of bytes at a position.
fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at + N)?.try_into().ok()
}

#[cfg(test)]
#[path = "packet/tests.rs"]
mod tests;
