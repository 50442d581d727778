// SPDX-License-Identifier: Apache-2.0
//! A BMC's place on the cluster network: answers for its address, and relays
//! IPMI between the machines and the simulator on the host's loopback.

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::time::{Duration, Instant};

use super::packet::{self, Question, Station};

/// IPMI over LAN.
const IPMI_PORT: u16 = 623;
/// Conversations at a time; the oldest gives way.
const SESSIONS_MAX: usize = 32;
/// A conversation that has been silent for so long is over.
const SESSION_IDLE: Duration = Duration::from_secs(60);

/// One BMC's presence.
pub(crate) struct Gateway {
    station: Station,
    simulator: SocketAddrV4,
    sessions: HashMap<SocketAddrV4, Session>,
}

/// A conversation of one client with the simulator.
struct Session {
    client: Station,
    socket: UdpSocket,
    used: Instant,
}

impl Gateway {
    /// A BMC whose simulator listens at that loopback port.
    pub(crate) fn new(station: Station, port: u16) -> Self {
        let simulator = SocketAddrV4::new(Ipv4Addr::LOCALHOST, port);
        Self { station, simulator, sessions: HashMap::new() }
    }

    /// Takes a frame from the network; returns the answer if it has one now.
    pub(crate) fn receive(&mut self, frame: &[u8], now: Instant) -> Option<Vec<u8>> {
        match packet::parse(frame)? {
            Question::Arp { from, wanted } if wanted == self.station.ip => {
                Some(packet::arp_reply(self.station, from))
            }
            Question::Ping { from, to, message } if to == self.station.ip => {
                Some(packet::ping_reply(self.station, from, message))
            }
            Question::Datagram { from, port, to, payload }
                if to == SocketAddrV4::new(self.station.ip, IPMI_PORT) =>
            {
                // A simulator that is not there is a BMC that is not there.
                let _ = self.relay(from, port, payload, now);
                None
            }
            _ => None,
        }
    }

    /// The sockets on which the simulator may answer, with their clients.
    pub(crate) fn sockets(&self) -> impl Iterator<Item = (SocketAddrV4, &UdpSocket)> {
        self.sessions.iter().map(|(client, session)| (*client, &session.socket))
    }

    /// The next answer of the simulator to a client, as a frame.
    pub(crate) fn answer(&self, client: SocketAddrV4, buffer: &mut [u8]) -> Option<Vec<u8>> {
        let session = self.sessions.get(&client)?;
        let length = session.socket.recv(buffer).ok()?;
        packet::datagram(
            (self.station, IPMI_PORT),
            (session.client, client.port()),
            &buffer[..length],
        )
    }

    fn relay(&mut self, from: Station, port: u16, payload: &[u8], now: Instant) -> io::Result<()> {
        let client = SocketAddrV4::new(from.ip, port);
        if !self.sessions.contains_key(&client) {
            self.make_room(now);
            let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
            socket.connect(self.simulator)?;
            socket.set_nonblocking(true)?;
            self.sessions.insert(client, Session { client: from, socket, used: now });
        }
        if let Some(session) = self.sessions.get_mut(&client) {
            session.used = now;
            session.client = from;
            session.socket.send(payload)?;
        }
        Ok(())
    }

    /// Forgets conversations that are over.
    fn make_room(&mut self, now: Instant) {
        self.sessions.retain(|_, session| now.duration_since(session.used) < SESSION_IDLE);
        if self.sessions.len() >= SESSIONS_MAX {
            let oldest = self.sessions.iter().min_by_key(|(_, session)| session.used);
            if let Some(client) = oldest.map(|(client, _)| *client) {
                self.sessions.remove(&client);
            }
        }
    }
}

#[cfg(test)]
#[path = "gateway/tests.rs"]
mod tests;
