// SPDX-License-Identifier: Apache-2.0
//! The system's ssh(1), so that ssh_config(5), agents, jump hosts and known
//! hosts work as people expect.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::child;
use crate::command::{Command, CommandError, CommandOutput, Exit, quote};
use crate::remote::error::RemoteError;
use crate::remote::for_each_host;

/// Directories of shared connections; the process id and a random part follow.
const CONTROL_PREFIX: &str = "slurmha-ssh-";

/// Between two tries at a machine that is busy.
const BREATH: Duration = Duration::from_secs(1);

/// How to log in on machines.
///
/// The first exchange with a host opens a connection that the next ones
/// share (`ControlMaster`); dropping this closes it.
#[derive(Debug)]
pub struct Ssh {
    program: String,
    user: String,
    config: Option<PathBuf>,
    options: Vec<String>,
    connect_timeout: Duration,
    greeting_timeout: Duration,
    /// Holds the sockets of shared connections; nobody else may enter.
    control: Option<TempDir>,
}

impl Ssh {
    /// Logs in as this user: root, or one with password-less sudo.
    pub fn new(user: impl Into<String>) -> Self {
        Self {
            program: "ssh".to_owned(),
            user: user.into(),
            config: None,
            options: Vec::new(),
            connect_timeout: Duration::from_secs(10),
            greeting_timeout: Duration::ZERO,
            control: control_directory(),
        }
    }

    /// Uses another program in place of `ssh`, with the same arguments.
    pub fn with_program(mut self, program: impl Into<String>) -> Self {
        self.program = program.into();
        self
    }

    /// Reads this file instead of `~/.ssh/config` (`-F`).
    pub fn with_config(mut self, config: Option<PathBuf>) -> Self {
        self.config = config;
        self
    }

    /// Adds an option in the form of ssh_config(5), such as `Port=2222`.
    pub fn with_option(mut self, option: impl Into<String>) -> Self {
        self.options.push(option.into());
        self
    }

    /// Gives up on a host that does not answer within this time; whole
    /// seconds, 10 unless set.
    pub fn with_connect_timeout(mut self, limit: Duration) -> Self {
        self.connect_timeout = limit;
        self
    }

    /// Tries again, until this time is over, at a host that takes the
    /// connection and does not greet: it lives and is busy, or sshd is only
    /// being started. One try unless set.
    pub fn with_greeting_timeout(mut self, limit: Duration) -> Self {
        self.greeting_timeout = limit;
        self
    }

    /// Whether commands have to go through sudo(8).
    pub(crate) fn needs_sudo(&self) -> bool {
        self.user != "root"
    }

    /// `ssh ... HOST SHELL_TEXT`.
    pub(crate) fn command(&self, host: &str, shell_text: &str) -> Command {
        let mut command = Command::new(&self.program).arg("-T");
        if let Some(config) = &self.config {
            command = command.arg("-F").arg(config);
        }
        for option in self.all_options() {
            command = command.arg("-o").arg(option);
        }
        command.args(["-l", &self.user, "--", host, shell_text])
    }

    /// The command by which a person can try the same, without the options
    /// that only automation needs.
    pub(crate) fn pasteable(&self, host: &str) -> String {
        let config =
            self.config.as_ref().map(|path| format!("-F {} ", quote(&path.to_string_lossy())));
        let options: String = self.options.iter().map(|o| format!("-o {} ", quote(o))).collect();
        format!("ssh {}{options}{}@{host} true", config.unwrap_or_default(), self.user)
    }

    fn all_options(&self) -> Vec<String> {
        let seconds = self.connect_timeout.as_secs().max(1);
        let mut options = vec![
            "BatchMode=yes".to_owned(),
            format!("ConnectTimeout={seconds}"),
            // A connection that went dead under us is given up after 15 s.
            "ServerAliveInterval=5".to_owned(),
            "ServerAliveCountMax=3".to_owned(),
            "ForwardAgent=no".to_owned(),
            "ForwardX11=no".to_owned(),
        ];
        if let Some(control) = &self.control {
            options.push("ControlMaster=auto".to_owned());
            options.push(format!("ControlPath={}/%C", control.path().display()));
            options.push("ControlPersist=60".to_owned());
        }
        options.extend(self.options.iter().cloned());
        options
    }

    /// Runs one program on a host, as the login user, and waits for it.
    ///
    /// # Errors
    /// When the host cannot be reached; the program's own status is part of
    /// the answer.
    pub fn run_command(
        &self,
        host: &str,
        words: &[&str],
        stdin: &[u8],
        timeout: Duration,
    ) -> Result<CommandOutput, RemoteError> {
        let text: Vec<String> = words.iter().map(|word| quote(word)).collect();
        let command = self.command(host, &text.join(" ")).stdin(stdin).timeout(timeout);
        let output = self.execute(host, &command, &mut |_| true)?;
        Ok(output)
    }

