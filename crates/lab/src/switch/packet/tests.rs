// SPDX-License-Identifier: Apache-2.0

use super::*;

const BMC: Station = Station { mac: [0x52, 0x54, 0, 3, 0, 0], ip: Ipv4Addr::new(10, 77, 0, 111) };
const CTL2: Station = Station { mac: [0x52, 0x54, 0, 1, 0, 1], ip: Ipv4Addr::new(10, 77, 0, 12) };

/// The Internet checksum as RFC 1071 words it, apart from the code under test.
fn folded(words: impl Iterator<Item = u16>) -> u16 {
    words.fold(0, |sum: u16, word| {
        let (sum, carry) = sum.overflowing_add(word);
        sum + u16::from(carry)
    })
}

fn words(bytes: &[u8]) -> Vec<u16> {
    let mut padded = bytes.to_vec();
    padded.resize(bytes.len().next_multiple_of(2), 0);
    padded.chunks(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect()
}

#[test]
fn an_arp_request_is_answered() {
    let mut request = ethernet(CTL2.mac, [0xff; 6], TYPE_ARP);
    request.extend_from_slice(&[0, 1, 8, 0, 6, 4, 0, 1]);
    request.extend_from_slice(&CTL2.mac);
    request.extend_from_slice(&CTL2.ip.octets());
    request.extend_from_slice(&[0; 6]);
    request.extend_from_slice(&BMC.ip.octets());
    request.resize(60, 0);
    assert_eq!(parse(&request), Some(Question::Arp { from: CTL2, wanted: BMC.ip }));

    let reply = arp_reply(BMC, CTL2);
    assert_eq!(addresses(&reply), Some((CTL2.mac, BMC.mac)));
    assert_eq!(reply[14..22], [0, 1, 8, 0, 6, 4, 0, 2]);
    assert_eq!(reply[22..28], BMC.mac);
    assert_eq!(reply[28..32], BMC.ip.octets());
    assert_eq!(parse(&reply), None, "an answer is not a question");
}

#[test]
fn a_datagram_is_read_back_as_it_was_written() {
    for payload in [&b""[..], b"odd", b"even"] {
        let frame = datagram((CTL2, 40_000), (BMC, 623), payload).unwrap();
        let to = SocketAddrV4::new(BMC.ip, 623);
        assert_eq!(
            parse(&frame),
            Some(Question::Datagram { from: CTL2, port: 40_000, to, payload })
        );
    }
}

#[test]
fn checksums_are_those_of_the_standard() {
    let frame = datagram((CTL2, 40_000), (BMC, 623), b"odd").unwrap();
    let (header, udp) = frame[ETHERNET..].split_at(IPV4);
    assert_eq!(folded(words(header).into_iter()), 0xffff);
    let pseudo = [&header[12..20], &[0, PROTOCOL_UDP], &udp[4..6]].concat();
    assert_eq!(folded(words(&pseudo).into_iter().chain(words(udp))), 0xffff);
}

#[test]
fn a_ping_is_turned_round() {
    let mut message = vec![8, 0, 0, 0, 0x12, 0x34, 0, 1, b'p'];
    let sum = checksum(&message, 0);
    message[2..4].copy_from_slice(&sum.to_be_bytes());
    let request = ipv4(CTL2, BMC, PROTOCOL_ICMP, &message);
    assert_eq!(parse(&request), Some(Question::Ping { from: CTL2, to: BMC.ip, message: &message }));
    let reply = ping_reply(BMC, CTL2, &message);
    let answer = &reply[ETHERNET + IPV4..];
    assert_eq!((answer[0], &answer[4..]), (0, &message[4..]));
    assert_eq!(folded(words(answer).into_iter()), 0xffff);
}

#[test]
fn damaged_and_unfamiliar_frames_are_passed_over() {
    let good = datagram((CTL2, 1), (BMC, 623), b"payload").unwrap();
    for length in 0..good.len() {
        assert_eq!(parse(&good[..length]), None, "{length} bytes");
    }
    let mut wrong_sum = good.clone();
    wrong_sum[ETHERNET + 8] ^= 1;
    assert_eq!(parse(&wrong_sum), None);
    let mut version_6 = good;
    version_6[12..14].copy_from_slice(&0x86dd_u16.to_be_bytes());
    assert_eq!(parse(&version_6), None);
    assert_eq!(datagram((CTL2, 1), (BMC, 623), &[0; 1500]), None);
}
