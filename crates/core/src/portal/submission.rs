// SPDX-License-Identifier: Apache-2.0
//! Once and not twice: what is done for a submission, from what is known of it.
//!
//! A record is on the disk before sbatch runs, and the job carries the submission's
//! token as its comment. So whoever comes with the same token again, after whatever has
//! ended in the meantime, is told the job or asks Slurm for it; only when Slurm knows
//! none may the user decide on a second attempt.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::job::JobRef;
use super::protocol::Refusal;
use super::sbatch::Sent;

/// What a job's comment begins with when it comes from the portal.
const MARK: &str = "slurmha-portal:";

/// How long after the first look Slurm is asked a second time for a submission whose
/// answer was lost: it may have been on its way when the connection broke.
const SECOND_LOOK: Duration = Duration::from_secs(3);

/// How many random bytes a token has.
pub const TOKEN_RANDOM: usize = 13;

/// How many characters of a token tell its host.
const HOST_MARK: usize = 4;

/// The name of a submission: 16 bytes in URL-safe base64, the first three of which
/// tell on which host its form was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// The token of a form that this host makes, of [`TOKEN_RANDOM`] random bytes.
    pub fn made(host: &str, random: &[u8]) -> String {
        format!("{}{}", host_mark(host), BASE64.encode(random))
    }

    /// Whether its form was made on the host with that [`host_mark`], and a record
    /// of it would be there.
    pub fn is_from(&self, mark: &str) -> bool {
        self.0.starts_with(mark)
    }

    /// The token in that text; `None` when it is none. It names a file and stands in a
    /// comment, so that nothing else passes.
    pub fn parse(text: &str) -> Option<Self> {
        let is_plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        (text.len() == 22 && text.bytes().all(is_plain)).then(|| Self(text.to_owned()))
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The comment of the job that it becomes.
    pub fn comment(&self) -> String {
        format!("{MARK}{}", self.0)
    }

    /// Whether a job with this comment came from it. Plugins of the site may have added
    /// to the comment.
    pub fn is_in(&self, comment: &str) -> bool {
        comment.contains(&self.comment())
    }

    /// The job in a listing with an id and a comment a line, and whatever delimiter
    /// between them, as squeue and sacct print them. Of two, after a second attempt
    /// that the user wanted, the first.
    pub fn find(&self, listing: &str, delimiter: char) -> Option<JobRef> {
        listing.lines().find_map(|line| {
            let (id, comment) = line.trim().split_once(delimiter)?;
            // A task of an array stands for the array, and a part of a heterogeneous job for
            // that.
            let id = id.split(['_', '+']).next()?;
            self.is_in(comment).then(|| id.parse().ok()).flatten()
        })
    }
}

/// What a host's tokens begin with.
pub fn host_mark(host: &str) -> String {
    let digest = BASE64.encode(Sha256::digest(host.as_bytes()));
    digest.chars().take(HOST_MARK).collect()
}

/// What a form says, in a few characters: a form that was changed since is told from
/// the one that became a job.
pub fn contents(script: &str, options: &[String]) -> String {
    let mut digest = Sha256::new();
    for part in std::iter::once(script).chain(options.iter().map(String::as_str)) {
        digest.update((part.len() as u64).to_le_bytes());
        digest.update(part);
    }
    BASE64.encode(&digest.finalize()[..12])
}

/// The [`contents`] that were sent last, by the text of a record.
pub fn recorded_contents(text: &str) -> Option<String> {
    let lines = text.lines().filter_map(|line| serde_json::from_str::<Line>(line).ok());
    let contents = |line| if let Line::Contents(contents) = line { Some(contents) } else { None };
    lines.filter_map(contents).next_back()
}

/// A line of a submission's record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Line {
    /// sbatch is about to run; seconds since 1970.
    Sending(i64),
    /// With these [`contents`].
    Contents(String),
    /// It has become this job.
    Job(JobRef),
}

/// What is known of a submission when it comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Record {
    /// It has never been seen.
    New,
    /// It has never been seen here, but its form was made on another host of the
    /// portal, and a record of it would be there.
    Elsewhere,
    /// It was sent at this time, in seconds since 1970, and nothing more is known. 0
    /// when the line cannot be read.
    Sending(i64),
    /// It has become a job.
    Job(JobRef),
}

