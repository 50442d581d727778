// SPDX-License-Identifier: Apache-2.0
//! The form with which a job is submitted, as a browser sends it.

use std::str::FromStr;

use serde::Deserialize;

use super::protocol::{LONGEST_SCRIPT, Options, Submission};

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

/// Whether it can be the token of a submission: 16 bytes in URL-safe base64.
pub fn is_token(text: &str) -> bool {
    text.len() == 22 && text.bytes().all(|it| it.is_ascii_alphanumeric() || b"-_".contains(&it))
}

impl Form {
    /// What is to be submitted.
    ///
    /// # Errors
    /// When that cannot be told from what was typed; in a sentence.
    pub fn submission(&self) -> Result<Submission, String> {
        if !is_token(&self.token) {
            return Err("The form has lost its number: open an empty one.".to_owned());
        }
        // A browser ends each line of a form with CR LF (HTML, 4.10.22.4), and
        // the kernel takes the CR for a part of the interpreter's name.
        let script = self.script.replace("\r\n", "\n");
        if script.len() > LONGEST_SCRIPT {
            return Err(too_long(script.len()));
        }
        if script.trim().is_empty() {
            return Err("The script is empty.".to_owned());
        }
        if !script.starts_with("#!") {
            return Err("The script has to begin with #!, such as #!/bin/bash.".to_owned());
        }
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

/// What is said of a script that is longer than [`LONGEST_SCRIPT`].
pub fn too_long(bytes: usize) -> String {
    let (is, may) = (bytes.div_ceil(1024), LONGEST_SCRIPT / 1024);
    format!(
        "The script has {is} KiB; {may} KiB are the most. Put data into files, and read them from \
         the script."
    )
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
            Form { script: " \r\n".into(), ..form() },
            Form { script: "sleep 1".into(), ..form() },
            Form { script: format!("#!{}", "x".repeat(LONGEST_SCRIPT)), ..form() },
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
