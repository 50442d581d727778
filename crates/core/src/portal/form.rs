// SPDX-License-Identifier: Apache-2.0
//! The form with which a job is submitted, as a browser sends it.

use std::str::FromStr;

use serde::Deserialize;

use super::protocol::{Options, Submission};
use super::script::prepared;
use super::submission::Token;

/// What stands in the form, as typed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Form {
    /// Names the submission: see [`Submission::token`].
    pub token: String,
    /// `yes` when the user wants a second attempt.
    pub again: String,
    /// The script.
    pub script: String,
    /// What the job is to be called.
    pub name: String,
    /// Where it is to run.
    pub partition: String,
    /// On how many nodes.
    pub nodes: String,
    /// How many tasks.
    pub tasks: String,
    /// Processors for each.
    pub cpus_per_task: String,
    /// MiB for each node.
    pub memory_mb: String,
    /// For at most so many minutes.
    pub minutes: String,
}

impl Form {
    /// What is to be submitted.
    ///
    /// # Errors
    /// When that cannot be told from what was typed; in a sentence.
    pub fn submission(&self) -> Result<Submission, String> {
        if Token::parse(&self.token).is_none() {
            return Err("The form has lost its number: open an empty one.".to_owned());
        }
        let script = prepared(&self.script)?.into_owned();
        Ok(Submission {
            token: self.token.clone(),
            again: self.again == "yes",
            script,
            options: Options {
                name: text(&self.name),
                partition: text(&self.partition),
                nodes: number("Nodes", &self.nodes)?,
                tasks: number("Tasks", &self.tasks)?,
                cpus_per_task: number("Processors per task", &self.cpus_per_task)?,
                memory_mb: number("Memory", &self.memory_mb)?,
                minutes: number("Minutes", &self.minutes)?,
            },
        })
    }
}

fn text(typed: &str) -> Option<String> {
    Some(typed.trim()).filter(|it| !it.is_empty()).map(str::to_owned)
}

/// At least 1.
fn number<N: FromStr + PartialOrd + From<u8>>(
    what: &str,
    typed: &str,
) -> Result<Option<N>, String> {
    let Some(typed) = text(typed) else { return Ok(None) };
    let is_plain = typed.bytes().all(|byte| byte.is_ascii_digit());
    let number = typed.parse().ok().filter(|it: &N| is_plain && *it >= N::from(1));
    number.map(Some).ok_or_else(|| format!("{what}: a whole number of 1 or more is wanted."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form() -> Form {
        Form {
            token: "AAAAAAAAAAAAAAAAAAAA-_".to_owned(),
            script: "#!/bin/sh\r\ntrue\r\n".to_owned(),
            ..Form::default()
        }
    }

    #[test]
    fn what_is_left_open_stays_open() {
        let submission = form().submission().expect("a submission");
        assert_eq!(submission.script, "#!/bin/sh\ntrue\n");
        assert_eq!((submission.options, submission.again), (Options::default(), false));
    }

    #[test]
    fn what_is_said_is_sent() {
        let form = Form { nodes: " 2 ".into(), name: "x y".into(), again: "yes".into(), ..form() };
        let submission = form.submission().expect("a submission");
        assert_eq!((submission.options.nodes, submission.again), (Some(2), true));
        assert_eq!(submission.options.name.as_deref(), Some("x y"));
    }

    #[test]
    fn every_mistake_has_a_sentence() {
        let wrong = [
            Form { token: "../../etc/passwd.......".into(), ..form() },
            Form { token: String::new(), ..form() },
            Form { script: "sleep 1".into(), ..form() },
            Form { nodes: "0".into(), ..form() },
            Form { tasks: "+1".into(), ..form() },
            Form { minutes: "4294967296".into(), ..form() },
            Form { memory_mb: "1G".into(), ..form() },
        ];
        for form in wrong {
            assert!(form.submission().is_err_and(|why| why.ends_with('.')));
        }
    }
}
