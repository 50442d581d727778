// SPDX-License-Identifier: Apache-2.0
//! QEMU's machine protocol: one JSON object a line over a Unix socket.

use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};
use serde_json::{Value, json};

use crate::error::Error;

/// How long an answer may take; stopping or saving is asked for separately.
pub(crate) const ANSWER: Duration = Duration::from_secs(20);

/// Why a machine that has power does nothing, from QEMU's word for what it is at;
/// `None` if it runs.
pub(crate) fn standstill(run_state: &str) -> Option<String> {
    let why = match run_state {
        "running" => return None,
        // What QEMU does with a guest whose write the host has no room for (werror=enospc).
        "io-error" => "is this host's disk full?",
        "finish-migrate" | "postmigrate" => "its memory has been saved",
        "inmigrate" => "its memory is being read",
        other => return Some(other.to_owned()),
    };
    Some(format!("{run_state}: {why}"))
}

/// A connection whose making and writing are given up in time. connect(2) waits for
/// as long as a queue is full, and QEMU's is after two that were not waited for.
fn connect_within(socket: &Path, limit: Duration) -> io::Result<UnixStream> {
    let fd = socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    set_socket_timeout(&fd, Timeout::Send, Some(limit))?;
    connect(&fd, &SocketAddrUnix::new(socket)?)?;
    Ok(UnixStream::from(fd))
}

/// A connection to one machine's monitor.
pub(crate) struct Monitor {
    machine: String,
    stream: BufReader<UnixStream>,
}

impl Monitor {
    /// Connects and negotiates. A monitor talks with one at a time: a second one is
    /// answered when the first has gone, if that is within the limit.
    pub(crate) fn connect(machine: &str, socket: &Path, limit: Duration) -> Result<Self, Error> {
        let failed = |error: io::Error| Error::Monitor {
            machine: machine.to_owned(),
            command: "connecting".to_owned(),
            reason: error.to_string(),
        };
        let stream = connect_within(socket, limit).map_err(failed)?;
        stream.set_read_timeout(Some(limit)).map_err(failed)?;
        let mut monitor = Self { machine: machine.to_owned(), stream: BufReader::new(stream) };
        monitor.read("connecting")?;
        monitor.execute("qmp_capabilities", Value::Null)?;
        Ok(monitor)
    }

    /// Runs a command and returns its answer.
    pub(crate) fn execute(&mut self, command: &str, arguments: Value) -> Result<Value, Error> {
        self.send(command, arguments)?;
        self.answer(command)
    }

    /// Sends a command without waiting for its answer.
    pub(crate) fn send(&mut self, command: &str, arguments: Value) -> Result<(), Error> {
        let mut request = json!({ "execute": command });
        if !arguments.is_null() {
            request["arguments"] = arguments;
        }
        let line = format!("{request}\n");
        let sent = self.stream.get_mut().write_all(line.as_bytes());
        sent.map_err(|error| self.failed(command, error.to_string()))
    }

    /// The answer to a command that was sent; events are passed over.
    pub(crate) fn answer(&mut self, command: &str) -> Result<Value, Error> {
        loop {
            let mut message = self.read(command)?;
            if let Some(value) = message.get_mut("return") {
                return Ok(value.take());
            }
            if let Some(error) = message.get("error") {
                let reason = error.get("desc").and_then(Value::as_str).unwrap_or("no reason given");
                return Err(self.failed(command, reason.to_owned()));
            }
        }
    }

    /// The state of the machine, such as `running` or `paused`.
    pub(crate) fn status(&mut self) -> Result<String, Error> {
        let answer = self.execute("query-status", Value::Null)?;
        Ok(answer.get("status").and_then(Value::as_str).unwrap_or_default().to_owned())
    }

