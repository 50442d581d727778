// SPDX-License-Identifier: Apache-2.0
//! QEMU's machine protocol: one JSON object a line over a Unix socket.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::error::Error;

/// How long an answer may take; stopping or saving is asked for separately.
const ANSWER: Duration = Duration::from_secs(20);

/// A connection to one machine's monitor.
pub(crate) struct Monitor {
    machine: String,
    stream: BufReader<UnixStream>,
}

impl Monitor {
    /// Connects and negotiates.
    pub(crate) fn connect(machine: &str, socket: &Path) -> Result<Self, Error> {
        let failed = |error: std::io::Error| Error::Monitor {
            machine: machine.to_owned(),
            command: "connecting".to_owned(),
            reason: error.to_string(),
        };
        let stream = UnixStream::connect(socket).map_err(failed)?;
        stream.set_read_timeout(Some(ANSWER)).map_err(failed)?;
        stream.set_write_timeout(Some(ANSWER)).map_err(failed)?;
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
