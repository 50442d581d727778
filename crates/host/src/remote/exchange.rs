// SPDX-License-Identifier: Apache-2.0
//! One command on a machine: JSON in, lines of JSON out.

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use slurmha_core::observe::{Observation, ObserveRequest};
use slurmha_core::plan::{Step, StepEvent};

use super::{Printed, Remote, RemoteError};
use crate::command::{Command, CommandOutput, Exit};
use crate::local::Local;
use crate::simulate::Moves;
use crate::system::System as _;

/// The remote shell's status when the binary is not there. slurmha has no such
/// status of its own, and that something was printed says nothing: a login
/// shell may have done that before it looked.
const MISSING: Exit = Exit::Status(127);

impl Remote {
    /// Runs `slurmha node ARGUMENTS` on a host with this input, and calls
    /// `on_line` for each line of its output as it comes. The binary is
    /// placed first where it is missing.
    ///
    /// # Errors
    /// When the host cannot be reached, or the program there fails.
    pub fn exchange(
        &self,
        host: &str,
        arguments: &[&str],
        stdin: &[u8],
        on_line: &mut dyn FnMut(&str),
        timeout: Duration,
    ) -> Result<(), RemoteError> {
        let mut output = self.attempt(host, arguments, stdin, on_line, timeout)?;
        if output.exit == MISSING {
            self.upload(host)?;
            output = self.attempt(host, arguments, stdin, on_line, timeout)?;
        }
        if output.ok() {
            return Ok(());
        }
        let noise = output.stderr_text();
        let reason = noise.trim().to_owned();
        let crashed = RemoteError::Crashed { host: host.to_owned(), exit: output.exit, reason };
        Err(sudo_error(host, &noise).unwrap_or(crashed))
    }

    fn attempt(
        &self,
        host: &str,
        arguments: &[&str],
        stdin: &[u8],
        on_line: &mut dyn FnMut(&str),
        timeout: Duration,
    ) -> Result<CommandOutput, RemoteError> {
        let command = self.node_command(host, arguments)?.stdin(stdin).timeout(timeout);
        let mut lines = Lines { partial: Vec::new(), on_line };
        self.ssh.execute(host, &command, &mut |bytes| {
            lines.add(bytes);
            true
        })
    }

    /// `slurmha node ARGUMENTS` as root on a host, through ssh. What it prints
    /// begins on a line of its own, whatever the login shell has printed.
    pub(super) fn node_command(
        &self,
        host: &str,
        arguments: &[&str],
    ) -> Result<Command, RemoteError> {
        let path = self.binary()?.remote_path();
        let words: Vec<String> = arguments.iter().map(|word| crate::command::quote(word)).collect();
        let words = words.join(" ");
        let script = format!("test -x {path} || exit 127; echo; exec {path} node {words}");
        Ok(self.ssh.command(host, &self.as_root(&script)))
    }

    /// Reads the state of a machine.
    ///
    /// # Errors
    /// When the host cannot be reached, or its answer makes no sense.
    pub fn observe(
        &self,
        host: &str,
        request: &ObserveRequest,
        timeout: Duration,
    ) -> Result<Observation, RemoteError> {
        let mut seen: Observation = self.ask(host, "observe", &json(host, request)?, timeout)?;
        seen.heard = Some(Local::new().now());
        Ok(seen)
    }

    /// The moves that Pacemaker would make with this configuration, as text;
    /// empty when nothing moves or no cluster runs there.
    ///
    /// # Errors
    /// When the host cannot be reached, or its answer makes no sense.
    pub fn simulate(
        &self,
        host: &str,
        configuration: &str,
        timeout: Duration,
    ) -> Result<String, RemoteError> {
        let answer: Moves = self.ask(host, "simulate", configuration.as_bytes(), timeout)?;
        Ok(answer.moves)
    }

