// SPDX-License-Identifier: Apache-2.0
//! What can go wrong in the laboratory.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A failure of the lab; [`Error::hint`] says what to type next.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or directory of the lab could not be used.
    #[error("cannot {doing} {}: {source}", path.display())]
    File {
        /// The verb, such as `write`.
        doing: &'static str,
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },

    /// A step that concerns no file failed in the operating system.
    #[error("cannot {doing}: {source}")]
    System {
        /// What was tried.
        doing: String,
        /// Why it failed.
        source: io::Error,
    },

    /// A file of the lab does not hold what this version writes.
    #[error("{} is not a description of a lab: {source}", path.display())]
    Description {
        /// The file.
        path: PathBuf,
        /// What the reader says.
        source: serde_json::Error,
    },

    /// Programs that the lab drives are not installed.
    #[error("the lab needs programs that are not installed: {}", programs.join(", "))]
    MissingPrograms {
        /// Their names.
        programs: Vec<&'static str>,
        /// The Debian packages that hold them.
        packages: Vec<&'static str>,
    },

    /// A program ended badly.
    #[error("`{command}` failed ({status}){}", indented(output))]
    Program {
        /// The command, as it could be typed.
        command: String,
        /// Its exit status.
        status: String,
        /// The end of what it printed.
        output: String,
    },

    /// A program did not end in time and was killed.
    #[error("`{command}` did not end within {} s and was killed", limit.as_secs())]
    ProgramTimeout {
        /// The command, as it could be typed.
        command: String,
        /// The time it had.
        limit: Duration,
    },

    /// A lab's name cannot be one.
    #[error("{name:?} cannot name a lab: use 1 to 32 of a-z, 0-9 and -")]
    Name {
        /// The name.
        name: String,
    },

    /// The lab does not exist.
    #[error("there is no lab {name:?} ({} does not exist)", directory.display())]
    NoLab {
        /// The lab's name.
        name: String,
        /// Where it would be.
        directory: PathBuf,
    },

    /// The machine does not exist.
    #[error("the lab has no machine {name:?}; it has {}", known.join(", "))]
    NoMachine {
        /// The name that was given.
        name: String,
        /// The names that exist.
        known: Vec<String>,
    },

    /// The machine has no such disk.
    #[error("{machine} has no disk {disk:?}; it has {}", known.join(", "))]
    NoDisk {
        /// Which machine.
        machine: String,
        /// The name that was given.
        disk: String,
        /// The names that exist.
        known: Vec<String>,
    },

    /// Another command works on the lab.
    #[error("another command is working on this lab (it holds {})", lock.display())]
    Busy {
        /// The locked file.
        lock: PathBuf,
    },

    /// The site does not fit into the lab.
    #[error("this site cannot run in the lab: {reason}")]
    Topology {
        /// Why.
        reason: String,
    },

    /// The lab exists with other machines than the site asks for.
    #[error("the lab {name:?} was made from a different site: {difference}")]
    OtherSite {
        /// The lab's name.
        name: String,
        /// What differs.
        difference: String,
    },

    /// A machine did not come up.
    #[error(
        "{machine} did not answer to ssh within {} s; the end of its console:{}",
        waited.as_secs(), indented(console)
    )]
    Boot {
        /// Which machine.
        machine: String,
        /// How long it had.
        waited: Duration,
        /// The last lines of its console.
        console: String,
        /// The lab, for the hint.
        lab: String,
    },

    /// A machine's process ended while it was waited for.
    #[error(
        "{machine} went off while it was booting; the end of its console:{}",
        indented(console)
    )]
    Died {
        /// Which machine.
        machine: String,
        /// The last lines of its console.
        console: String,
        /// The lab, for the hint.
        lab: String,
    },

    /// A machine has power, but its processors are stopped for good.
    #[error("{machine} stands still ({why}) and cannot be let go on: {reason}")]
    StandsStill {
        /// Which machine.
        machine: String,
        /// What QEMU says of it.
        why: String,
        /// Why it cannot go on.
        reason: String,
        /// The lab, for the hint.
        lab: String,
    },

    /// A port of the lab is somebody else's.
    #[error("another program has port {port} of 127.0.0.1, where {what} belongs")]
    PortTaken {
        /// The port.
        port: u16,
        /// What should listen there.
        what: String,
        /// The lab, for the hint.
        lab: String,
    },

    /// A process does not go away.
    #[error("process {pid} ({what}) is still there {} s after it was killed", waited.as_secs())]
    StillAlive {
        /// The process.
        pid: u32,
        /// What it is.
        what: String,
        /// How long it had.
        waited: Duration,
    },

    /// QEMU's monitor refused a command or broke off.
    #[error("the QEMU monitor of {machine} failed at {command}: {reason}")]
    Monitor {
        /// Which machine.
        machine: String,
        /// The QMP command.
        command: String,
        /// What it answered.
        reason: String,
    },

    /// The switch between the machines refused a request.
    #[error("the lab's switch refuses: {reason}")]
    Switch {
        /// Its answer.
        reason: String,
    },

    /// The switch between the machines does not run.
    #[error("the lab's switch does not answer at {}: {source}", socket.display())]
    SwitchGone {
        /// Its control socket.
        socket: PathBuf,
        /// Why.
        source: io::Error,
        /// The lab, for the hint.
        lab: String,
    },

    /// The operation needs running machines.
    #[error("the lab {lab:?} is frozen")]
    Frozen {
        /// The lab's name.
        lab: String,
    },

    /// There is nothing to thaw.
    #[error("the lab {lab:?} has no frozen state")]
    NotFrozen {
        /// The lab's name.
        lab: String,
    },

    /// A machine has to run for this.
    #[error("{machine} is off")]
    Off {
        /// Which machine.
        machine: String,
        /// The lab, for the hint.
        lab: String,
    },

    /// Not done within its bound.
    #[error("{what} took longer than {} s", limit.as_secs())]
    Timeout {
        /// What was waited for.
        what: String,
        /// The bound.
        limit: Duration,
    },

    /// The image lacks something that the recipe promises.
    #[error("the image was built without {what}")]
    Image {
        /// What is missing.
        what: String,
    },

    /// Ctrl-C.
    #[error("interrupted")]
    Interrupted,
}