impl Record {
    /// The record in that text. A line that was being written when the machine died
    /// counts for nothing, except that something was about to happen.
    pub fn parse(text: &str) -> Self {
        let lines = || text.lines().filter_map(|line| serde_json::from_str::<Line>(line).ok());
        let job = lines().find_map(|line| if let Line::Job(job) = line { Some(job) } else { None });
        let first = lines().find_map(|line| match line {
            Line::Sending(at) => Some(at),
            Line::Contents(_) | Line::Job(_) => None,
        });
        match (job, first) {
            (Some(job), _) => Self::Job(job),
            (None, Some(at)) => Self::Sending(at),
            (None, None) if text.is_empty() => Self::New,
            (None, None) => Self::Sending(0),
        }
    }

    /// What is known when the record was looked for on the host with that
    /// [`host_mark`].
    #[must_use]
    pub fn seen_from(self, mark: &str, token: &Token) -> Self {
        match self {
            Self::New if !token.is_from(mark) => Self::Elsewhere,
            known => known,
        }
    }
}

/// What Slurm says when it is asked for the job of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// This one.
    Job(JobRef),
    /// There is none, neither in the queue nor in the accounting.
    None,
    /// One of the two did not answer.
    CannotTell(String),
}

/// What is to be done next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Write [`Line::Sending`], and when that is on the disk run sbatch.
    Send,
    /// Ask Slurm for the job, after a pause.
    Ask {
        /// How long.
        pause: Duration,
    },
    /// Answer.
    End(End),
}

/// The answer, and what the record has to say from now on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// The job, which the record gets if it lacks it.
    Job(JobRef),
    /// No job; the record goes, so that the corrected form is a new submission.
    Forget(Refusal),
    /// No job that is known of; the record stays.
    Keep(Refusal),
}

/// One request to submit, on its way.
#[derive(Clone, Debug)]
pub struct Course {
    is_first: bool,
    may_send: bool,
    asked: bool,
    why: String,
}

impl Course {
    /// What is to be done for a submission with that record; `again` when the user
    /// wants a second attempt after a lost answer.
    pub fn begin(record: Record, again: bool) -> (Self, Step) {
        let is_first = record == Record::New;
        let why = match record {
            Record::Elsewhere => "another host of the portal may have sent this form before",
            _ => "the answer to an earlier attempt was lost",
        };
        let why = why.to_owned();
        let course = Self { is_first, may_send: again, asked: false, why };
        let step = match record {
            Record::New => Step::Send,
            // Also when it is wanted a second time: the first may have shown up.
            Record::Sending(_) | Record::Elsewhere => Step::Ask { pause: Duration::ZERO },
            Record::Job(job) => Step::End(End::Job(job)),
        };
        (course, step)
    }

    /// After [`Step::Send`].
    pub fn sent(&mut self, sent: Sent) -> Step {
        self.may_send = false;
        self.asked = false;
        let refused = |refusal| match self.is_first {
            true => End::Forget(refusal),
            // An earlier attempt may still be a job.
            false => End::Keep(refusal),
        };
        match sent {
            Sent::Accepted(job) => Step::End(End::Job(job)),
            Sent::Refused(why) => Step::End(refused(Refusal::No(why))),
            Sent::NotReached(why) => Step::End(refused(Refusal::SchedulerAway(why))),
            Sent::Unclear(why) => {
                self.why = why;
                Step::Ask { pause: Duration::ZERO }
            }
        }
    }

    /// After [`Step::Ask`].
    pub fn asked(&mut self, found: Found) -> Step {
        match found {
            Found::Job(job) => Step::End(End::Job(job)),
            // Nothing is known to be lost yet: whoever asks again is told.
            Found::CannotTell(why) => Step::End(End::Keep(Refusal::SchedulerAway(format!(
                "what became of the submission is not known yet: {why}"
            )))),
            Found::None if self.may_send => Step::Send,
            Found::None if !self.asked => {
                self.asked = true;
                Step::Ask { pause: SECOND_LOOK }
            }
            Found::None => Step::End(End::Keep(Refusal::AnswerLost(self.why.clone()))),
        }
    }
}

#[cfg(test)]
#[path = "submission_tests.rs"]
mod tests;
