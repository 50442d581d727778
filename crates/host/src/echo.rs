// SPDX-License-Identifier: Apache-2.0
//! Whether an address answers an ICMP echo (RFC 792), asked by this process itself.
//!
//! ping(8) is a program to start for each question: every two seconds, and for every
//! neighbour at once while nobody answers, it was a tenth of what an emulated controller
//! could do, and most when it had least.

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::OwnedFd;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, connect, ipproto, recv, send,
    socket_with,
};
use rustix::rand::{GetRandomFlags, getrandom};

const ECHO: u8 = 8;
const ECHO_REPLY: u8 = 0;

/// Asks once and waits for so long. Needs `CAP_NET_RAW`.
///
/// # Errors
/// When nothing could be sent: there is no route, the interface is down, or this process
/// may not.
pub fn answers(address: Ipv4Addr, limit: Duration) -> io::Result<bool> {
    let end = Instant::now() + limit;
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(AddressFamily::INET, SocketType::RAW, flags, Some(ipproto::ICMP))?;
    // From now on the kernel hands over what comes from there alone.
    connect(&socket, &SocketAddrV4::new(address, 0))?;
    let request = request()?;
    send(&socket, &request, SendFlags::empty())?;
    while let Some(rest) = end.checked_duration_since(Instant::now()) {
        if is_readable(&socket, rest)? && has_reply(&socket, &request)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// An echo request that no other process has sent, with its checksum.
fn request() -> io::Result<[u8; 8]> {
    let mut request = [ECHO, 0, 0, 0, 0, 0, 0, 0];
    getrandom(&mut request[4..], GetRandomFlags::empty())?;
    let sum = checksum(&request);
    request[2..4].copy_from_slice(&sum.to_be_bytes());
    Ok(request)
}

/// The Internet checksum (RFC 1071).
fn checksum(packet: &[u8]) -> u16 {
    let words = packet.chunks(2).map(|word| match *word {
        [high, low] => u32::from(u16::from_be_bytes([high, low])),
        [high] => u32::from(high) << 8,
        _ => 0,
    });
    let sum: u32 = words.sum();
    let folded = (sum & 0xffff) + (sum >> 16);
    !((folded & 0xffff) + (folded >> 16)) as u16
}

fn is_readable(socket: &OwnedFd, rest: Duration) -> io::Result<bool> {
    let limit = Timespec::try_from(rest).unwrap_or_default();
    match poll(&mut [PollFd::new(socket, PollFlags::IN)], Some(&limit)) {
        Ok(ready) => Ok(ready > 0),
        Err(rustix::io::Errno::INTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Whether what has come is the reply to this request. A raw socket gets every ICMP packet,
/// with its IP header (raw(7)); on this machine's own address the request, too.
fn has_reply(socket: &OwnedFd, request: &[u8; 8]) -> io::Result<bool> {
    let mut packet = [0; 512];
    match recv(socket, &mut packet, RecvFlags::empty()) {
        Ok((length, _)) => Ok(is_reply(&packet[..length.min(512)], request)),
        Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn is_reply(packet: &[u8], request: &[u8; 8]) -> bool {
    let header = packet.first().map_or(0, |first| usize::from(first & 0x0f) * 4);
    match packet.get(header..header + 8) {
        Some(icmp) => icmp[0] == ECHO_REPLY && icmp[1] == 0 && icmp[4..] == request[4..],
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_of_a_packet_with_its_checksum_is_zero() {
        for _ in 0..100 {
            assert_eq!(checksum(&request().expect("random bytes")), 0);
        }
        // RFC 1071, section 3.
        assert_eq!(checksum(&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]), !0xddf2);
    }

    #[test]
    fn only_the_reply_to_this_request_counts() {
        let request = request().expect("random bytes");
        let packet = |kind: u8, number: &[u8]| {
            let mut packet = vec![0x45; 20];
            packet.extend([kind, 0, 0, 0]);
            packet.extend(number);
            packet
        };
        assert!(is_reply(&packet(ECHO_REPLY, &request[4..]), &request));
        assert!(!is_reply(&packet(ECHO, &request[4..]), &request), "the request itself");
        // Destination unreachable, with which a router answers.
        assert!(!is_reply(&packet(3, &request[4..]), &request));
        assert!(!is_reply(&packet(ECHO_REPLY, &[!request[4], 0, 0, 0]), &request));
        for cut in 0..28 {
            assert!(!is_reply(&packet(ECHO_REPLY, &request[4..])[..cut], &request), "{cut}");
        }
    }

    /// As root alone; the laboratory asks real machines.
    #[test]
    fn this_machine_answers_itself_if_it_is_waited_for() {
        let limit = Duration::from_secs(5);
        match answers(Ipv4Addr::LOCALHOST, limit) {
            Err(error) => assert_eq!(error.kind(), io::ErrorKind::PermissionDenied, "{error}"),
            Ok(answered) => {
                assert!(answered);
                let unheard = answers(Ipv4Addr::LOCALHOST, Duration::ZERO);
                assert!(matches!(unheard, Ok(false)), "nobody waits for it: {unheard:?}");
            }
        }
    }
}
