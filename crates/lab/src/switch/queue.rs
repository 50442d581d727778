// SPDX-License-Identifier: Apache-2.0
//! Frames that wait: for their time, or for a machine that is slow to read.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::io;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::time::Instant;

use super::fabric::PortId;

/// Frames that may wait for one machine: the kernel keeps some ten itself,
/// too few for a burst.
const BACKLOG: usize = 300;

/// Frames that may wait for their time, so that a long delay under load does
/// not eat the host's memory.
const DELAYED_MAX: usize = 20_000;

/// The machine's end of a cable.
pub(crate) struct Outlet {
    path: PathBuf,
    socket: Option<UnixDatagram>,
    waiting: VecDeque<Vec<u8>>,
}

/// What became of a frame.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Handover {
    /// The machine has it, or will have it soon.
    Taken,
    /// Nobody listens, or too many wait.
    Dropped,
}

impl Outlet {
    /// A cable to the socket of that path, where a machine may listen or not.
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, socket: None, waiting: VecDeque::new() }
    }

    /// Hands a frame over.
    pub(crate) fn send(&mut self, frame: &[u8]) -> Handover {
        if !self.waiting.is_empty() {
            self.flush();
        }
        if self.waiting.is_empty() {
            match self.try_send(frame) {
                Ok(()) => return Handover::Taken,
                Err(error) if is_full(&error) => {}
                Err(_) => return Handover::Dropped,
            }
        }
        if self.waiting.len() >= BACKLOG {
            return Handover::Dropped;
        }
        self.waiting.push_back(frame.to_vec());
        Handover::Taken
    }

    /// Hands over what waits, as far as the machine takes it.
    pub(crate) fn flush(&mut self) {
        while let Some(frame) = self.waiting.pop_front() {
            match self.try_send(&frame) {
                Ok(()) => {}
                Err(error) if is_full(&error) => {
                    self.waiting.push_front(frame);
                    return;
                }
                // The machine is off: what was under way is lost.
                Err(_) => return self.waiting.clear(),
            }
        }
    }

    /// The socket to wait on while frames wait.
    pub(crate) fn blocked_on(&self) -> Option<&UnixDatagram> {
        self.socket.as_ref().filter(|_| !self.waiting.is_empty())
    }

    /// Sends at once or fails; a machine that was started anew has a new
    /// socket under the old path.
    fn try_send(&mut self, frame: &[u8]) -> io::Result<()> {
        if let Some(socket) = &self.socket {
            match socket.send(frame) {
                Ok(_) => return Ok(()),
                Err(error) if is_full(&error) => return Err(error),
                Err(_) => self.socket = None,
            }
        }
        // Waiting for room works only on a connected socket.
        let socket = UnixDatagram::unbound()?;
        socket.set_nonblocking(true)?;
        socket.connect(&self.path)?;
        let sent = socket.send(frame).map(drop);
        self.socket = Some(socket);
        sent
    }
}

/// Whether a send failed only because the receiver is slow.
fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
        || error.raw_os_error() == Some(rustix::io::Errno::NOBUFS.raw_os_error())
}

/// When a frame is due, its number, where it goes, and the frame.
type Waiting = (Instant, u64, PortId, Vec<u8>);

/// Frames that wait for their time.
#[derive(Default)]
pub(crate) struct Delayed {
    heap: BinaryHeap<Reverse<Waiting>>,
    count: u64,
}

impl Delayed {
    /// Keeps a frame until then; frames of the same moment keep their order.
    pub(crate) fn push(&mut self, due: Instant, port: PortId, frame: Vec<u8>) -> Handover {
        if self.heap.len() >= DELAYED_MAX {
            return Handover::Dropped;
        }
        self.count += 1;
        self.heap.push(Reverse((due, self.count, port, frame)));
        Handover::Taken
    }

    /// When the next frame is due.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        self.heap.peek().map(|Reverse((due, ..))| *due)
    }

    /// The next frame whose time has come.
    pub(crate) fn pop(&mut self, now: Instant) -> Option<(PortId, Vec<u8>)> {
        if self.next_due()? > now {
            return None;
        }
        self.heap.pop().map(|Reverse((_, _, port, frame))| (port, frame))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_slow_machine_gets_everything_in_order_and_the_excess_is_dropped() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("m");
        let machine = UnixDatagram::bind(&path).unwrap();
        machine.set_nonblocking(true).unwrap();
        let mut outlet = Outlet::new(path);
        let sent =
            (0..1000u32).take_while(|n| outlet.send(&n.to_be_bytes()) == Handover::Taken).count();
        assert!((BACKLOG..BACKLOG + 600).contains(&sent), "{sent}");
        assert!(outlet.blocked_on().is_some());
        let mut buffer = [0; 4];
        let mut received = 0u32;
        while machine.recv(&mut buffer).is_ok() {
            assert_eq!(u32::from_be_bytes(buffer), received);
            received += 1;
            outlet.flush();
        }
        assert_eq!(received as usize, sent);
        assert!(outlet.blocked_on().is_none());
    }

    #[test]
    fn a_machine_that_was_started_anew_is_found() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("m");
        let mut outlet = Outlet::new(path.clone());
        assert_eq!(outlet.send(b"one"), Handover::Dropped);
        let first = UnixDatagram::bind(&path).unwrap();
        assert_eq!(outlet.send(b"two"), Handover::Taken);
        drop(first);
        assert_eq!(outlet.send(b"three"), Handover::Dropped);
        std::fs::remove_file(&path).unwrap();
        let second = UnixDatagram::bind(&path).unwrap();
        assert_eq!(outlet.send(b"four"), Handover::Taken);
        let mut buffer = [0; 8];
        assert_eq!(second.recv(&mut buffer).unwrap(), 4);
    }

    #[test]
    fn delayed_frames_come_in_the_order_of_their_time() {
        let start = Instant::now();
        let after = |ms| start + Duration::from_millis(ms);
        let mut delayed = Delayed::default();
        for (ms, port) in [(20, 1), (10, 2), (10, 3)] {
            assert_eq!(delayed.push(after(ms), port, Vec::new()), Handover::Taken);
        }
        assert_eq!(delayed.pop(after(5)), None);
        assert_eq!(delayed.pop(after(10)).unwrap().0, 2);
        assert_eq!(delayed.pop(after(10)).unwrap().0, 3);
        assert_eq!(delayed.pop(after(10)), None);
        assert_eq!(delayed.next_due(), Some(after(20)));
    }
}
