// SPDX-License-Identifier: Apache-2.0
//! What goes wrong, and when.

use std::io;

use crate::command::{Command, CommandError, CommandOutput, Exit};

/// When a fault strikes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum At {
    /// At the operation of this number, counted from 0: commands and changes
    /// of files.
    Operation(usize),
    /// At the command of this number, counted from 0.
    Command(usize),
    /// Whenever this program is run.
    Program(String),
}

/// What a fault does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum How {
    /// The program is not there.
    Missing,
    /// The program does nothing and fails.
    Fails {
        /// Its exit status.
        status: i32,
        /// What it says on stderr.
        stderr: String,
    },
    /// The program does nothing and does not end.
    Hangs,
    /// The process that drives the machine is killed before the operation:
    /// this and everything after it fails.
    Dies,
    /// As [`How::Dies`], with the operation half done where the model knows
    /// what that is.
    DiesHalfway,
}

/// One thing that goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// When.
    pub at: At,
    /// What.
    pub how: How,
}

#[derive(Default)]
pub(super) struct Faults {
    pub(super) operations: usize,
    pub(super) commands: Vec<String>,
    pending: Vec<Fault>,
    dead: bool,
}

/// What is to happen to a command.
pub(super) enum Strike {
    /// Nothing: it works.
    Spared,
    /// It ends like this without effect.
    Ends(Result<CommandOutput, CommandError>),
    /// It is cut off in the middle.
    Halfway,
}

impl Faults {
    pub(super) fn inject(&mut self, fault: Fault) {
        self.pending.push(fault);
    }

    pub(super) fn clear(&mut self) {
        self.pending.clear();
        self.dead = false;
    }

    pub(super) fn check_alive(&self) -> io::Result<()> {
        if self.dead { Err(killed()) } else { Ok(()) }
    }

    /// Counts a change of a file.
    pub(super) fn strike_change(&mut self) -> io::Result<()> {
        self.check_alive()?;
        let operation = self.operations;
        self.operations += 1;
        let hit = self.pending.iter().any(|fault| fault.at == At::Operation(operation));
        self.dead = hit;
        self.check_alive()
    }

    /// Counts a command.
    pub(super) fn strike_command(&mut self, command: &Command) -> Strike {
        if self.dead {
            return Strike::Ends(Err(dead(command)));
        }
        let (operation, number) = (self.operations, self.commands.len());
        self.operations += 1;
        self.commands.push(command.pasteable());
        let hit = self.pending.iter().find(|fault| match &fault.at {
            At::Operation(at) => *at == operation,
            At::Command(at) => *at == number,
            At::Program(program) => program == command.program(),
        });
        match hit.map(|fault| fault.how.clone()) {
            None => Strike::Spared,
            Some(How::Missing) => {
                Strike::Ends(Err(CommandError::NotFound { program: command.program().to_owned() }))
            }
            Some(How::Fails { status, stderr }) => Strike::Ends(Ok(CommandOutput::new(
                command,
                Exit::Status(status),
                Vec::new(),
                stderr.into_bytes(),
            ))),
            Some(How::Hangs) => Strike::Ends(Err(CommandError::TimedOut {
                command: command.pasteable(),
                after: command.timeout,
            })),
            Some(How::Dies) => {
                self.dead = true;
                Strike::Ends(Err(dead(command)))
            }
            Some(How::DiesHalfway) => {
                self.dead = true;
                Strike::Halfway
            }
        }
    }
}

fn killed() -> io::Error {
    io::Error::other("the process was killed")
}

pub(super) fn dead(command: &Command) -> CommandError {
    CommandError::Io { command: command.pasteable(), source: killed() }
}
