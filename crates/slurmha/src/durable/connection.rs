// SPDX-License-Identifier: Apache-2.0
//! One question on one connection.

use std::io::{self, Read, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use slurmha_core::durable::{Answer, MAX_QUESTION, Question, looks_like_credential};
use slurmha_host::System;
use slurmha_host::program::munge;

use super::gate::{Gate, Guest, Guests, Place};
use super::saves;
use super::waiters::Waiters;

/// From the connection to the end of the question.
const READING: Duration = Duration::from_secs(5);
/// An answer fits into the socket's buffer; this is for a broken one.
const WRITING: Duration = Duration::from_secs(5);
/// Programs at a time: they are quick, and slurmctld's machine has other work.
const PROGRAMS: usize = 8;

/// What all connections share.
pub struct Service<'s> {
    system: &'s dyn System,
    pub guests: Guests,
    pub waiters: Waiters,
    programs: Gate,
}

/// A client that was let in.
pub struct Connection<'s> {
    pub stream: TcpStream,
    pub place: Place<'s>,
}

impl<'s> Service<'s> {
    /// Without a guest.
    pub fn new(system: &'s dyn System) -> Self {
        let (guests, waiters) = (Guests::default(), Waiters::default());
        Self { system, guests, waiters, programs: Gate::new(PROGRAMS) }
    }

    /// The answer to a line.
    fn consider(&self, line: &[u8]) -> Answer {
        let refuse = |why: &str| Answer::Refused(why.to_owned());
        if !looks_like_credential(line) {
            return refuse("this is no munge credential");
        }
        let line = String::from_utf8_lossy(line);
        let credential = match self.programs.pass(|| munge::open(self.system, &line)) {
            Ok(Some(credential)) => credential,
            Ok(None) => return refuse("munge does not accept the credential"),
            Err(error) => {
                eprintln!("a credential could not be checked: {error}");
                return refuse("munge does not work on the controller");
            }
        };
        let question: Question = match credential.payload.parse() {
            Ok(question) => question,
            Err(error) => return Answer::Refused(error.to_string()),
        };
        match self.guests.admit(Guest::User(credential.uid)) {
            Some(_place) => self.wait(&question),
            None => Answer::Busy,
        }
    }

    fn wait(&self, question: &Question) -> Answer {
        // After the acknowledgement, which the client had before it asked.
        let arrived = self.system.now();
        let until = self.system.elapsed() + question.wait;
        let told = self.waiters.join(question.job, arrived, until);
        if told.recv_timeout(question.wait).is_err() {
            return Answer::NotYet;
        }
        match self.programs.pass(|| saves::is_known(self.system, question.job)) {
            Ok(true) => Answer::Saved,
            Ok(false) => Answer::Unknown,
            Err(error) => {
                eprintln!("job {} could not be asked for: {error}", question.job);
                Answer::Refused("slurmctld does not answer".to_owned())
            }
        }
    }
}

impl Connection<'_> {
    /// Reads the question and answers it. A client that has gone away is
    /// nobody's problem.
    pub fn answer(mut self, service: &Service<'_>) {
        let answer = match read_line(&mut self.stream) {
            Ok(line) => service.consider(&line),
            Err(_) => Answer::Refused("there was no question".to_owned()),
        };
        send(&self.stream, &answer);
        drop(self.place);
    }
}

/// Says that there is no room.
pub fn turn_away(stream: TcpStream) {
    // Never to be waited for: this is the thread that accepts.
    if stream.set_nonblocking(true).is_ok() {
        send(&stream, &Answer::Busy);
    }
}

fn send(mut stream: &TcpStream, answer: &Answer) {
    let written = stream
        .set_write_timeout(Some(WRITING))
        .and_then(|()| stream.write_all(format!("{answer}\n").as_bytes()));
    // Who does not read it does not want it.
    drop(written);
}

/// A line without its newline, however slowly it comes, within the limits.
fn read_line(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let deadline = Instant::now() + READING;
    let mut line = Vec::new();
    let mut piece = [0; 512];
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() || line.len() >= MAX_QUESTION {
            return Err(io::ErrorKind::TimedOut.into());
        }
        stream.set_read_timeout(Some(left))?;
        match stream.read(&mut piece) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => line.extend_from_slice(&piece[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        if let Some(end) = line.iter().position(|byte| *byte == b'\n') {
            line.truncate(end);
            return Ok(line);
        }
    }
}

#[cfg(test)]
#[path = "connection_tests.rs"]
mod tests;
