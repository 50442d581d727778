// SPDX-License-Identifier: Apache-2.0
//! Submits jobs at a steady rate, whether or not the ones before were
//! answered: users do not wait for each other either.

use std::fs::{File, OpenOptions, create_dir_all};
use std::io::{self, Write as _};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use slurmha_core::drill::{Answer, Submission};
use slurmha_host::accounts::Accounts;
use slurmha_host::{Command, CommandError, System};

use super::super::protocol::{Reply, SubmitTask, ledger_file, marks_file};
use super::link::Link;

/// sbatch gives up by itself after MessageTimeout tries (a try lasts one to
/// three seconds); this is for one that hangs.
const SBATCH_LIMIT: Duration = Duration::from_secs(150);

/// Seconds; longer than a failover, so that a submission in the middle of one
/// is answered by the controller that takes over.
const DURABLE_WAIT: &str = "100";

/// Submits until told to stop, then waits for the answers that are missing.
pub fn run(system: &dyn System, link: &Link, task: &SubmitTask) {
    let client = match Client::open(system, task) {
        Ok(client) => client,
        Err(why) => return link.send(&Reply::Trouble(why)),
    };
    let outstanding = AtomicUsize::new(0);
    let begin = system.elapsed();
    let mut skipped = 0;
    thread::scope(|scope| {
        for turn in 0u32.. {
            let due = begin + Duration::from_secs_f64(f64::from(turn) / task.load.rate);
            if due - begin > task.limit || !link.wait_until(system, due) {
                break;
            }
            if outstanding.load(Ordering::SeqCst) >= task.load.max_outstanding {
                skipped += 1;
                link.send(&Reply::Skipped(skipped));
                continue;
            }
            outstanding.fetch_add(1, Ordering::SeqCst);
            let (client, outstanding) = (&client, &outstanding);
            scope.spawn(move || {
                client.submit(link, &format!("{}-{turn:04}", task.run));
                outstanding.fetch_sub(1, Ordering::SeqCst);
            });
        }
    });
}

/// Who submits, and where it is noted.
struct Client<'a> {
    system: &'a dyn System,
    sbatch: Command,
    ledger: Mutex<File>,
}

impl<'a> Client<'a> {
    fn open(system: &'a dyn System, task: &SubmitTask) -> Result<Self, String> {
        let user = &task.load.user;
        let accounts = Accounts::load(system).map_err(|error| error.to_string())?;
        let account =
            accounts.users.get(user).ok_or_else(|| format!("there is no user {user} here"))?;
        let path = ledger_file(&task.run);
        let ledger = open_ledger(&path)
            .map_err(|error| format!("cannot open the ledger {}: {error}", path.display()))?;
        // setpriv becomes sbatch; su or runuser would stay beside it.
        let choice = if task.load.durable { "1" } else { "0" };
        let sbatch = Command::new("setpriv")
            .arg(format!("--reuid={}", account.uid))
            .arg(format!("--regid={}", account.gid))
            .args(["--clear-groups", "--", "sbatch", "--parsable", "--output=/dev/null"])
            // A limit beyond the drill's own patience: a job that Slurm takes
            // for running for ever must not be cleaned up by the limit.
            .args(["--chdir=/tmp", "--ntasks=1", "--mem=32M", "--time=15"])
            .env("HOME", "/tmp")
            .env("SLURMHA_DURABLE_SUBMIT", choice)
            .env("SLURMHA_DURABLE_WAIT", DURABLE_WAIT)
            .stdin(script(&task.run))
            .timeout(SBATCH_LIMIT);
        Ok(Self { system, sbatch, ledger: Mutex::new(ledger) })
    }

    /// One submission, from its beginning to its answer.
    fn submit(&self, link: &Link, name: &str) {
        let mut submission =
            Submission { name: name.to_owned(), sent: self.system.now(), answer: None };
        link.send(&Reply::Submission(submission.clone()));
        let command = self.sbatch.clone().arg(format!("--job-name={name}"));
        let result = job_id(self.system.run(&command));
        submission.answer = Some(Answer { at: self.system.now(), result });
        if let Err(error) = self.note(&submission) {
            link.send(&Reply::Trouble(format!("the ledger cannot be written: {error}")));
        }
        link.send(&Reply::Submission(submission));
    }