    /// Runs a prepared ssh command; a failure of ssh itself (status 255) is
    /// an error.
    pub(crate) fn execute(
        &self,
        host: &str,
        command: &Command,
        on_stdout: &mut dyn FnMut(&[u8]) -> bool,
    ) -> Result<CommandOutput, RemoteError> {
        let begin = Instant::now();
        loop {
            match self.execute_once(host, command, on_stdout) {
                // Nothing was begun there, so that the same can be asked again.
                Err(error)
                    if error.is_without_greeting() && begin.elapsed() < self.greeting_timeout =>
                {
                    std::thread::sleep(BREATH);
                }
                result => return result,
            }
        }
    }

    fn execute_once(
        &self,
        host: &str,
        command: &Command,
        on_stdout: &mut dyn FnMut(&[u8]) -> bool,
    ) -> Result<CommandOutput, RemoteError> {
        // ssh needs the administrator's environment (SSH_AUTH_SOCK, HOME).
        let output = child::run(command, true, on_stdout).map_err(|error| match error {
            CommandError::TimedOut { after, .. } => {
                RemoteError::TimedOut { host: host.to_owned(), after }
            }
            source => RemoteError::NoSsh { host: host.to_owned(), source },
        })?;
        match output.exit {
            Exit::Status(255) => Err(self.explain(host, &output)),
            _ => Ok(output),
        }
    }

    /// What ssh's own last words mean.
    fn explain(&self, host: &str, output: &CommandOutput) -> RemoteError {
        let noise = output.stderr_text();
        let host = host.to_owned();
        let ssh = self.pasteable(&host);
        let reason = last_line(&noise);
        if noise.contains("REMOTE HOST IDENTIFICATION HAS CHANGED") {
            return RemoteError::HostKeyChanged { host, ssh };
        }
        if noise.contains("Host key verification failed") {
            return RemoteError::HostKeyUnknown { host, ssh };
        }
        if noise.contains("Permission denied") || noise.contains("Too many authentication") {
            return RemoteError::Denied { host, ssh, reason };
        }
        if output.stdout.is_empty() {
            RemoteError::Unreachable { host, ssh, reason }
        } else {
            RemoteError::Lost { host, reason }
        }
    }
}

impl Drop for Ssh {
    /// Ends all connections: together, because there are as many as machines.
    fn drop(&mut self) {
        let Some(control) = &self.control else { return };
        let Ok(entries) = std::fs::read_dir(control.path()) else { return };
        let sockets: Vec<PathBuf> = entries.flatten().map(|socket| socket.path()).collect();
        for_each_host(&sockets, |socket| self.end(socket));
    }
}

impl Ssh {
    /// A connection that is not closed here ends by itself after 60 s.
    fn end(&self, socket: &Path) {
        let mut option = std::ffi::OsString::from("ControlPath=");
        option.push(socket);
        // The host name is not used with a control path, but must be there.
        let exit = Command::new(&self.program)
            .args(["-O", "exit", "-o"])
            .arg(option)
            .arg("slurmha")
            .timeout(Duration::from_secs(2));
        let _ = child::run(&exit, true, &mut |_| true);
    }
}

/// A private directory with a short path: the path of a socket has at most
/// 107 characters (unix(7)), of which ssh needs 58 (`/%C` and a random part
/// while it binds).
fn control_directory() -> Option<TempDir> {
    let short = |path: &PathBuf| path.as_os_str().len() <= 20;
    let base = Some(std::env::temp_dir()).filter(short).unwrap_or_else(|| "/tmp".into());
    remove_left_over(&base);
    // tempfile makes it with mode 0700. Without it each exchange connects
    // anew, which is slower and otherwise the same.
    let prefix = format!("{CONTROL_PREFIX}{}-", std::process::id());
    tempfile::Builder::new().prefix(&prefix).tempdir_in(base).ok()
}

/// Removes the directories of processes that were interrupted. Their shared
/// connections end by themselves; nobody else's directory can be removed.
fn remove_left_over(base: &Path) {
    let Ok(entries) = std::fs::read_dir(base) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let process = name.to_str().and_then(|name| name.strip_prefix(CONTROL_PREFIX));
        let process = process.and_then(|rest| rest.split('-').next()?.parse::<u32>().ok());
        if process.is_some_and(|id| !Path::new("/proc").join(id.to_string()).exists()) {
            // It is in nobody's way if it stays.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

fn last_line(noise: &str) -> String {
    let line = noise.lines().map(str::trim).rfind(|line| !line.is_empty());
    line.unwrap_or("ssh said nothing").to_owned()
}

#[cfg(test)]
#[path = "ssh_tests.rs"]
mod tests;
