// SPDX-License-Identifier: Apache-2.0
//! sbatch(1), scancel(1), squeue(1), scontrol(1) and sacct(1) of Slurm 22.05, as a
//! user runs them for their own jobs.

use std::time::Duration;

use slurmha_core::portal::client::{Failure, judge};
use slurmha_core::portal::ended::SACCT_FIELDS;
use slurmha_core::portal::job::JobRef;
use slurmha_core::portal::sbatch::{self, SbatchEnd, Sent};
use slurmha_core::portal::submission::Token;

use crate::command::{Command, CommandError, CommandOutput};
use crate::system::System;

/// sbatch tries for two minutes by itself when slurmctld is full (`sbatch.c`,
/// `MAX_RETRIES`), each time for `MessageTimeout`; where submissions are durable it
/// then waits for the saved state.
const SBATCH_LIMIT: Duration = Duration::from_secs(240);
/// Beyond `MessageTimeout`, which is 30 s here, so that a client says itself that
/// nobody answers.
const CLIENT_LIMIT: Duration = Duration::from_secs(45);
/// How far back jobs that have ended are told of.
const ENDED_SINCE: &str = "now-7days";

/// Who submits, as far as the job's environment tells.
#[derive(Clone, Debug)]
pub struct Submitter {
    /// Login name.
    pub name: String,
    /// Home directory.
    pub home: String,
    /// Login shell.
    pub shell: String,
}

/// Runs sbatch. The script comes over its standard input; each option is one argument.
/// The job starts where this process is, unless the script says otherwise.
///
/// sbatch hands its own environment to the job, so that this is a user's and not a
/// service's: `env` takes away what makes clients speak English.
pub fn submit(
    system: &dyn System,
    user: &Submitter,
    token: &Token,
    options: &[String],
    script: &str,
) -> Sent {
    let command = Command::new("env")
        .args(["--unset=LC_ALL", "LANG=C.UTF-8", "sbatch", "--parsable"])
        .arg(format!("--comment={}", token.comment()))
        .args(options)
        .env("HOME", &user.home)
        .env("USER", &user.name)
        .env("LOGNAME", &user.name)
        .env("SHELL", &user.shell)
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .stdin(script)
        .timeout(SBATCH_LIMIT);
    match system.run(&command) {
        Ok(output) => sbatch::judge(&SbatchEnd {
            status: output.status(),
            stdout: &output.text(),
            stderr: &output.stderr_text(),
        }),
        Err(error @ CommandError::NotFound { .. }) => Sent::Refused(error.to_string()),
        Err(error) => Sent::Unclear(error.to_string()),
    }
}

/// `scancel`. A job that has ended is no error to it.
pub fn cancel(system: &dyn System, job: JobRef) -> Result<(), Failure> {
    run(system, Command::new("scancel").arg(job.to_string())).map(|_| ())
}

/// Whether slurmctld knows this job as one of the user's. squeue compares user ids;
/// what scontrol prints begins with names that a job's owner chooses.
pub fn is_own(system: &dyn System, job: JobRef) -> Result<bool, Failure> {
    let jobs = format!("--jobs={job}");
    let command = Command::new("squeue").args(["--me", "--noheader", "--states=all", &jobs]);
    match run(system, command.args(["--format", "%i"])) {
        Ok(output) => Ok(!output.text().trim().is_empty()),
        Err(Failure::No(why)) if why.contains("Invalid job id specified") => Ok(false),
        Err(failure) => Err(failure),
    }
}

/// What slurmctld knows of a job, for [`slurmha_core::portal::details::parse_job`].
pub fn show(system: &dyn System, job: JobRef) -> Result<String, Failure> {
    let command = Command::new("scontrol").args(["show", "job", &job.to_string()]);
    Ok(run(system, command.env("TZ", "UTC"))?.text())
}

/// The user's jobs that slurmctld knows, with their comments, for [`Token::find`] with
/// a space.
pub fn comments_in_queue(system: &dyn System) -> Result<String, Failure> {
    // %F is the array's id for a task.
    let command = Command::new("squeue").args(["--me", "--noheader", "--states=all", "--array"]);
    Ok(run(system, command.args(["--format", "%F %k"]))?.text())
}

/// The same of the accounting since a time in seconds since 1970, with `|`. It has the
/// comments of jobs that have ended where `AccountingStoreFlags=job_comment` is set.
pub fn comments_in_accounting(
    system: &dyn System,
    user: &str,
    since: i64,
) -> Result<String, Failure> {
    let since = jiff::Timestamp::from_second(since)
        .map_or_else(|_| ENDED_SINCE.to_owned(), |t| t.strftime("%Y-%m-%dT%H:%M:%S").to_string());
    let since = format!("--starttime={since}");
    Ok(run(system, sacct(user).args([&since, "--format=JobID,Comment"]))?.text())
}

/// Jobs of the accounting, for [`slurmha_core::portal::ended::parse_ended`]: those of
/// the last week, or one.
pub fn ended(system: &dyn System, user: &str, job: Option<JobRef>) -> Result<String, Failure> {
    let which = match job {
        Some(job) => format!("--jobs={job}"),
        None => format!("--starttime={ENDED_SINCE}"),
    };
    let format = format!("--format={SACCT_FIELDS}");
    Ok(run(system, sacct(user).args([which, format]))?.text())
}

fn sacct(user: &str) -> Command {
    let user = format!("--user={user}");
    Command::new("sacct")
        .args([&user, "--allocations", "--noheader", "--parsable2"])
        .env("TZ", "UTC")
}

/// A client's answer, or what its failure means.
fn run(system: &dyn System, command: Command) -> Result<CommandOutput, Failure> {
    let output = system.run(&command.timeout(CLIENT_LIMIT)).map_err(|error| match error {
        CommandError::TimedOut { .. } => Failure::Away(error.to_string()),
        _ => Failure::No(error.to_string()),
    })?;
    // scancel ends with 0 after some of its errors.
    match output.ok() && !output.stderr_text().contains("Kill job error") {
        true => Ok(output),
        false => {
            let mut words = output.stderr_text();
            // `Job 42_7 not found` stands on scontrol's stdout.
            if words.trim().is_empty() {
                words = output.text();
            }
            Err(judge(&words))
        }
    }
}
