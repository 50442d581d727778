// SPDX-License-Identifier: Apache-2.0
//! What DRBD asks, and that somebody is at work on it.
//!
//! DRBD asks once. When the handler is killed (by a kernel that is short of memory, by a person)
//! that is no answer: the I/O of a primary stays frozen for good, also when its peer is fenced a
//! second later (drbd_nl.c, `conn_try_outdate_peer`). What was asked is written down, and the
//! agent of the replication, which looks every few seconds, has it answered after all.

use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use slurmha_core::layout::{BINARY, DRBD_RESOURCE, FENCE_PEER_CALL, RUNTIME_DIRECTORY};
use slurmha_host::program::systemctl;
use slurmha_host::system::{read_trimmed, write_atomically};
use slurmha_host::{FileError, Ids, System};

/// Unit of a handler that DRBD has not called.
const UNIT: &str = "slurmha-fence-peer";

/// What DRBD says about its call.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Call {
    pub resource: String,
    pub peer: String,
}

impl Call {
    pub fn from_environment() -> Self {
        let text = |name| std::env::var(name).unwrap_or_default();
        // One name here: a host with several names is none of ours.
        let peers = text("DRBD_PEERS");
        let peer = if peers.is_empty() { text("DRBD_PEER") } else { peers };
        Self { resource: text("DRBD_RESOURCE"), peer: peer.trim().to_owned() }
    }

    /// What is wrong with it, if anything.
    pub fn objection(&self) -> Option<String> {
        let is_name = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if self.resource != DRBD_RESOURCE {
            return Some(format!("the resource is not {DRBD_RESOURCE}"));
        }
        (self.peer.is_empty() || !self.peer.chars().all(is_name))
            .then(|| "DRBD_PEERS does not name one machine".to_owned())
    }
}

/// A call, and the process that is at work on it.
#[derive(Debug, Serialize, Deserialize)]
struct Record {
    process: u32,
    call: Call,
}

/// Notes that this process is at work on it. That costs two system calls on a file system in
/// memory.
pub(super) fn begin(system: &dyn System, call: &Call) -> Result<(), FileError> {
    let directory = Path::new(RUNTIME_DIRECTORY);
    if system.metadata(directory)?.is_none() {
        system.make_directory(directory, Ids::root(0o755))?;
    }
    let record = Record { process: std::process::id(), call: call.clone() };
    let text = serde_json::to_vec(&record).unwrap_or_default();
    write_atomically(system, Path::new(FENCE_PEER_CALL), &text, Ids::root(0o600))
}

/// It has been answered.
pub(super) fn end(system: &dyn System) -> Result<(), FileError> {
    system.remove_file(Path::new(FENCE_PEER_CALL)).map(|_| ())
}

/// What a handler was asked that ended without an answer.
pub(super) fn left(system: &dyn System) -> Option<Call> {
    let text = read_trimmed(system, FENCE_PEER_CALL)?;
    let record: Record = serde_json::from_str(&text).ok()?;
    let command = read_trimmed(system, format!("/proc/{}/cmdline", record.process));
    let runs = command.is_some_and(|command| command.contains("fence-peer"));
    (!runs).then_some(record.call)
}

/// Has it answered, by a process that nobody waits for.
///
/// # Errors
/// Why it could not be started. That it is at work already is no error.
pub fn answer_what_is_left(system: &dyn System) -> Result<(), String> {
    if left(system).is_none() {
        return Ok(());
    }
    let program = [BINARY, "fence-peer", "--left"].map(str::to_owned);
    systemctl::run_later(system, UNIT, Duration::from_secs(1), &program)
        .map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::test_machine::TestMachine;

    fn call() -> Call {
        Call { resource: DRBD_RESOURCE.to_owned(), peer: "ctl2".to_owned() }
    }

    fn with_a_record() -> TestMachine {
        let machine = TestMachine::with(|machine| {
            machine.program = Box::new(|command| {
                (command.program() == "systemd-run").then(|| {
                    let exit = slurmha_host::Exit::Status(0);
                    slurmha_host::CommandOutput::new(command, exit, Vec::new(), Vec::new())
                })
            });
        });
        begin(&machine, &call()).expect("a record");
        machine
    }

    #[test]
    fn what_was_asked_is_left_by_a_process_that_is_gone() {
        let machine = with_a_record();
        assert_eq!(left(&machine).map(|call| call.peer), Some("ctl2".to_owned()));
        answer_what_is_left(&machine).expect("a handler");
        let started = machine.ran("systemd-run").concat();
        assert!(started.ends_with("/usr/local/sbin/slurmha fence-peer --left"), "{started}");
    }

    #[test]
    fn who_is_at_work_is_left_alone_and_another_with_its_number_is_not_it() {
        let machine = with_a_record();
        let command = format!("/proc/{}/cmdline", std::process::id());
        machine.put(&command, "/usr/local/sbin/slurmha\0fence-peer\0");
        assert!(left(&machine).is_none());
        answer_what_is_left(&machine).expect("nothing to do");
        assert!(machine.ran("systemd-run").is_empty());
        machine.put(&command, "/usr/sbin/cron\0-f\0");
        assert!(left(&machine).is_some());
    }

    #[test]
    fn what_was_answered_is_not_left() {
        let machine = with_a_record();
        end(&machine).expect("the record goes");
        assert!(left(&machine).is_none());
        end(&machine).expect("or is gone");
        machine.put(FENCE_PEER_CALL, "half a re");
        assert!(left(&machine).is_none());
    }
}