    /// Lets a machine that stands still go on. Whatever still writes its memory is
    /// given up first: at its end QEMU would stop the machine again, and shortly
    /// before that it refuses `cont` ("Migration is not finalized yet").
    pub(crate) fn go_on(&mut self) -> Result<(), Error> {
        self.execute("migrate_cancel", Value::Null)?;
        let deadline = Instant::now() + ANSWER;
        while self.is_saving()? {
            if Instant::now() >= deadline {
                let reason = format!("not done in {} s", ANSWER.as_secs());
                return Err(self.failed("migrate_cancel", reason));
            }
            thread::sleep(Duration::from_millis(10));
        }
        self.execute("cont", Value::Null).map(drop)
    }

    /// Whether its memory is being written.
    fn is_saving(&mut self) -> Result<bool, Error> {
        let answer = self.execute("query-migrate", Value::Null)?;
        let status = answer.get("status").and_then(Value::as_str).unwrap_or("none");
        let over = ["none", "completed", "failed", "cancelled"].contains(&status);
        Ok(!over || self.status()? == "finish-migrate")
    }

    /// Waits until a machine that reads a frozen memory has done so.
    pub(crate) fn wait_for_incoming(&mut self, limit: Duration) -> Result<(), Error> {
        let deadline = Instant::now() + limit;
        loop {
            match self.status()?.as_str() {
                "inmigrate" if Instant::now() < deadline => {
                    thread::sleep(Duration::from_millis(10))
                }
                "paused" | "prelaunch" => return Ok(()),
                other => return Err(self.failed("incoming migration", format!("it is {other}"))),
            }
        }
    }

    /// Writes the memory of a stopped machine to a file.
    pub(crate) fn save_memory(&mut self, file: &Path, limit: Duration) -> Result<(), Error> {
        self.execute("migrate-set-parameters", json!({ "max-bandwidth": 1u64 << 40 }))?;
        let target = crate::program::quote(&file.to_string_lossy());
        self.execute("migrate", json!({ "uri": format!("exec:cat >{target}") }))?;
        let deadline = Instant::now() + limit;
        loop {
            let answer = self.execute("query-migrate", Value::Null)?;
            match answer.get("status").and_then(Value::as_str).unwrap_or_default() {
                "completed" => return Ok(()),
                "failed" | "cancelled" => {
                    let reason = answer.get("error-desc").and_then(Value::as_str);
                    return Err(self.failed("migrate", reason.unwrap_or("it failed").to_owned()));
                }
                _ if Instant::now() >= deadline => {
                    return Err(
                        self.failed("migrate", format!("not done in {} s", limit.as_secs()))
                    );
                }
                _ => thread::sleep(Duration::from_millis(10)),
            }
        }
    }

    /// One message.
    fn read(&mut self, command: &str) -> Result<Value, Error> {
        let mut line = String::new();
        match self.stream.read_line(&mut line) {
            Ok(0) => Err(self.failed(command, "it closed the connection".to_owned())),
            Ok(_) => {
                serde_json::from_str(&line).map_err(|error| self.failed(command, error.to_string()))
            }
            Err(error) => Err(self.failed(command, error.to_string())),
        }
    }

    fn failed(&self, command: &str, reason: String) -> Error {
        Error::Monitor { machine: self.machine.clone(), command: command.to_owned(), reason }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;

    #[test]
    fn a_monitor_that_never_answers_is_given_up() {
        let directory = tempfile::tempdir().unwrap();
        let socket = directory.path().join("0.qmp");
        let _listener = UnixListener::bind(&socket).unwrap();
        let limit = Duration::from_millis(20);
        let error = Monitor::connect("ctl1", &socket, limit).err().unwrap();
        assert!(matches!(error, Error::Monitor { .. }), "{error}");
    }

    #[test]
    fn a_full_queue_is_not_waited_for() {
        let directory = tempfile::tempdir().unwrap();
        let socket = directory.path().join("0.qmp");
        let listener =
            socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None);
        let listener = listener.unwrap();
        rustix::net::bind(&listener, &SocketAddrUnix::new(&socket).unwrap()).unwrap();
        rustix::net::listen(&listener, 0).unwrap();
        let limit = Duration::from_millis(20);
        let first = connect_within(&socket, limit);
        assert!(first.is_ok() && connect_within(&socket, limit).is_err());
    }
}
