// SPDX-License-Identifier: Apache-2.0
//! The connection to the front: a line of JSON each way.

use std::io::{self, BufRead, BufReader, Read as _, Write as _};
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use serde::Serialize;
use slurmha_core::portal::protocol::{Asked, LONGEST_LINE, SignIn};

/// The longest first line, in bytes: a name, and a password with every byte escaped.
const LONGEST_SIGN_IN: usize = 8 * 1024;
/// How long the front may take to send it.
const SIGN_IN_LIMIT: Duration = Duration::from_secs(10);
/// How long the front may take to read an answer: one that hangs ends the session.
const WRITE_LIMIT: Duration = Duration::from_secs(60);

/// A connection of the front's.
pub struct Connection {
    stream: UnixStream,
}

impl Connection {
    /// The one that systemd has put on the standard input.
    pub fn from_stdin() -> io::Result<Self> {
        Self::new(UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?))
    }

    /// That one.
    pub fn new(stream: UnixStream) -> io::Result<Self> {
        stream.set_write_timeout(Some(WRITE_LIMIT))?;
        Ok(Self { stream })
    }

    /// The first line. Nothing may stand behind it: that would be lost to the process
    /// that goes on with the connection.
    ///
    /// # Errors
    /// When it is late, too long or no sign-in; the error does not repeat it.
    pub fn sign_in(&mut self) -> io::Result<SignIn> {
        let strange = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what);
        let begin = Instant::now();
        let mut line = Vec::new();
        let mut piece = [0; 1024];
        while line.last() != Some(&b'\n') {
            let left = SIGN_IN_LIMIT.saturating_sub(begin.elapsed());
            if left.is_zero() || line.len() > LONGEST_SIGN_IN {
                return Err(strange("it was too slow or too long"));
            }
            self.stream.set_read_timeout(Some(left))?;
            match self.stream.read(&mut piece) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => line.extend_from_slice(piece.get(..count).unwrap_or_default()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    return Err(strange("it was too slow"));
                }
                Err(error) => return Err(error),
            }
        }
        self.stream.set_read_timeout(None)?;
        // serde's own message would repeat a part of it.
        serde_json::from_slice(&line).map_err(|_| strange("it was something else"))
    }

    /// Sends an answer.
    pub fn send(&mut self, answer: &impl Serialize) -> io::Result<()> {
        let mut line = serde_json::to_vec(answer)?;
        line.push(b'\n');
        self.stream.write_all(&line)
    }

    /// Ends the session: an answer that was sent in part would be taken for another.
    pub fn end(&self) {
        // It may have ended already.
        let _ = self.stream.shutdown(std::net::Shutdown::Both);
    }

    /// The same connection for reading requests; this one goes on to answer.
    pub fn requests(&self) -> io::Result<Requests> {
        Ok(Requests { stream: BufReader::new(self.stream.try_clone()?) })
    }
}

/// What the front asks for.
pub struct Requests {
    stream: BufReader<UnixStream>,
}

impl Requests {
    /// The next request; `None` when the front has ended the session.
    ///
    /// # Errors
    /// When it is too long or no request: then nothing that follows can be trusted.
    pub fn next(&mut self) -> io::Result<Option<Asked>> {
        let mut line = Vec::new();
        let limit = LONGEST_LINE as u64 + 1;
        match self.stream.by_ref().take(limit).read_until(b'\n', &mut line) {
            // It has gone without having read every answer (unix(7)).
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Ok(None),
            read => read?,
        };
        match line.last() {
            None => Ok(None),
            Some(b'\n') => Ok(Some(serde_json::from_slice(&line)?)),
            // Half a request is none: the front has gone, or it is too long.
            Some(_) if line.len() > LONGEST_LINE => {
                Err(io::Error::new(io::ErrorKind::InvalidData, "a request is too long"))
            }
            Some(_) => Ok(None),
        }
    }
}
