// SPDX-License-Identifier: Apache-2.0
//! A program to run, what it answered, and what went wrong with it.

use std::ffi::OsString;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use slurmha_core::secret::SecretValue;
use thiserror::Error;

/// Where programs are looked for, whatever the environment says.
pub const SEARCH_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Time limit of a command that asks for nothing else.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// How much of a failed command's stderr an error keeps, in bytes.
const STDERR_KEPT: usize = 1024;

/// A program with its arguments, input and time limit.
///
/// Arguments are a list, never a string to split. The environment holds only
/// `PATH`, `LC_ALL=C`, `HOME` and what is added here.
#[derive(Clone)]
pub struct Command {
    pub(crate) program: String,
    pub(crate) arguments: Vec<OsString>,
    pub(crate) stdin: Arc<Vec<u8>>,
    pub(crate) environment: Vec<(String, String)>,
    pub(crate) timeout: Duration,
    pub(crate) hidden: Vec<Vec<u8>>,
    markers: Vec<&'static str>,
}

impl Command {
    /// A program, found on [`SEARCH_PATH`] unless it has a slash.
    pub fn new(program: impl Into<String>) -> Self {
        Self {
            program: program.into(),
            arguments: Vec::new(),
            stdin: Arc::default(),
            environment: Vec::new(),
            timeout: DEFAULT_TIMEOUT,
            hidden: Vec::new(),
            markers: Vec::new(),
        }
    }

    /// The same command with one more argument.
    pub fn arg(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// The same command with more arguments.
    pub fn args<I, A>(mut self, arguments: I) -> Self
    where
        I: IntoIterator<Item = A>,
        A: Into<OsString>,
    {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// The same command with these bytes on its standard input.
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = Arc::new(bytes.into());
        self
    }

    /// The same command with input that many commands share.
    pub fn shared_stdin(mut self, bytes: Arc<Vec<u8>>) -> Self {
        self.stdin = bytes;
        self
    }

    /// The same command with a variable in its environment.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same command with another time limit.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = limit;
        self
    }

    /// The same command, whose errors never show this value even if the
    /// program repeats it on stderr.
    pub fn hide(mut self, secret: &SecretValue) -> Self {
        self.hidden.push(secret.expose().to_vec());
        self
    }

    /// The same command, of which nobody is shown what follows this word, neither
    /// in its arguments nor in what the program says: a value that the program
    /// itself has read from a file.
    pub fn hide_after(mut self, word: &'static str) -> Self {
        self.markers.push(word);
        self
    }

    /// What the program said, without what is to be hidden.
    fn censored(&self, said: &[u8]) -> Vec<u8> {
        let text = without(said, &self.hidden);
        self.markers.iter().fold(text, |text, word| without_value(&text, word.as_bytes()))
    }

    /// The program, as it was named.
    pub fn program(&self) -> &str {
        &self.program
    }

    /// The arguments as text.
    pub fn arguments(&self) -> Vec<String> {
        self.arguments.iter().map(|argument| argument.to_string_lossy().into_owned()).collect()
    }

    /// What stands on its standard input.
    pub fn input(&self) -> &[u8] {
        &self.stdin
    }

    /// How long it may take.
    pub fn limit(&self) -> Duration {
        self.timeout
    }

    /// The command as it can be pasted into a shell. Its input is not shown.
    pub fn pasteable(&self) -> String {
        let words = std::iter::once(self.program.clone()).chain(self.arguments());
        let line = words.map(|word| quote(&word)).collect::<Vec<_>>().join(" ");
        if self.markers.is_empty() {
            return line;
        }
        String::from_utf8_lossy(&self.censored(line.as_bytes())).into_owned()
    }
}

impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Command({})", self.pasteable())
    }
}

/// A word as a POSIX shell reads it back unchanged.
pub fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@%+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// With this status.
    Status(i32),
    /// By this signal.
    Signal(i32),
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "exit status {status}"),
            Self::Signal(signal) => write!(f, "signal {signal}"),
        }
    }
}

/// What a program answered. A status other than 0 is an ordinary answer;
/// [`CommandOutput::success`] turns it into an error.
#[derive(Clone)]
pub struct CommandOutput {
    /// How it ended.
    pub exit: Exit,
    /// Its standard output.
    pub stdout: Vec<u8>,
    /// Its standard error.
    pub stderr: Vec<u8>,
    command: Command,
}