impl Error {
    /// What the person at the terminal can type next.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::MissingPrograms { packages, .. } => {
                Some(format!("apt install {}", packages.join(" ")))
            }
            Self::NoLab { name, .. } => Some(format!("slurmha lab up --name {name}")),
            Self::Boot { lab, machine, .. } | Self::Died { lab, machine, .. } => Some(format!(
                "`slurmha lab logs --name {lab} {machine}` shows the whole console, \
                 `slurmha lab up --name {lab}` tries again, \
                 `slurmha lab down --name {lab}` removes the lab"
            )),
            Self::StandsStill { lab, machine, .. } => Some(format!(
                "`slurmha lab power --name {lab} reset {machine}` cuts its power and boots it"
            )),
            Self::PortTaken { port, lab, .. } => Some(format!(
                "`slurmha lab up --name {lab}` takes another port, \
                 `ss -anp 'sport = :{port}'` shows who has this one"
            )),
            Self::SwitchGone { lab, .. } => {
                Some(format!("`slurmha lab up --name {lab}` starts what is missing"))
            }
            Self::Frozen { lab } => Some(format!("slurmha lab thaw --name {lab}")),
            Self::NotFrozen { lab } => Some(format!("slurmha lab freeze --name {lab}")),
            Self::Off { lab, machine } => {
                Some(format!("slurmha lab power --name {lab} on {machine}"))
            }
            Self::OtherSite { name, .. } => Some(format!(
                "`slurmha lab down --name {name}` removes it; `--name` chooses another"
            )),
            Self::Description { path, .. } => path
                .parent()
                .and_then(Path::file_name)
                .map(|name| format!("slurmha lab down --name {}", name.to_string_lossy())),
            _ => None,
        }
    }

    /// For `map_err` on a file operation.
    pub(crate) fn file<'a>(
        doing: &'static str,
        path: &'a Path,
    ) -> impl FnOnce(io::Error) -> Self + 'a {
        move |source| Self::File { doing, path: path.to_owned(), source }
    }

    /// For `map_err` on a system call.
    pub(crate) fn system<E: Into<io::Error>>(doing: impl Into<String>) -> impl FnOnce(E) -> Self {
        let doing = doing.into();
        move |source| Self::System { doing, source: source.into() }
    }
}

/// Output of a program below the sentence that it explains.
fn indented(text: &str) -> String {
    text.trim_end().lines().flat_map(|line| ["\n    ", line]).collect()
}
