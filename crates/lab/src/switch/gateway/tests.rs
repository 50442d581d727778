// SPDX-License-Identifier: Apache-2.0

use super::*;
use crate::switch::packet::datagram;

const BMC: Station = Station { mac: [0x52, 0x54, 0, 3, 0, 0], ip: Ipv4Addr::new(10, 77, 0, 111) };
const CTL2: Station = Station { mac: [0x52, 0x54, 0, 1, 0, 1], ip: Ipv4Addr::new(10, 77, 0, 12) };

fn simulator() -> (UdpSocket, Gateway) {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let port = socket.local_addr().unwrap().port();
    (socket, Gateway::new(BMC, port))
}

#[test]
fn ipmi_goes_to_the_simulator_and_its_answer_comes_back() {
    let (simulator, mut gateway) = simulator();
    let question = datagram((CTL2, 40_000), (BMC, IPMI_PORT), b"question").unwrap();
    assert_eq!(gateway.receive(&question, Instant::now()), None);
    let mut buffer = [0; 100];
    let (length, relay) = simulator.recv_from(&mut buffer).unwrap();
    assert_eq!(&buffer[..length], b"question");
    simulator.send_to(b"answer", relay).unwrap();

    let client = SocketAddrV4::new(CTL2.ip, 40_000);
    let (found, socket) = gateway.sockets().next().unwrap();
    assert_eq!(found, client);
    socket.set_nonblocking(false).unwrap();
    let frame = gateway.answer(client, &mut buffer).unwrap();
    assert_eq!(frame, datagram((BMC, IPMI_PORT), (CTL2, 40_000), b"answer").unwrap());
}

#[test]
fn other_addresses_and_ports_get_no_answer() {
    let (_simulator, mut gateway) = simulator();
    let other = Station { ip: Ipv4Addr::new(10, 77, 0, 112), ..BMC };
    for (to, port) in [(other, IPMI_PORT), (BMC, 22)] {
        let frame = datagram((CTL2, 40_000), (to, port), b"?").unwrap();
        assert_eq!(gateway.receive(&frame, Instant::now()), None);
    }
    assert_eq!(gateway.sockets().count(), 0);
}

#[test]
fn conversations_are_bounded_and_end() {
    let (_simulator, mut gateway) = simulator();
    let start = Instant::now();
    for port in 1..=100 {
        let frame = datagram((CTL2, port), (BMC, IPMI_PORT), b"?").unwrap();
        gateway.receive(&frame, start);
    }
    assert_eq!(gateway.sockets().count(), SESSIONS_MAX);
    let frame = datagram((CTL2, 200), (BMC, IPMI_PORT), b"?").unwrap();
    gateway.receive(&frame, start + SESSION_IDLE);
    assert_eq!(gateway.sockets().count(), 1);
}