impl CommandOutput {
    /// The answer of a command.
    pub fn new(command: &Command, exit: Exit, stdout: Vec<u8>, stderr: Vec<u8>) -> Self {
        // The input is not needed any more and may be a secret.
        Self { exit, stdout, stderr, command: command.clone().stdin(Vec::new()) }
    }

    /// Whether it ended with status 0.
    pub fn ok(&self) -> bool {
        self.exit == Exit::Status(0)
    }

    /// The exit status, unless a signal ended it.
    pub fn status(&self) -> Option<i32> {
        match self.exit {
            Exit::Status(status) => Some(status),
            Exit::Signal(_) => None,
        }
    }

    /// The answer if the status is 0, otherwise the error.
    pub fn success(self) -> Result<Self, CommandError> {
        self.one_of(&[0])
    }

    /// The answer if the status is one of these, otherwise the error.
    pub fn one_of(self, statuses: &[i32]) -> Result<Self, CommandError> {
        match self.exit {
            Exit::Status(status) if statuses.contains(&status) => Ok(self),
            _ => Err(self.failure()),
        }
    }

    /// The error that this answer is when it was not wanted.
    pub fn failure(&self) -> CommandError {
        let noise = if self.stderr.trim_ascii().is_empty() { &self.stdout } else { &self.stderr };
        CommandError::Failed {
            command: self.command.pasteable(),
            exit: self.exit,
            stderr: tail(&self.command.censored(noise)),
        }
    }

    /// Standard output as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Standard error as text, hidden values taken out.
    pub fn stderr_text(&self) -> String {
        String::from_utf8_lossy(&self.command.censored(&self.stderr)).into_owned()
    }

    /// Standard output as text, hidden values taken out.
    pub fn censored_text(&self) -> String {
        String::from_utf8_lossy(&self.command.censored(&self.stdout)).into_owned()
    }
}

impl fmt::Debug for CommandOutput {
    /// What it printed is left out: it may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CommandOutput({}: {})", self.command.pasteable(), self.exit)
    }
}

/// Why a program gave no usable answer.
#[derive(Debug, Error)]
pub enum CommandError {
    /// It is not installed.
    #[error("the program `{program}` is not installed (looked in {SEARCH_PATH})")]
    NotFound {
        /// Its name.
        program: String,
    },
    /// It did not end in time and was killed with all its children.
    #[error("`{command}` gave no answer within {} s and was killed", .after.as_secs_f64())]
    TimedOut {
        /// The command, pasteable.
        command: String,
        /// The limit.
        after: Duration,
    },
    /// It ended with a status that was not wanted.
    #[error("`{command}` failed with {exit}{}", said(.stderr))]
    Failed {
        /// The command, pasteable.
        command: String,
        /// How it ended.
        exit: Exit,
        /// The end of its stderr.
        stderr: String,
    },
    /// It could not be started or spoken to.
    #[error("cannot run `{command}`: {source}")]
    Io {
        /// The command, pasteable.
        command: String,
        /// The system's reason.
        source: std::io::Error,
    },
}

fn said(stderr: &str) -> String {
    match stderr.trim() {
        "" => " and said nothing".to_owned(),
        text => format!(": {text}"),
    }
}

/// The last kilobyte, from the start of a line where possible.
fn tail(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim();
    if text.len() <= STDERR_KEPT {
        return text.to_owned();
    }
    let mut start = text.len() - STDERR_KEPT;
    while !text.is_char_boundary(start) {
        start += 1;
    }
    let end = &text[start..];
    let whole_lines = end.split_once('\n').map_or(end, |(_, rest)| rest);
    format!("[...] {whole_lines}")
}

fn without(bytes: &[u8], hidden: &[Vec<u8>]) -> Vec<u8> {
    hidden.iter().fold(bytes.to_vec(), |text, secret| replace(&text, secret, b"[secret]"))
}

