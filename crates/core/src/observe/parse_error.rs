// SPDX-License-Identifier: Apache-2.0
//! Why the output of a program could not be understood.

use thiserror::Error;

/// Output that is not what the program is known to print.
///
/// An output that cannot be read is never guessed at: whoever asked treats it
/// as "cannot tell".
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ParseError {
    /// Something else stood where `expected` should be.
    #[error("{program}: expected {expected}, found {found:?}")]
    Unexpected {
        /// The program whose output it is.
        program: &'static str,
        /// What should have been there.
        expected: &'static str,
        /// What was there, shortened.
        found: String,
    },
    /// The output ended, or the element did, without it.
    #[error("{program}: the output has no {what}")]
    Missing {
        /// The program whose output it is.
        program: &'static str,
        /// What was not there.
        what: &'static str,
    },
    /// The program says itself, in its output, that it could not answer.
    #[error("{program} says: {message}")]
    Refused {
        /// The program whose output it is.
        program: &'static str,
        /// Its own words.
        message: String,
    },
}

/// How much of an unexpected text an error repeats.
const EXCERPT_CHARS: usize = 80;

impl ParseError {
    /// An [`ParseError::Unexpected`] that repeats at most one short line.
    pub(crate) fn unexpected(program: &'static str, expected: &'static str, found: &str) -> Self {
        let found = found.lines().next().unwrap_or_default().chars().take(EXCERPT_CHARS).collect();
        Self::Unexpected { program, expected, found }
    }
}
