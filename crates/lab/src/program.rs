// SPDX-License-Identifier: Apache-2.0
//! Programs that the lab runs to their end.

use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use crate::error::Error;
use crate::progress::Progress;

/// Programs that the lab drives, each with the Debian package that holds it.
const NEEDED: [(&str, &str); 8] = [
    ("qemu-system-x86_64", "qemu-system-x86"),
    ("qemu-img", "qemu-utils"),
    ("ipmi_sim", "openipmi"),
    ("ssh", "openssh-client"),
    ("ssh-keygen", "openssh-client"),
    ("mmdebstrap", "mmdebstrap"),
    ("mke2fs", "e2fsprogs"),
    ("tar", "tar"),
];

/// How much of a program's output an error repeats.
const TAIL: usize = 2000;

/// All programs that are missing, in one error.
pub(crate) fn require() -> Result<(), Error> {
    let missing: Vec<_> = NEEDED.into_iter().filter(|(name, _)| find(name).is_none()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let mut packages: Vec<_> = missing.iter().map(|(_, package)| *package).collect();
    packages.dedup();
    Err(Error::MissingPrograms {
        programs: missing.iter().map(|(name, _)| *name).collect(),
        packages,
    })
}

/// Where a program is. The system directories count even for people whose
/// PATH lacks them: mke2fs needs no privilege.
fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin".into(), "/sbin".into()])
        .map(|directory| directory.join(name))
        .find(|file| file.is_file())
}

/// A command for a program, found as [`require`] finds it.
pub(crate) fn command(name: &str) -> Command {
    command_at(&find(name).unwrap_or_else(|| name.into()))
}

/// A command for a program at a known place.
#[allow(clippy::disallowed_methods)] // the lab's only door to programs
pub(crate) fn command_at(path: &Path) -> Command {
    Command::new(path)
}

/// The command as a person could type it.
pub(crate) fn as_typed(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let words = program.file_name().into_iter().chain(command.get_args());
    words.map(|word| quote(&word.to_string_lossy())).collect::<Vec<_>>().join(" ")
}

/// One word, quoted for a shell where it has to be.
pub(crate) fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=+./:,@%^".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// The last part of a program's output.
pub(crate) fn tail(text: &str) -> String {
    let mut start = text.len().saturating_sub(TAIL);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    text[start..].trim().to_owned()
}

/// Runs a program to its end; a failure carries what it said.
pub(crate) fn run(
    command: &mut Command,
    limit: Duration,
    progress: &dyn Progress,
) -> Result<String, Error> {
    let output = finish(command, None, limit, progress)?;
    if !output.status.success() {
        return Err(failure(command, output.status, &output));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The error for a program that ended badly.
pub(crate) fn failure(command: &Command, status: ExitStatus, output: &Output) -> Error {
    let said = if output.stderr.is_empty() { &output.stdout } else { &output.stderr };
    Error::Program {
        command: as_typed(command),
        status: status.to_string(),
        output: tail(&String::from_utf8_lossy(said)),
    }
}

/// Runs a program within a time limit, collecting its output while it runs.
pub(crate) fn finish(
    command: &mut Command,
    input: Option<&[u8]>,
    limit: Duration,
    progress: &dyn Progress,
) -> Result<Output, Error> {
    let doing = |c: &Command| format!("run `{}`", as_typed(c));
    let mut child = command
        .stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // A group of its own: what is told to end is the program with all
        // that it started, and not by the terminal behind our back.
        .process_group(0)
        .spawn()
        .map_err(Error::system(doing(command)))?;
    let stdout = collect(child.stdout.take());
    let stderr = collect(child.stderr.take());
    if let (Some(bytes), Some(mut pipe)) = (input, child.stdin.take()) {
        // A program that does not want its input says so by its exit status.
        let _ = pipe.write_all(bytes);
    }
    let deadline = Instant::now() + limit;
    let mut pause = Duration::from_millis(1);
    let status = loop {
        if let Some(status) = child.try_wait().map_err(Error::system(doing(command)))? {
            break status;
        }
        if progress.cancelled() {
            end_group(&mut child, Duration::from_secs(30));
            return Err(Error::Interrupted);
        }
        if Instant::now() >= deadline {
            end_group(&mut child, Duration::from_secs(5));
            return Err(Error::ProgramTimeout { command: as_typed(command), limit });
        }
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(50));
    };
    let joined = |reader: thread::JoinHandle<Vec<u8>>| reader.join().unwrap_or_default();
    Ok(Output { status, stdout: joined(stdout), stderr: joined(stderr) })
}

/// Asks a program and all that it started to end, and makes them end if they
/// have not cleaned up in time.
fn end_group(child: &mut Child, patience: Duration) {
    let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) else { return };
    let _ = kill_process_group(group, Signal::TERM);
    let deadline = Instant::now() + patience;
    while Instant::now() < deadline && matches!(child.try_wait(), Ok(None)) {
        thread::sleep(Duration::from_millis(20));
    }
    // As long as a member is left, the group's number is nobody else's.
    let _ = kill_process_group(group, Signal::KILL);
    let _ = child.wait();
}

/// Reads a pipe to its end beside the program.
fn collect(pipe: Option<impl Read + Send + 'static>) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            let _ = pipe.read_to_end(&mut bytes);
        }
        bytes
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::progress::Silent;

    #[test]
    fn a_failure_carries_the_command_and_its_last_words() {
        let mut command = command("sh");
        command.args(["-c", "echo no such thing >&2; exit 3"]);
        let error = run(&mut command, Duration::from_secs(10), &Silent).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`sh -c 'echo no such thing >&2; exit 3'` failed (exit status: 3)\n    no such thing"
        );
    }

    #[test]
    fn a_program_that_hangs_is_killed() {
        let mut command = command("sleep");
        command.arg("60");
        let error = run(&mut command, Duration::from_millis(50), &Silent).unwrap_err();
        assert!(matches!(error, Error::ProgramTimeout { .. }), "{error}");
    }

    #[test]
    fn an_interrupted_program_can_clean_up() {
        let directory = tempfile::tempdir().unwrap();
        let script = "echo building >half-built; trap 'rm half-built; exit 1' TERM; \
            touch ready; while :; do sleep 0.01; done";
        let mut command = command("sh");
        command.args(["-c", script]).current_dir(directory.path());
        // The trap must be set before the interrupt arrives.
        struct WhenReady(std::path::PathBuf);
        impl Progress for WhenReady {
            fn step(&self, _: Option<&str>, _: &str) {}
            fn cancelled(&self) -> bool {
                self.0.exists()
            }
        }
        let ready = WhenReady(directory.path().join("ready"));
        let error = run(&mut command, Duration::from_secs(30), &ready).unwrap_err();
        assert!(matches!(error, Error::Interrupted), "{error}");
        assert!(!directory.path().join("half-built").exists());
    }

    #[test]
    fn words_are_quoted_for_a_shell() {
        assert_eq!(quote("a=b/c"), "a=b/c");
        assert_eq!(quote("it's"), "'it'\\''s'");
        assert_eq!(quote(""), "''");
    }
}