/// Replaces each value that stands behind this word: `word=value`, `word value;`,
/// `word "value"`.
fn without_value(text: &[u8], word: &[u8]) -> Vec<u8> {
    let mut result = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.windows(word.len()).position(|window| window == word) {
        let behind = &rest[at + word.len()..];
        let gap = behind.iter().take_while(|byte| b" \t=:".contains(byte)).count();
        let value = value_at_start(&behind[gap..]);
        let end = at + word.len() + gap;
        result.extend_from_slice(&rest[..end]);
        if value > 0 {
            result.extend_from_slice(b"[secret]");
        }
        rest = &rest[end + value..];
    }
    result.extend_from_slice(rest);
    result
}

/// How long the value is with which a text begins, its quotes included.
fn value_at_start(text: &[u8]) -> usize {
    match text.first() {
        Some(quote @ (b'"' | b'\'')) => {
            let end = text[1..].iter().position(|byte| byte == quote);
            end.map_or(text.len(), |end| end + 2)
        }
        _ => {
            let ends = |byte: &u8| byte.is_ascii_whitespace() || b"\"';,".contains(byte);
            text.iter().position(ends).unwrap_or(text.len())
        }
    }
}

/// Replaces every occurrence of a byte string.
pub(crate) fn replace(text: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    if from.is_empty() {
        return text.to_vec();
    }
    let mut result = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.windows(from.len()).position(|window| window == from) {
        result.extend_from_slice(&rest[..at]);
        result.extend_from_slice(to);
        rest = &rest[at + from.len()..];
    }
    result.extend_from_slice(rest);
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_only_when_a_shell_would_change_them() {
        assert_eq!(quote("--datadir=/var/lib/x"), "--datadir=/var/lib/x");
        assert_eq!(quote(""), "''");
        assert_eq!(quote("it's $HOME"), r"'it'\''s $HOME'");
        assert_eq!(Command::new("echo").args(["a b", "c"]).pasteable(), "echo 'a b' c");
    }

    #[test]
    fn an_error_keeps_the_end_of_stderr_and_no_secret() {
        let secret = SecretValue::new(b"hunter2".to_vec());
        let command = Command::new("mariadb").arg("--batch").hide(&secret);
        let noise = format!("{}\nnear 'hunter2' at line 1\n", "x".repeat(2000));
        let output = CommandOutput::new(&command, Exit::Status(1), Vec::new(), noise.into());
        let message = output.failure().to_string();
        insta::assert_snapshot!(message, @"`mariadb --batch` failed with exit status 1: [...] near '[secret]' at line 1");
    }

    /// drbdadm says which command of drbdsetup has failed, with all its options.
    #[test]
    fn what_follows_a_word_is_never_shown() {
        let said = "Command 'drbdsetup-84 connect slurm_data --shared-secret=hunter2 --timeout=9' \
                    terminated with exit code 10\nshared-secret \"hunter2\";\n\
                    shared-secret\t\"hunter2";
        let command =
            Command::new("drbdadm").arg("--shared-secret=hunter2").hide_after("shared-secret");
        let output = CommandOutput::new(&command, Exit::Status(10), said.into(), said.into());
        let clean = "Command 'drbdsetup-84 connect slurm_data --shared-secret=[secret] --timeout=9' \
                     terminated with exit code 10\nshared-secret [secret];\n\
                     shared-secret\t[secret]";
        assert_eq!(output.stderr_text(), clean);
        assert_eq!(output.censored_text(), clean);
        let error = output.failure().to_string();
        assert!(error.contains(clean) && !error.contains("hunter2"), "{error}");
        assert!(!format!("{command:?} {output:?}").contains("hunter2"));
        let twice = Command::new("x").hide_after("shared-secret").hide_after("password");
        assert_eq!(
            twice.censored(b"password: a, shared-secret=;"),
            b"password: [secret], shared-secret=;"
        );
    }

    #[test]
    fn every_kind_of_error_is_a_sentence() {
        let missing = CommandError::NotFound { program: "drbdadm".into() };
        insta::assert_snapshot!(missing, @"the program `drbdadm` is not installed (looked in /usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin)");
        let slow = CommandError::TimedOut {
            command: "scontrol ping".into(),
            after: Duration::from_millis(1500),
        };
        insta::assert_snapshot!(slow, @"`scontrol ping` gave no answer within 1.5 s and was killed");
        let silent = CommandError::Failed {
            command: "false".into(),
            exit: Exit::Signal(9),
            stderr: String::new(),
        };
        insta::assert_snapshot!(silent, @"`false` failed with signal 9 and said nothing");
    }
}
