// SPDX-License-Identifier: Apache-2.0
//! What is asked and answered: one line each.
//!
//! A question is a munge credential that carries [`Question`] and a newline;
//! an answer is [`Answer`] and a newline. Neither is longer than a few hundred
//! bytes, so that a reader can stop at a limit.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use thiserror::Error;

/// A question with its newline is no longer; munge's credentials of such a
/// payload have some 200 bytes.
pub const MAX_QUESTION: usize = 2048;
/// An answer with its newline is no longer.
pub const MAX_ANSWER: usize = 512;
/// Nobody is made to wait longer, whatever was asked for.
pub const MAX_WAIT: Duration = Duration::from_secs(60);

/// First word of every question; another version gets another one.
const VERSION: &str = "slurmha-saved-1";

/// Is the job saved?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question {
    /// The job's id.
    pub job: u32,
    /// For how long the answer may be awaited.
    pub wait: Duration,
}

/// What the service says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The table on the replicated disk contains the job.
    Saved,
    /// It was not saved within the time.
    NotYet,
    /// The present slurmctld does not know the job.
    Unknown,
    /// Too many are waiting; ask again.
    Busy,
    /// The question cannot be answered, and why.
    Refused(String),
}

/// Not a sentence of this protocol.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0:?} is not understood")]
pub struct ProtocolError(String);

impl ProtocolError {
    fn new(text: &str) -> Self {
        Self(text.chars().take(80).collect())
    }
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{VERSION} {} {}", self.job, self.wait.as_millis())
    }
}

impl FromStr for Question {
    type Err = ProtocolError;

    fn from_str(text: &str) -> Result<Self, ProtocolError> {
        let error = || ProtocolError::new(text);
        let mut words = text.trim_end_matches('\n').split(' ');
        let (Some(VERSION), Some(job), Some(wait), None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return Err(error());
        };
        let job = job.parse().ok().filter(|job| *job > 0).ok_or_else(error)?;
        let wait = Duration::from_millis(wait.parse().map_err(|_| error())?);
        Ok(Self { job, wait: wait.min(MAX_WAIT) })
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Saved => f.write_str("saved"),
            Self::NotYet => f.write_str("not-yet"),
            Self::Unknown => f.write_str("unknown"),
            Self::Busy => f.write_str("busy"),
            Self::Refused(why) => {
                let plain = |c: char| if c.is_control() { ' ' } else { c };
                let why: String = why.chars().map(plain).take(200).collect();
                write!(f, "refused {why}")
            }
        }
    }
}

impl FromStr for Answer {
    type Err = ProtocolError;

    fn from_str(text: &str) -> Result<Self, ProtocolError> {
        match text.trim_end_matches('\n') {
            "saved" => Ok(Self::Saved),
            "not-yet" => Ok(Self::NotYet),
            "unknown" => Ok(Self::Unknown),
            "busy" => Ok(Self::Busy),
            other => match other.strip_prefix("refused ") {
                Some(why) if !why.chars().any(char::is_control) => {
                    Ok(Self::Refused(why.to_owned()))
                }
                _ => Err(ProtocolError::new(text)),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_comes_back_as_it_was() {
        let question = Question { job: 4711, wait: Duration::from_millis(15_000) };
        assert_eq!(question.to_string(), "slurmha-saved-1 4711 15000");
        assert_eq!(question.to_string().parse(), Ok(question));
    }

    #[test]
    fn nobody_waits_longer_than_the_limit() {
        let question: Question = "slurmha-saved-1 1 99999999999".parse().unwrap();
        assert_eq!(question.wait, MAX_WAIT);
    }

    #[test]
    fn what_is_no_question_is_refused() {
        for text in [
            "",
            "slurmha-saved-1",
            "slurmha-saved-1 0 1",
            "slurmha-saved-1 -1 1",
            "slurmha-saved-1 4294967296 1",
            "slurmha-saved-1 1",
            "slurmha-saved-1 1 1 1",
            "slurmha-saved-2 1 1",
            "slurmha-saved-1 1 x",
        ] {
            assert!(text.parse::<Question>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn answers_come_back_as_they_were() {
        for answer in [
            Answer::Saved,
            Answer::NotYet,
            Answer::Unknown,
            Answer::Busy,
            Answer::Refused("no credential".to_owned()),
        ] {
            assert_eq!(answer.to_string().parse(), Ok(answer));
        }
        assert!("yes".parse::<Answer>().is_err());
        assert!("refused \u{1b}[2J".parse::<Answer>().is_err(), "nothing for a terminal");
    }

    #[test]
    fn a_reason_stays_on_its_line_and_within_the_limit() {
        let answer = Answer::Refused("two\nlines ".repeat(100)).to_string();
        assert!(!answer.contains('\n') && answer.len() < MAX_ANSWER);
    }
}
