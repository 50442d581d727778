// SPDX-License-Identifier: Apache-2.0
//! A command on a machine that stays: lines go both ways until one side ends
//! it. For watching a machine and for putting load on it.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, ChildStdin, ChildStdout, ExitStatus, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::process::{Pid, Signal, kill_process_group};

use super::{Remote, RemoteError};
use crate::command::{Command, CommandError, Exit};

/// How much of the other end's stderr an error repeats, in bytes.
const STDERR_KEPT: u64 = 4096;

/// A running `slurmha node ...` on a machine. Dropping it ends it: its
/// standard input is closed, which it takes as a sign to stop.
#[derive(Debug)]
pub struct Conversation {
    host: String,
    group: Pid,
    child: Mutex<Child>,
    stdin: Mutex<Option<ChildStdin>>,
    stdout: Mutex<Option<ChildStdout>>,
    stderr: Mutex<File>,
}

impl Remote {
    /// Starts `slurmha node ARGUMENTS` on a host. The binary must be there,
    /// as it is after any [`Remote::exchange`].
    ///
    /// # Errors
    /// When ssh cannot be started; whether the host can be reached shows in
    /// [`Conversation::listen`].
    pub fn converse(&self, host: &str, arguments: &[&str]) -> Result<Conversation, RemoteError> {
        let command = self.node_command(host, arguments)?;
        let no_ssh = |source| RemoteError::NoSsh {
            host: host.to_owned(),
            source: CommandError::Io { command: command.pasteable(), source },
        };
        let stderr = tempfile::tempfile().map_err(no_ssh)?;
        let mut child = spawn(&command, &stderr).map_err(no_ssh)?;
        Ok(Conversation {
            host: host.to_owned(),
            group: Pid::from_child(&child),
            stdin: Mutex::new(child.stdin.take()),
            stdout: Mutex::new(child.stdout.take()),
            stderr: Mutex::new(stderr),
            child: Mutex::new(child),
        })
    }
}

impl Conversation {
    /// Sends one line.
    ///
    /// # Errors
    /// When the other end does not listen any more.
    pub fn say(&self, line: &str) -> Result<(), RemoteError> {
        let lost = |reason: String| RemoteError::Lost { host: self.host.clone(), reason };
        match locked(&self.stdin).as_mut() {
            Some(stdin) => stdin
                .write_all(format!("{line}\n").as_bytes())
                .and_then(|()| stdin.flush())
                .map_err(|error| lost(error.to_string())),
            None => Err(lost("it was ended here".to_owned())),
        }
    }

    /// Hears every line until the other end has ended.
    ///
    /// # Errors
    /// When it did not end well.
    pub fn listen(&self, on_line: &mut dyn FnMut(&str)) -> Result<(), RemoteError> {
        if let Some(stdout) = locked(&self.stdout).take() {
            let mut reader = BufReader::new(stdout);
            let mut line = Vec::new();
            while reader.read_until(b'\n', &mut line).is_ok_and(|count| count > 0) {
                on_line(String::from_utf8_lossy(&line).trim_end());
                line.clear();
            }
        }
        self.hang_up();
        let status = locked(&self.child).wait();
        self.judge(status.map_err(|error| error.to_string()))
    }

    /// Asks the other end to stop, by closing its standard input.
    pub fn hang_up(&self) {
        *locked(&self.stdin) = None;
    }

    /// Ends ssh at once; the other end notices when it next writes.
    pub fn kill(&self) {
        self.hang_up();
        // A failure means that it is gone already.
        let _ = kill_process_group(self.group, Signal::TERM);
    }

    fn judge(&self, status: Result<ExitStatus, String>) -> Result<(), RemoteError> {
        let host = self.host.clone();
        let reason = self.last_words();
        match status {
            Ok(status) if status.success() => Ok(()),
            Ok(status) if status.code() == Some(255) => Err(RemoteError::Lost { host, reason }),
            Ok(status) => {
                let exit = match status.code() {
                    Some(code) => Exit::Status(code),
                    None => Exit::Signal(status.signal().unwrap_or_default()),
                };
                Err(RemoteError::Crashed { host, exit, reason })
            }
            Err(reason) => Err(RemoteError::Lost { host, reason }),
        }
    }