    /// On the disk before it is told to anybody.
    fn note(&self, submission: &Submission) -> io::Result<()> {
        let mut line = serde_json::to_vec(submission)?;
        line.push(b'\n');
        let mut ledger = self.ledger.lock().unwrap_or_else(PoisonError::into_inner);
        ledger.write_all(&line)?;
        ledger.sync_data()
    }
}

fn open_ledger(path: &std::path::Path) -> io::Result<File> {
    if let Some(directory) = path.parent() {
        create_dir_all(directory)?;
    }
    OpenOptions::new().append(true).create(true).open(path)
}

/// What `sbatch --parsable` printed: the id, or `ID;CLUSTER`.
fn job_id(answer: Result<slurmha_host::CommandOutput, CommandError>) -> Result<u32, String> {
    let output = answer.map_err(|error| error.to_string())?;
    if !output.ok() {
        let noise = output.stderr_text();
        let line = noise.lines().rfind(|line| !line.trim().is_empty());
        return Err(match line {
            Some(line) => line.trim().to_owned(),
            None => format!("sbatch said nothing: {}", output.exit),
        });
    }
    // sbatch ends with 0 because the job exists; a user would wait on.
    let noise = output.stderr_text();
    if let Some(not_safe) = noise.lines().find(|line| line.starts_with("slurmha: job ")) {
        return Err(not_safe.to_owned());
    }
    let text = output.text();
    let id = text.trim().split(';').next().unwrap_or_default();
    id.parse().map_err(|_| format!("sbatch printed no job id but {:?}", text.trim()))
}

/// The job: it notes that it began and that it ended.
fn script(run: &str) -> String {
    let marks = marks_file(run);
    let directory = marks.parent().map(|path| path.display().to_string()).unwrap_or_default();
    format!(
        "#!/bin/sh
umask 022
mkdir -p {directory}
mark() {{
    echo \"$SLURM_JOB_NAME $SLURM_JOB_ID ${{SLURM_RESTART_COUNT:-0}} $1 $(date +%s.%N)\" >>{}
}}
mark start
mark end
",
        marks.display()
    )
}

#[cfg(test)]
mod tests {
    use slurmha_host::Exit;

    use super::*;

    fn answer(status: i32, stdout: &str, stderr: &str) -> Result<u32, String> {
        let command = Command::new("sbatch");
        let exit = Exit::Status(status);
        job_id(Ok(slurmha_host::CommandOutput::new(&command, exit, stdout.into(), stderr.into())))
    }

    #[test]
    fn the_id_is_what_parsable_prints() {
        assert_eq!(answer(0, "42\n", ""), Ok(42));
        assert_eq!(answer(0, "42;lab\n", "sbatch: a warning\n"), Ok(42));
        assert_eq!(answer(0, "", ""), Err("sbatch printed no job id but \"\"".to_owned()));
    }

    #[test]
    fn an_id_that_is_not_known_to_be_safe_is_no_acknowledgement() {
        let noise = "slurmha: job 42 was accepted, but is not yet known to be safe: x\nhint: y\n";
        let expected = "slurmha: job 42 was accepted, but is not yet known to be safe: x";
        assert_eq!(answer(0, "42\n", noise), Err(expected.to_owned()));
    }

    #[test]
    fn a_refusal_is_its_last_word() {
        let noise = "sbatch: retrying\nsbatch: error: Batch job submission failed: no\n\n";
        assert_eq!(
            answer(1, "", noise),
            Err("sbatch: error: Batch job submission failed: no".to_owned())
        );
        assert_eq!(answer(1, "", ""), Err("sbatch said nothing: exit status 1".to_owned()));
    }

    #[test]
    fn the_job_writes_what_the_reader_of_marks_understands() {
        let script = script("drill1");
        assert!(script.contains("mkdir -p /var/tmp/slurmha-drill-drill1\n"));
        assert!(script.contains(">>/var/tmp/slurmha-drill-drill1/marks"));
    }
}
