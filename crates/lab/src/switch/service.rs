// SPDX-License-Identifier: Apache-2.0
//! The process that moves the frames of one lab. One thread: it waits for
//! something to do, does it, and waits again.

use std::fs;
use std::io::{self, Read, Write};
use std::net::SocketAddrV4;
use std::os::fd::AsFd;
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use super::fabric::{Fabric, PortId};
use super::gateway::Gateway;
use super::packet::Station;
use super::protocol::{Answer, Network, Request};
use super::queue::{Delayed, Handover, Outlet};
use crate::error::Error;
use crate::qemu::{Interface, mac};
use crate::state::{Description, Paths, lock};

/// Largest frame that QEMU sends.
const FRAME_MAX: usize = 68 * 1024;
/// Frames taken from one cable before the others have their turn.
const BURST: usize = 64;
/// Wait for a slow machine before looking again whether it is there at all.
const BACKLOG_CHECK: Duration = Duration::from_millis(100);
/// How often an idle switch looks whether its lab still exists.
const IDLE: Duration = Duration::from_secs(5);
/// A request is a line of some hundred bytes.
const REQUEST_MAX: usize = 16 * 1024;

/// Runs the switch of a lab until it is killed or its lab disappears.
pub fn run(paths: &Paths) -> Result<(), Error> {
    let description = Description::load(paths)?
        .ok_or_else(|| Error::NoLab { name: paths.name.clone(), directory: paths.state.clone() })?;
    let guard = paths.sockets().join("switch.lock");
    // Two switches on the same cables would take each other's frames.
    let _held = lock(&guard, false)?.ok_or(Error::Busy { lock: guard })?;
    Switch::new(paths, &description)?.run()
}

/// What is at the end of a cable.
enum End {
    /// A machine.
    Machine { inlet: UnixDatagram, outlet: Outlet },
    /// A BMC.
    Bmc(Box<Gateway>),
}

/// Something that can happen.
#[derive(Clone, Copy)]
enum Event {
    Frame(PortId),
    Room,
    Ipmi(PortId, SocketAddrV4),
    Connect,
    Request(usize),
}

/// Someone who asks through the control socket.
struct Client {
    stream: UnixStream,
    line: Vec<u8>,
}

struct Switch {
    fabric: Fabric,
    ends: Vec<End>,
    delayed: Delayed,
    control: UnixListener,
    control_path: PathBuf,
    clients: Vec<Client>,
    buffer: Vec<u8>,
}

impl Switch {
    fn new(paths: &Paths, description: &Description) -> Result<Self, Error> {
        let (mut ports, mut ends) = (Vec::new(), Vec::new());
        for (index, machine) in description.topology.machines.iter().enumerate() {
            let mut networks = vec![Network::Cluster];
            networks.extend(machine.replication.map(|_| Network::Replication));
            for network in networks {
                let inlet = bind(&paths.cable(index, network.as_str(), 's'), UnixDatagram::bind)?;
                let nonblocking = inlet.set_nonblocking(true);
                nonblocking.map_err(Error::system("prepare a cable"))?;
                let outlet = Outlet::new(paths.cable(index, network.as_str(), 'm'));
                ports.push((machine.name.clone(), network));
                ends.push(End::Machine { inlet, outlet });
            }
            if let Some(ip) = machine.bmc {
                let station = Station { mac: mac(index, Interface::Bmc), ip };
                ports.push((machine.name.clone(), Network::Bmc));
                ends.push(End::Bmc(Box::new(Gateway::new(station, description.ports[index].bmc))));
            }
        }
        // Last, because whoever finds it may rely on the cables.
        let control_path = paths.switch_socket();
        let control = bind(&control_path, UnixListener::bind)?;
        control.set_nonblocking(true).map_err(Error::system("prepare the control socket"))?;
        Ok(Self {
            fabric: Fabric::new(ports, u64::from(std::process::id())),
            ends,
            delayed: Delayed::default(),
            control,
            control_path,
            clients: Vec::new(),
            buffer: vec![0; FRAME_MAX],
        })
    }

    fn run(mut self) -> Result<(), Error> {
        loop {
            let events = self.wait()?;
            if events.is_empty() && !self.control_path.exists() {
                return Ok(());
            }
            for event in events {
                self.handle(event);
            }
            self.clients.retain(|client| client.line.len() <= REQUEST_MAX);
            let now = Instant::now();
            while let Some((port, frame)) = self.delayed.pop(now) {
                self.hand_over(port, &frame, now);
            }
            for end in &mut self.ends {
                if let End::Machine { outlet, .. } = end
                    && outlet.blocked_on().is_some()
                {
                    outlet.flush();
                }
            }
        }
    }

