// SPDX-License-Identifier: Apache-2.0
//! What can go wrong in `slurmha lab`.

use std::io;
use std::path::PathBuf;

/// A failure of the command.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The laboratory failed.
    #[error(transparent)]
    Lab(#[from] slurmha_lab::Error),
    /// The site file has mistakes.
    #[error("{file} has mistakes:\n{messages}")]
    Site {
        /// The file.
        file: String,
        /// Each with its line, the reason and the cure.
        messages: String,
    },
    /// A file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// `ssh` cannot be started.
    #[error("cannot start ssh: {source}")]
    Ssh {
        /// Why.
        source: io::Error,
    },
    /// Standard output does not take what is printed.
    #[error("cannot print: {source}")]
    Print {
        /// Why.
        source: io::Error,
    },
}

impl Error {
    /// What the person at the terminal can type next.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Lab(error) => error.hint(),
            _ => None,
        }
    }
}
