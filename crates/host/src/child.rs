// SPDX-License-Identifier: Apache-2.0
//! One child process: fed, read and ended inside a time limit.
//!
//! A single thread polls the child's pipes and its pidfd, so that a limit is
//! kept whatever the child does, and a grandchild that keeps a pipe open
//! (the background half of `ssh -o ControlMaster=auto`) delays nothing.

mod undying;

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, ChildStdin, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};

use crate::command::{Command, CommandError, CommandOutput, Exit, SEARCH_PATH};

/// How long a child may take to end after SIGTERM before it gets SIGKILL, and
/// after that before it is left alone.
const GRACE: Duration = Duration::from_secs(2);

/// Pipes take this much without blocking once poll(2) calls them writable.
const WRITE_SIZE: usize = 4096;

/// Runs a command; `on_stdout` sees its output as it comes and may stop it.
pub(crate) fn run(
    command: &Command,
    inherit_environment: bool,
    on_stdout: &mut dyn FnMut(&[u8]) -> bool,
) -> Result<CommandOutput, CommandError> {
    let io_error = |source| CommandError::Io { command: command.pasteable(), source };
    if undying::has(&command.pasteable()) {
        return Err(io_error(undying::error()));
    }
    let mut running = Running::start(command, inherit_environment)?;
    let end = running.pump(command, on_stdout);
    // Also when it cannot be read: nobody else knows that it runs.
    let is_gone = matches!(end, Ok(End::Exited)) || running.kill();
    if !is_gone {
        undying::leave(command.pasteable(), running.child);
        end.map_err(io_error)?;
        return Err(CommandError::TimedOut {
            command: command.pasteable(),
            after: command.timeout,
        });
    }
    if end.map_err(io_error)? == End::TimedOut {
        return Err(CommandError::TimedOut {
            command: command.pasteable(),
            after: command.timeout,
        });
    }
    let status = running.child.wait().map_err(io_error)?;
    let exit = match status.code() {
        Some(code) => Exit::Status(code),
        None => Exit::Signal(status.signal().unwrap_or_default()),
    };
    Ok(CommandOutput::new(
        command,
        exit,
        std::mem::take(&mut running.stdout.seen),
        std::mem::take(&mut running.stderr.seen),
    ))
}

#[derive(PartialEq, Eq)]
enum End {
    Exited,
    Stopped,
    TimedOut,
}

struct Running {
    child: Child,
    group: Pid,
    pidfd: OwnedFd,
    stdin: Option<ChildStdin>,
    stdout: Stream,
    stderr: Stream,
}

/// One output pipe and what came out of it.
struct Stream {
    pipe: Option<Box<dyn ReadFd>>,
    seen: Vec<u8>,
}

trait ReadFd: Read + AsFd {}
impl<T: Read + AsFd> ReadFd for T {}

impl Running {
    fn start(command: &Command, inherit_environment: bool) -> Result<Self, CommandError> {
        let mut child = spawn(command, inherit_environment)?;
        let io_error = |source| CommandError::Io { command: command.pasteable(), source };
        let group = Pid::from_child(&child);
        let pidfd = pidfd_open(group, PidfdFlags::empty()).map_err(|e| io_error(e.into()))?;
        let stdin = child.stdin.take().filter(|_| !command.stdin.is_empty());
        let stdout = Stream::new(child.stdout.take().map(|pipe| Box::new(pipe) as _));
        let stderr = Stream::new(child.stderr.take().map(|pipe| Box::new(pipe) as _));
        Ok(Self { child, group, pidfd, stdin, stdout, stderr })
    }

