// SPDX-License-Identifier: Apache-2.0
//! Processes of the lab: found by what they are, killed with proof.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, io, thread};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{
    Pid, PidfdFlags, Signal, getpgid, kill_process, kill_process_group, pidfd_open,
    pidfd_send_signal,
};

use crate::error::Error;
use crate::program;

/// The arguments of a process; empty when it is gone or a zombie.
pub(crate) fn arguments(pid: u32) -> Vec<String> {
    match fs::read(format!("/proc/{pid}/cmdline")) {
        Ok(bytes) => split_arguments(&bytes),
        Err(_) => Vec::new(),
    }
}

/// `/proc/PID/cmdline`: every argument ends with a zero byte.
fn split_arguments(bytes: &[u8]) -> Vec<String> {
    let text = bytes.strip_suffix(b"\0").unwrap_or(bytes);
    if text.is_empty() {
        return Vec::new();
    }
    text.split(|byte| *byte == 0).map(|part| String::from_utf8_lossy(part).into_owned()).collect()
}

/// Every live process whose arguments satisfy `matches`.
pub(crate) fn find(matches: impl Fn(&[String]) -> bool) -> Vec<u32> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|pid| {
            let arguments = arguments(*pid);
            !arguments.is_empty() && matches(&arguments)
        })
        .collect()
}

/// Whether that process exists and is the one that is meant: a pid alone
/// proves nothing, the kernel gives it to somebody else.
pub(crate) fn is(pid: u32, matches: impl Fn(&[String]) -> bool) -> bool {
    let arguments = arguments(pid);
    !arguments.is_empty() && matches(&arguments)
}

/// Whether a process of that program is on its way out: its arguments are
/// gone already, but its files may still be open and its threads running.
pub(crate) fn is_dying(pid: u32, program: &str) -> bool {
    // The kernel keeps 15 bytes of the name.
    let name = &program[..program.len().min(15)];
    let comm = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    comm.trim_end() == name && arguments(pid).is_empty() && !has_ended(pid)
}

/// Whether nothing of a process is left but its exit status.
fn has_ended(pid: u32) -> bool {
    let Some(raw) = i32::try_from(pid).ok().and_then(Pid::from_raw) else { return true };
    match pidfd_open(raw, PidfdFlags::empty()) {
        Ok(handle) => {
            let now = Timespec::default();
            poll(&mut [PollFd::new(&handle, PollFlags::IN)], Some(&now)) == Ok(1)
        }
        Err(error) => error == Errno::SRCH,
    }
}

/// Waits until a dying process has ended.
pub(crate) fn wait_for_dying(pid: u32, program: &str, limit: Duration) -> Result<(), Error> {
    let deadline = Instant::now() + limit;
    while is_dying(pid, program) {
        if Instant::now() >= deadline {
            return Err(Error::StillAlive { pid, what: program.to_owned(), waited: limit });
        }
        thread::sleep(Duration::from_millis(2));
    }
    Ok(())
}

/// Asks processes to end, each with the group that it leads, and gives them time
/// to clean up. Those that are still there afterwards are left to [`kill`].
pub(crate) fn ask_to_end(matches: impl Fn(&[String]) -> bool, patience: Duration) {
    let asked = find_raw(&matches);
    for pid in &asked {
        let _ = match getpgid(Some(*pid)) {
            Ok(group) if group == *pid => kill_process_group(group, Signal::TERM),
            // Asked with its leader; twice could break its clean-up off.
            Ok(group) if asked.contains(&group) => Ok(()),
            _ => kill_process(*pid, Signal::TERM),
        };
    }
    let deadline = Instant::now() + patience;
    while Instant::now() < deadline && !find(&matches).is_empty() {
        thread::sleep(Duration::from_millis(50));
    }
}

/// The same as [`find`], for the kernel.
fn find_raw(matches: impl Fn(&[String]) -> bool) -> Vec<Pid> {
    let raw = |pid| i32::try_from(pid).ok().and_then(Pid::from_raw);
    find(matches).into_iter().filter_map(raw).collect()
}

/// Kills a process and returns when it is gone; a zombie is gone, and so is a
/// process that is not (any more) the one that is meant.
pub(crate) fn kill(
    pid: u32,
    what: &str,
    matches: impl Fn(&[String]) -> bool,
    limit: Duration,
) -> Result<(), Error> {
    let Some(raw) = i32::try_from(pid).ok().and_then(Pid::from_raw) else { return Ok(()) };
    let handle = match pidfd_open(raw, PidfdFlags::empty()) {
        Ok(handle) => handle,
        Err(Errno::SRCH) => return Ok(()),
        Err(error) => return Err(Error::system(format!("look at process {pid} ({what})"))(error)),
    };
    // The handle is held first, so what is looked at is what gets the signal.
    if !is(pid, matches) {
        return Ok(());
    }
    match pidfd_send_signal(&handle, Signal::KILL) {
        Ok(()) => {}
        Err(Errno::SRCH) => return Ok(()),
        Err(error) => return Err(Error::system(format!("kill process {pid} ({what})"))(error)),
    }
    let deadline = Instant::now() + limit;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Error::StillAlive { pid, what: what.to_owned(), waited: limit });
        }
        let timeout = Timespec::try_from(left).map_err(|_| Error::Timeout {
            what: format!("the end of process {pid} ({what})"),
            limit,
        })?;
        match poll(&mut [PollFd::new(&handle, PollFlags::IN)], Some(&timeout)) {
            Ok(1) => return Ok(()),
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => {
                return Err(Error::system(format!("wait for the end of process {pid}"))(error));
            }
        }
    }
}

/// Closes every descriptor above standard error that this process was started
/// with. A machine or a switch that outlives its starter must not keep the
/// starter's sockets: QEMU would go on holding the BMC's port.
pub fn close_inherited() {
    let Ok(entries) = fs::read_dir("/proc/self/fd") else { return };
    let open: Vec<i32> = entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|fd| *fd > 2)
        .collect();
    for fd in open {
        // The directory that was just read is among them and already closed.
        let _ = nix::unistd::close(fd);
    }
}

/// Starts a program that outlives this one, with its output in `log`.
///
/// In a session of its own (setsid(1), which keeps the pid of a process that
/// leads no group): the end of the terminal's session, or of whoever manages
/// sessions, must not take the switch and the BMCs from under the machines.
pub(crate) fn spawn_detached(command: &Command, log: &Path) -> io::Result<u32> {
    let output = fs::OpenOptions::new().create(true).append(true).open(log)?;
    let errors = output.try_clone()?;
    let child = program::command("setsid")
        .arg(command.get_program())
        .args(command.get_args())
        .envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .stdin(Stdio::null())
        .stdout(output)
        .stderr(errors)
        .current_dir("/")
        .spawn()?;
    Ok(child.id())
}

/// The pid in a pid file.
pub(crate) fn read_pid(file: &Path) -> Option<u32> {
    fs::read_to_string(file).ok()?.trim().parse().ok()
}

#[cfg(test)]
#[path = "process/tests.rs"]
mod tests;