    /// A question whose answer is one line of JSON, the last one.
    fn ask<T: DeserializeOwned>(
        &self,
        host: &str,
        question: &str,
        stdin: &[u8],
        timeout: Duration,
    ) -> Result<T, RemoteError> {
        let (mut answer, mut printed) = (None, Printed::default());
        let mut on_line = |line: &str| {
            if line.starts_with('{') {
                answer = Some(serde_json::from_str(line));
            } else {
                printed.pass(line);
            }
        };
        self.exchange(host, &[question], stdin, &mut on_line, timeout)?;
        let garbled = |why| RemoteError::Garbled { host: host.to_owned(), why };
        match answer {
            Some(answer) => answer.map_err(|error: serde_json::Error| garbled(error.to_string())),
            None => Err(garbled(format!("there is none{printed}"))),
        }
    }

    /// Executes steps on a machine; `on_event` hears how it goes, secrets
    /// that were asked for included.
    ///
    /// # Errors
    /// When the host cannot be reached, the connection breaks, or a step
    /// fails; the error names the step.
    pub fn apply(
        &self,
        host: &str,
        steps: &[Step],
        on_event: &mut dyn FnMut(&StepEvent),
        timeout: Duration,
    ) -> Result<(), RemoteError> {
        let mut progress = Progress::default();
        let mut on_line = |line: &str| match serde_json::from_str(line) {
            Ok(event) => {
                progress.note(&event);
                on_event(&event);
            }
            Err(error) if line.starts_with('{') => progress.garbled = Some(error.to_string()),
            Err(_) => {}
        };
        let result = self.exchange(host, &["apply"], &json(host, &steps)?, &mut on_line, timeout);
        progress.conclude(host, steps, result)
    }
}

/// How far a list of steps got.
#[derive(Default)]
struct Progress {
    at_work: Option<usize>,
    done: usize,
    failed: Option<StepEvent>,
    garbled: Option<String>,
}

impl Progress {
    fn note(&mut self, event: &StepEvent) {
        match event {
            StepEvent::Started { step } => self.at_work = Some(*step),
            StepEvent::Done { .. } => {
                self.at_work = None;
                self.done += 1;
            }
            StepEvent::Failed { .. } => self.failed = Some(event.clone()),
            StepEvent::Progress { .. } | StepEvent::Secret { .. } => {}
        }
    }

    fn conclude(
        self,
        host: &str,
        steps: &[Step],
        result: Result<(), RemoteError>,
    ) -> Result<(), RemoteError> {
        let host = host.to_owned();
        let summary = |step: usize| steps.get(step).map(Step::summary).unwrap_or_default();
        if let Some(StepEvent::Failed { step, message, hint, refused }) = self.failed {
            return Err(RemoteError::StepFailed {
                host,
                step: summary(step),
                message,
                hint,
                refused,
            });
        }
        match (result, self.at_work) {
            (Err(source), Some(step)) => {
                Err(RemoteError::DuringStep { host, step: summary(step), source: Box::new(source) })
            }
            (Err(error), None) => Err(error),
            (Ok(()), _) if self.done == steps.len() => Ok(()),
            (Ok(()), _) => {
                let counted = format!("{} of {} steps were reported", self.done, steps.len());
                Err(RemoteError::Garbled { host, why: self.garbled.unwrap_or(counted) })
            }
        }
    }
}

/// sudo's refusal in its own words, when that is what it is.
pub(super) fn sudo_error(host: &str, noise: &str) -> Option<RemoteError> {
    let reason = noise.lines().find(|line| line.starts_with("sudo:"))?.to_owned();
    Some(RemoteError::NoSudo { host: host.to_owned(), reason })
}

fn json(host: &str, value: &impl Serialize) -> Result<Vec<u8>, RemoteError> {
    serde_json::to_vec(value)
        .map_err(|error| RemoteError::Garbled { host: host.to_owned(), why: error.to_string() })
}

/// Cuts a stream of bytes into lines.
struct Lines<'a> {
    partial: Vec<u8>,
    on_line: &'a mut dyn FnMut(&str),
}

impl Lines<'_> {
    fn add(&mut self, bytes: &[u8]) {
        self.partial.extend_from_slice(bytes);
        while let Some(end) = self.partial.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.partial.drain(..=end).collect();
            (self.on_line)(String::from_utf8_lossy(&line).trim_end());
        }
    }
}