    fn last_words(&self) -> String {
        let mut stderr = locked(&self.stderr);
        let mut words = Vec::new();
        // Without them the error is as true and only less helpful.
        let _ = stderr
            .rewind()
            .and_then(|()| Read::by_ref(&mut *stderr).take(STDERR_KEPT).read_to_end(&mut words));
        String::from_utf8_lossy(&words).trim().to_owned()
    }
}

impl Drop for Conversation {
    fn drop(&mut self) {
        self.kill();
        let _ = locked(&self.child).wait();
    }
}

#[allow(clippy::disallowed_methods)] // This crate is the door.
fn spawn(command: &Command, stderr: &File) -> std::io::Result<Child> {
    let mut process = std::process::Command::new(command.program());
    // A group of its own: Ctrl-C is answered here, in good order, and must
    // not end ssh before the other end has been told to stop.
    process
        .args(command.arguments())
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(stderr.try_clone()?)
        .spawn()
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing in here is left half-changed by a panic elsewhere.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::thread;
    use std::time::{Duration, Instant};

    use super::*;
    use crate::ssh::Ssh;

    /// A stand-in for ssh that runs this instead of a command elsewhere.
    fn remote(script: &str) -> (tempfile::TempDir, Remote) {
        let directory = tempfile::tempdir().unwrap();
        let program = directory.path().join("ssh");
        // Another process writes it, so that no other test's child can hold
        // it open for writing (ETXTBSY).
        #[allow(clippy::disallowed_methods)]
        let mut shell = std::process::Command::new("sh")
            .args(["-c", "cat >\"$0\" && chmod 755 \"$0\""])
            .arg(&program)
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        write!(shell.stdin.take().unwrap(), "#!/bin/sh\n{script}\n").unwrap();
        assert!(shell.wait().unwrap().success());
        let ssh = Ssh::new("root").with_program(program.to_string_lossy());
        (directory, Remote::with_executable(ssh, "/bin/true".into()))
    }

    fn heard(conversation: &Conversation) -> (Vec<String>, Result<(), RemoteError>) {
        let mut lines = Vec::new();
        let result = conversation.listen(&mut |line| lines.push(line.to_owned()));
        (lines, result)
    }

    #[test]
    fn lines_go_both_ways_until_one_side_hangs_up() {
        let (_directory, remote) =
            remote("while read line; do echo \"you said $line\"; done; echo bye");
        let conversation = remote.converse("ctl1", &["drill"]).unwrap();
        thread::scope(|scope| {
            let listener = scope.spawn(|| heard(&conversation));
            conversation.say("one").unwrap();
            conversation.say("two").unwrap();
            conversation.hang_up();
            let (lines, result) = listener.join().unwrap();
            assert_eq!(lines, ["you said one", "you said two", "bye"]);
            result.unwrap();
        });
        assert!(conversation.say("three").is_err());
    }

    #[test]
    fn how_the_other_end_ended_is_told() {
        let (_directory, remote) = remote("echo line; echo 'no such task' >&2; exit 3");
        let conversation = remote.converse("ctl1", &["drill"]).unwrap();
        let (lines, result) = heard(&conversation);
        assert_eq!(lines, ["line"]);
        let error = result.unwrap_err().to_string();
        assert!(error.contains("no such task"), "{error}");
    }

    #[test]
    fn a_lost_machine_is_told_apart() {
        let (_directory, remote) = remote("echo 'Connection closed' >&2; exit 255");
        let conversation = remote.converse("ctl1", &["drill"]).unwrap();
        let (_, result) = heard(&conversation);
        assert!(matches!(result, Err(RemoteError::Lost { .. })));
    }

    #[test]
    fn dropping_it_ends_it_even_if_the_other_end_does_not_listen() {
        let (_directory, remote) = remote("exec sleep 60");
        let begin = Instant::now();
        drop(remote.converse("ctl1", &["drill"]).unwrap());
        assert!(begin.elapsed() < Duration::from_secs(10));
    }
}
