// SPDX-License-Identifier: Apache-2.0
//! How a command can fail: five kinds, each with its own exit status.

use std::fmt;
use std::process::ExitCode;

use slurmha_core::console::action::Outcome;

/// Why a command did not do what was asked.
#[derive(Debug)]
pub struct Failure {
    kind: Kind,
    /// What failed, where, why. Several lines are allowed.
    message: String,
    /// What to type next.
    hints: Vec<String>,
}

/// Kinds of failure; the number is the exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The command line is wrong.
    Usage = 2,
    /// The site file is wrong.
    Site = 3,
    /// A machine or a program on it failed.
    Remote = 4,
    /// It would have been dangerous, so nothing was done.
    Refused = 5,
    /// It was done, and the answer is no: a check found faults, a drill
    /// failed, the cluster is not healthy.
    NotAsWanted = 6,
    /// A mistake in slurmha itself.
    Internal = 70,
}

impl Failure {
    /// A failure of that kind.
    pub fn new(kind: Kind, message: impl fmt::Display) -> Self {
        Self { kind, message: message.to_string(), hints: Vec::new() }
    }

    /// The command line is wrong.
    pub fn usage(message: impl fmt::Display) -> Self {
        Self::new(Kind::Usage, message)
    }

    /// The site file is wrong.
    pub fn site(message: impl fmt::Display) -> Self {
        Self::new(Kind::Site, message)
    }

    /// A machine or program failed.
    pub fn remote(message: impl fmt::Display) -> Self {
        Self::new(Kind::Remote, message)
    }

    /// Refused for safety.
    pub fn refused(message: impl fmt::Display) -> Self {
        Self::new(Kind::Refused, message)
    }

    /// The answer is no. An empty message prints nothing: the command has
    /// already said it.
    pub fn not_as_wanted(message: impl fmt::Display) -> Self {
        Self::new(Kind::NotAsWanted, message)
    }

    /// A mistake in slurmha.
    pub fn internal(message: impl fmt::Display) -> Self {
        Self::new(Kind::Internal, message)
    }

    /// What failed, where, why.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Whether nothing was done because it would not have been safe.
    pub fn is_refusal(&self) -> bool {
        self.kind == Kind::Refused
    }

    /// Adds what to type next.
    #[must_use]
    pub fn hint(mut self, hint: impl fmt::Display) -> Self {
        self.hints.push(hint.to_string());
        self
    }

    /// The same for somebody who sees no terminal.
    pub fn outcome(self) -> Outcome {
        Outcome { code: self.kind as u8, text: self.message, next: self.hints }
    }

    /// Prints the failure to stderr, the one place where this happens.
    pub fn print(&self) {
        if !self.message.is_empty() {
            eprintln!("slurmha: {}", self.message);
        }
        for hint in &self.hints {
            eprintln!("hint: {hint}");
        }
    }

    /// The process's exit status.
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.kind as u8)
    }
}

impl From<crate::command::lab::Error> for Failure {
    fn from(error: crate::command::lab::Error) -> Self {
        let failure = Self::new(kind_of(&error), &error);
        match error.hint() {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}

/// The laboratory's errors by kind: what was typed, what the site file says,
/// what would have been dangerous, and everything else.
fn kind_of(error: &crate::command::lab::Error) -> Kind {
    use crate::command::lab::Error;
    use slurmha_lab::Error as Lab;
    match error {
        Error::Site { .. } => Kind::Site,
        Error::Lab(error) => match error {
            Lab::Name { .. } | Lab::NoLab { .. } | Lab::NoMachine { .. } | Lab::NoDisk { .. } => {
                Kind::Usage
            }
            Lab::Topology { .. } => Kind::Site,
            Lab::OtherSite { .. }
            | Lab::Busy { .. }
            | Lab::Frozen { .. }
            | Lab::NotFrozen { .. } => Kind::Refused,
            _ => Kind::Remote,
        },
        _ => Kind::Remote,
    }
}
