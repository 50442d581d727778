// SPDX-License-Identifier: Apache-2.0
//! One process of this machine that is not ours, held so that a signal never
//! reaches another one with the same number; and what becomes of our own.

use std::fs;
use std::io;
use std::os::fd::OwnedFd;

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use slurmha_core::watch::Process as Stat;

use crate::child;
use crate::command::{Command, CommandError};

/// Becomes a program: it takes the place of this process, with its standard input and
/// output and with the command's environment. Returns only when that fails.
pub fn replace(command: &Command) -> CommandError {
    child::replace(command)
}

/// A process, by pidfd_open(2).
#[derive(Debug)]
pub struct Process {
    /// Its number.
    pub pid: u32,
    /// When it started, in clock ticks since boot: with the number its
    /// identity, also for another program.
    pub started: u64,
    pidfd: OwnedFd,
}

/// What a process does, as far as a drill asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    /// It can do its work.
    Alive,
    /// It was stopped by a signal and does nothing.
    Frozen,
    /// It has ended; a zombie has, too.
    Gone,
}

impl Process {
    /// The process of that number; `None` when there is none.
    ///
    /// # Errors
    /// When the kernel refuses for another reason.
    pub fn find(pid: u32) -> io::Result<Option<Self>> {
        let Some(number) = i32::try_from(pid).ok().and_then(Pid::from_raw) else { return Ok(None) };
        let pidfd = match pidfd_open(number, PidfdFlags::empty()) {
            Ok(pidfd) => pidfd,
            Err(rustix::io::Errno::SRCH) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let Some(stat) = stat(pid)? else { return Ok(None) };
        Ok(Some(Self { pid, started: stat.began, pidfd }))
    }

    /// The same, when it is the one that started then.
    ///
    /// # Errors
    /// When the kernel refuses for another reason.
    pub fn find_again(pid: u32, started: u64) -> io::Result<Option<Self>> {
        Ok(Self::find(pid)?.filter(|process| process.started == started))
    }

    /// SIGKILL.
    ///
    /// # Errors
    /// When it has ended, or this user may not.
    pub fn kill(&self) -> io::Result<()> {
        self.signal(Signal::KILL)
    }

    /// SIGSTOP.
    ///
    /// # Errors
    /// When it has ended, or this user may not.
    pub fn freeze(&self) -> io::Result<()> {
        self.signal(Signal::STOP)
    }

    /// SIGCONT.
    ///
    /// # Errors
    /// When it has ended, or this user may not.
    pub fn thaw(&self) -> io::Result<()> {
        self.signal(Signal::CONT)
    }

    /// What it does.
    ///
    /// # Errors
    /// When `/proc` cannot be read; that is not "gone".
    pub fn activity(&self) -> io::Result<Activity> {
        Ok(match stat(self.pid)? {
            Some(stat) if stat.began != self.started => Activity::Gone,
            None | Some(Stat { state: 'Z' | 'X', .. }) => Activity::Gone,
            Some(Stat { state: 'T', .. }) => Activity::Frozen,
            Some(_) => Activity::Alive,
        })
    }

    fn signal(&self, signal: Signal) -> io::Result<()> {
        Ok(pidfd_send_signal(&self.pidfd, signal)?)
    }
}

/// `None` when there is no such process.
fn stat(pid: u32) -> io::Result<Option<Stat>> {
    let text = match fs::read_to_string(format!("/proc/{pid}/stat")) {
        Ok(text) => text,
        // ESRCH when it ends between opening and reading.
        Err(error)
            if error.kind() == io::ErrorKind::NotFound
                || error.raw_os_error() == Some(rustix::io::Errno::SRCH.raw_os_error()) =>
        {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    let strange = || io::Error::other(format!("/proc/{pid}/stat cannot be read: {text:?}"));
    Stat::parse(&text).map(Some).ok_or_else(strange)
}

#[cfg(test)]
mod tests {
    use std::process::Stdio;
    use std::thread::sleep;
    use std::time::Duration;

    use super::*;

    #[allow(clippy::disallowed_methods, reason = "a process to send signals to")]
    fn victim() -> std::process::Child {
        std::process::Command::new("sleep").arg("60").stdout(Stdio::null()).spawn().unwrap()
    }

    fn becomes(process: &Process, wanted: Activity) -> bool {
        (0..500).any(|_| {
            sleep(Duration::from_millis(10));
            process.activity().unwrap() == wanted
        })
    }

    #[test]
    fn a_process_is_frozen_thawed_and_killed() {
        let mut child = victim();
        let process = Process::find(child.id()).unwrap().unwrap();
        process.freeze().unwrap();
        assert!(becomes(&process, Activity::Frozen));
        let again = Process::find_again(process.pid, process.started).unwrap().unwrap();
        again.thaw().unwrap();
        assert!(becomes(&process, Activity::Alive));
        process.kill().unwrap();
        assert!(becomes(&process, Activity::Gone), "a zombie has ended");
        child.wait().unwrap();
        assert_eq!(process.activity().unwrap(), Activity::Gone);
        assert!(process.thaw().is_err());
        assert!(Process::find_again(process.pid, process.started).unwrap().is_none());
    }

    #[test]
    fn another_process_of_that_number_is_not_taken_for_it() {
        let own = Process::find(std::process::id()).unwrap().unwrap();
        assert!(Process::find_again(own.pid, own.started + 1).unwrap().is_none());
        assert!(Process::find(0).unwrap().is_none());
    }
}