    /// Feeds and reads the child until it has ended or its time is up.
    fn pump(
        &mut self,
        command: &Command,
        on_stdout: &mut dyn FnMut(&[u8]) -> bool,
    ) -> io::Result<End> {
        let deadline = Instant::now() + command.timeout;
        let mut unsent: &[u8] = &command.stdin;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(End::TimedOut);
            }
            let ready = self.wait(left)?;
            if ready.stdin {
                unsent = self.feed(unsent);
            }
            let before = self.stdout.seen.len();
            if ready.stdout {
                self.stdout.read()?;
            }
            if ready.stderr {
                self.stderr.read()?;
            }
            let fresh = &self.stdout.seen[before..];
            if !fresh.is_empty() && !on_stdout(fresh) {
                return Ok(End::Stopped);
            }
            // What the child wrote before it ended is in the pipes by now, so
            // one round without output after its end means that all is read.
            if ready.exited && !ready.stdout && !ready.stderr {
                return Ok(End::Exited);
            }
        }
    }

    fn wait(&self, limit: Duration) -> io::Result<Ready> {
        let watched = [
            (Some(self.pidfd.as_fd()), PollFlags::IN),
            (self.stdin.as_ref().map(AsFd::as_fd), PollFlags::OUT),
            (self.stdout.pipe.as_ref().map(|pipe| pipe.as_fd()), PollFlags::IN),
            (self.stderr.pipe.as_ref().map(|pipe| pipe.as_fd()), PollFlags::IN),
        ];
        let mut fds: Vec<PollFd<'_>> = watched
            .iter()
            .filter_map(|(fd, flags)| Some(PollFd::from_borrowed_fd((*fd)?, *flags)))
            .collect();
        let limit = Timespec::try_from(limit).ok();
        match poll(&mut fds, limit.as_ref()) {
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => return Ok(Ready::default()),
            Err(error) => return Err(error.into()),
        }
        let mut events = fds.iter().map(|fd| !fd.revents().is_empty());
        let mut is_ready = |at: usize| watched[at].0.is_some() && events.next() == Some(true);
        // In the order of `watched`.
        Ok(Ready {
            exited: is_ready(0),
            stdin: is_ready(1),
            stdout: is_ready(2),
            stderr: is_ready(3),
        })
    }

    /// Writes a piece of the input; a child that stops reading is not an
    /// error, its exit status tells.
    fn feed<'a>(&mut self, unsent: &'a [u8]) -> &'a [u8] {
        let piece = &unsent[..unsent.len().min(WRITE_SIZE)];
        let written = self.stdin.as_mut().map(|stdin| stdin.write(piece));
        let rest = match written {
            Some(Ok(count)) => &unsent[count..],
            _ => &[],
        };
        if rest.is_empty() {
            self.stdin = None;
        }
        rest
    }

    /// Ends the child and everything in its process group; false when it does not
    /// end, see [`undying`].
    fn kill(&mut self) -> bool {
        // Failures mean that the group is gone already.
        let _ = kill_process_group(self.group, Signal::TERM);
        self.ends_within(GRACE);
        let _ = kill_process_group(self.group, Signal::KILL);
        self.ends_within(GRACE) && self.child.wait().is_ok()
    }

    fn ends_within(&self, limit: Duration) -> bool {
        let limit = Timespec::try_from(limit).ok();
        let mut watched = [PollFd::new(&self.pidfd, PollFlags::IN)];
        let ended = rustix::io::retry_on_intr(|| poll(&mut watched, limit.as_ref()));
        ended.is_ok_and(|count| count > 0)
    }
}

#[derive(Default)]
struct Ready {
    exited: bool,
    stdin: bool,
    stdout: bool,
    stderr: bool,
}

impl Stream {
    fn new(pipe: Option<Box<dyn ReadFd>>) -> Self {
        Self { pipe, seen: Vec::new() }
    }

    fn read(&mut self) -> io::Result<()> {
        let Some(pipe) = &mut self.pipe else { return Ok(()) };
        let mut buffer = [0; 16 * 1024];
        match pipe.read(&mut buffer) {
            Ok(0) => self.pipe = None,
            Ok(count) => self.seen.extend_from_slice(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

/// Puts a program in the place of this process, which keeps its standard input and
/// output; returns only when that fails.
pub(crate) fn replace(command: &Command) -> CommandError {
    let source = prepared(command, false).exec();
    cannot_start(command, source)
}

fn spawn(command: &Command, inherit_environment: bool) -> Result<Child, CommandError> {
    let mut process = prepared(command, inherit_environment);
    process.process_group(0);
    let stdin = if command.stdin.is_empty() { Stdio::null() } else { Stdio::piped() };
    process.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
    process.spawn().map_err(|source| cannot_start(command, source))
}

#[allow(clippy::disallowed_methods, reason = "this is where programs are started")]
fn prepared(command: &Command, inherit_environment: bool) -> std::process::Command {
    let mut process = std::process::Command::new(&command.program);
    process.args(&command.arguments);
    if !inherit_environment {
        process.env_clear().env("HOME", "/root").env("LC_ALL", "C").env("PATH", SEARCH_PATH);
    }
    process.envs(command.environment.iter().map(|(name, value)| (name, value)));
    process
}

fn cannot_start(command: &Command, source: io::Error) -> CommandError {
    match source.kind() {
        io::ErrorKind::NotFound => CommandError::NotFound { program: command.program.clone() },
        _ => CommandError::Io { command: command.pasteable(), source },
    }
}
