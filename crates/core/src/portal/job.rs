// SPDX-License-Identifier: Apache-2.0
//! Which job is meant.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A job, or one task of a job array: `42`, `42_7` (squeue(1), `%i`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct JobRef {
    /// The job's id, or the array's.
    pub id: u32,
    /// The task's index in its array.
    pub task: Option<u32>,
}

/// A text that names no job.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} names no job; a job is a number such as 42, or 42_7 for a task of an array")]
pub struct NoJob(String);

impl fmt::Display for JobRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.task {
            None => write!(f, "{}", self.id),
            Some(task) => write!(f, "{}_{task}", self.id),
        }
    }
}

impl FromStr for JobRef {
    type Err = NoJob;

    fn from_str(text: &str) -> Result<Self, NoJob> {
        let no_job = || NoJob(text.chars().take(40).collect());
        // `u32::from_str` takes a sign, too.
        let number = |digits: &str| {
            let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit());
            is_plain.then(|| digits.parse().ok()).flatten().ok_or_else(no_job)
        };
        let (id, task) = match text.split_once('_') {
            None => (number(text)?, None),
            Some((id, task)) => (number(id)?, Some(number(task)?)),
        };
        Ok(Self { id, task })
    }
}

impl From<JobRef> for String {
    fn from(job: JobRef) -> Self {
        job.to_string()
    }
}

impl TryFrom<String> for JobRef {
    type Error = NoJob;

    fn try_from(text: String) -> Result<Self, NoJob> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_a_number_or_a_task_of_an_array() {
        for text in ["42", "42_7", "4294967295"] {
            assert_eq!(text.parse::<JobRef>().map(|job| job.to_string()), Ok(text.to_owned()));
        }
    }

    #[test]
    fn nothing_else_is() {
        for text in
            ["", "_", "42_", "_7", "+42", "-1", "42 ", "4294967296", "42_7_1", "42;id", "٤٢"]
        {
            assert!(text.parse::<JobRef>().is_err(), "{text}");
        }
    }
}