    /// Waits until something happens or the next frame is due.
    fn wait(&self) -> Result<Vec<Event>, Error> {
        let mut events = Vec::new();
        let mut fds = Vec::new();
        let mut limit = IDLE;
        for (port, end) in self.ends.iter().enumerate() {
            match end {
                End::Machine { inlet, outlet } => {
                    events.push(Event::Frame(port));
                    fds.push(PollFd::from_borrowed_fd(inlet.as_fd(), PollFlags::IN));
                    if let Some(socket) = outlet.blocked_on() {
                        limit = limit.min(BACKLOG_CHECK);
                        events.push(Event::Room);
                        fds.push(PollFd::from_borrowed_fd(socket.as_fd(), PollFlags::OUT));
                    }
                }
                End::Bmc(gateway) => {
                    for (client, socket) in gateway.sockets() {
                        events.push(Event::Ipmi(port, client));
                        fds.push(PollFd::from_borrowed_fd(socket.as_fd(), PollFlags::IN));
                    }
                }
            }
        }
        events.push(Event::Connect);
        fds.push(PollFd::from_borrowed_fd(self.control.as_fd(), PollFlags::IN));
        for (number, client) in self.clients.iter().enumerate() {
            events.push(Event::Request(number));
            fds.push(PollFd::from_borrowed_fd(client.stream.as_fd(), PollFlags::IN));
        }
        if let Some(due) = self.delayed.next_due() {
            limit = limit.min(due.saturating_duration_since(Instant::now()));
        }
        let timeout = Timespec::try_from(limit).unwrap_or_default();
        match poll(&mut fds, Some(&timeout)) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(Error::system("wait for frames")(error)),
        }
        let happened = events.into_iter().zip(&fds).filter(|(_, fd)| !fd.revents().is_empty());
        Ok(happened.map(|(event, _)| event).collect())
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Frame(port) => self.take_frames(port),
            Event::Room => {} // the loop flushes every outlet that is blocked
            Event::Ipmi(port, client) => self.take_ipmi(port, client),
            Event::Connect => {
                if let Ok((stream, _)) = self.control.accept()
                    && stream.set_nonblocking(true).is_ok()
                {
                    self.clients.push(Client { stream, line: Vec::new() });
                }
            }
            Event::Request(number) => self.take_request(number),
        }
    }

    /// Moves what has come in at a machine's cable.
    fn take_frames(&mut self, port: PortId) {
        let mut buffer = std::mem::take(&mut self.buffer);
        for _ in 0..BURST {
            let End::Machine { inlet, .. } = &self.ends[port] else { break };
            let Ok(length) = inlet.recv(&mut buffer) else { break };
            self.forward(port, &buffer[..length]);
        }
        self.buffer = buffer;
    }

    /// Moves what a simulator has answered.
    fn take_ipmi(&mut self, port: PortId, client: SocketAddrV4) {
        let End::Bmc(gateway) = &self.ends[port] else { return };
        if let Some(frame) = gateway.answer(client, &mut self.buffer) {
            self.forward(port, &frame);
        }
    }

    fn forward(&mut self, from: PortId, frame: &[u8]) {
        let now = Instant::now();
        for delivery in self.fabric.forward(from, frame) {
            if delivery.delay.is_zero() {
                self.hand_over(delivery.port, frame, now);
            } else if self.delayed.push(now + delivery.delay, delivery.port, frame.to_vec())
                == Handover::Dropped
            {
                self.fabric.overflowed(delivery.port);
            }
        }
    }

    /// Gives a frame to what is at the end of a cable.
    fn hand_over(&mut self, port: PortId, frame: &[u8], now: Instant) {
        match &mut self.ends[port] {
            End::Machine { outlet, .. } => {
                if outlet.send(frame) == Handover::Dropped {
                    self.fabric.overflowed(port);
                }
            }
            End::Bmc(gateway) => {
                if let Some(answer) = gateway.receive(frame, now) {
                    self.forward(port, &answer);
                }
            }
        }
    }

    /// Reads from a client; answers when its line is complete.
    fn take_request(&mut self, number: usize) {
        // Clients are forgotten only between rounds, so the number holds.
        let Some(client) = self.clients.get_mut(number) else { return };
        let mut bytes = [0; 4096];
        match client.stream.read(&mut bytes) {
            Ok(length) if length > 0 => client.line.extend_from_slice(&bytes[..length]),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            // Gone: longer than any line, so that the loop forgets it.
            _ => client.line = vec![0; REQUEST_MAX + 1],
        }
        while let Some(end) = client.line.iter().position(|byte| *byte == b'\n') {
            let rest = client.line.split_off(end + 1);
            let line = std::mem::replace(&mut client.line, rest);
            let answer = match serde_json::from_slice::<Request>(&line) {
                Ok(request) => self.fabric.answer(&request),
                Err(error) => Answer::Refused(format!("that is not a request: {error}")),
            };
            let mut text = serde_json::to_vec(&answer).unwrap_or_default();
            text.push(b'\n');
            if client.stream.write_all(&text).is_err() {
                client.line = vec![0; REQUEST_MAX + 1];
                return;
            }
        }
    }
}

/// Binds a socket in place of one that a killed switch left behind.
fn bind<T>(path: &Path, make: impl Fn(PathBuf) -> io::Result<T>) -> Result<T, Error> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(Error::file("replace", path)(error))
        }
        _ => make(path.to_owned()).map_err(Error::file("listen at", path)),
    }
}
