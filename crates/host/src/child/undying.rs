// SPDX-License-Identifier: Apache-2.0
//! Children that not even SIGKILL ends: those that wait for a disk or a file
//! server which does not answer (state D of ps(1)).
//!
//! Whoever asked has a limit and goes on; a thread reaps the child when the disk
//! answers after all. Until then the same command is not started again: one that
//! is asked every few seconds would fill the machine with processes.

use std::io;
use std::process::Child;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Commands of which one is still there.
static LEFT: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Whether one of these is still there.
pub(super) fn has(command: &str) -> bool {
    left().iter().any(|left| left == command)
}

/// Why another is not started.
pub(super) fn error() -> io::Error {
    let why = "the one before it still runs, and cannot be killed: it waits for a disk or a file \
               server that does not answer";
    io::Error::new(io::ErrorKind::ResourceBusy, why)
}

/// Leaves a child to itself.
pub(super) fn leave(command: String, mut child: Child) {
    left().push(command.clone());
    let forgotten = command.clone();
    let reap = move || {
        let _ = child.wait();
        forget(&command);
    };
    // Without a thread it is init's, once this process has ended.
    if std::thread::Builder::new().name("reaper".to_owned()).spawn(reap).is_err() {
        forget(&forgotten);
    }
}

fn forget(command: &str) {
    left().retain(|left| left != command);
}

fn left() -> MutexGuard<'static, Vec<String>> {
    LEFT.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use crate::child::{run, spawn};
    use crate::command::{Command, CommandError};

    /// No process of a test is beyond SIGKILL; what is done with such a one is the same.
    #[test]
    fn the_same_command_waits_for_the_one_that_was_left_and_no_other_does() {
        let sleep = |seconds: &str| Command::new("sleep").arg(seconds);
        let child = spawn(&sleep("86399"), false).unwrap();
        let pid = rustix::process::Pid::from_child(&child);
        super::leave(sleep("86399").pasteable(), child);

        let again = run(&sleep("86399"), false, &mut |_| true);
        assert!(matches!(&again, Err(CommandError::Io { .. })), "{again:?}");
        assert!(again.unwrap_err().to_string().contains("still runs"));
        assert!(run(&sleep("0"), false, &mut |_| true).is_ok());

        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
        let begin = Instant::now();
        while super::has(&sleep("86399").pasteable()) {
            assert!(begin.elapsed() < Duration::from_secs(60), "it was not reaped");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}
