// SPDX-License-Identifier: Apache-2.0
//! Submits jobs at a steady rate, whether or not the ones before were
//! answered: users do not wait for each other either. What is accepted may be
//! released or cancelled, as its user had in mind.

mod job;

use std::fs::{File, OpenOptions, create_dir_all};
use std::io::{self, Write as _};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use slurmha_core::drill::{Answer, Ordered, Submission, Work};
use slurmha_host::accounts::Accounts;
use slurmha_host::{Command, CommandError, CommandOutput, System};

use super::super::protocol::{Reply, SubmitTask, ledger_file};
use super::link::Link;

/// Slurm's commands give up by themselves after MessageTimeout tries (a try lasts
/// one to three seconds); this is for one that hangs.
const COMMAND_LIMIT: Duration = Duration::from_secs(150);

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
            let name = format!("{}-{turn:04}", task.run);
            let work = task.turns.get(turn as usize % task.turns.len().max(1));
            let work = work.copied().unwrap_or_default();
            scope.spawn(move || {
                client.submit(link, name, work);
                outstanding.fetch_sub(1, Ordering::SeqCst);
            });
        }
    });
}

/// Who submits, and where it is noted.
struct Client<'a> {
    system: &'a dyn System,
    run: &'a str,
    /// Whoever submits becomes what follows; su or runuser would stay beside it.
    user: Command,
    ledger: Mutex<File>,
    /// The last short job that was accepted, for the next one that waits for
    /// another.
    last: Mutex<Option<(String, u32)>>,
    /// In which its jobs begin.
    reservation: Option<&'a str>,
}

impl<'a> Client<'a> {
    fn open(system: &'a dyn System, task: &'a SubmitTask) -> Result<Self, String> {
        let user = &task.load.user;
        let accounts = Accounts::load(system).map_err(|error| error.to_string())?;
        let account =
            accounts.users.get(user).ok_or_else(|| format!("there is no user {user} here"))?;
        let path = ledger_file(&task.run);
        let ledger = open_ledger(&path)
            .map_err(|error| format!("cannot open the ledger {}: {error}", path.display()))?;
        let choice = if task.load.durable { "1" } else { "0" };
        let user = Command::new("setpriv")
            .arg(format!("--reuid={}", account.uid))
            .arg(format!("--regid={}", account.gid))
            .args(["--clear-groups", "--"])
            .env("HOME", "/tmp")
            .env("SLURMHA_DURABLE_SUBMIT", choice)
            .env("SLURMHA_DURABLE_WAIT", DURABLE_WAIT)
            .timeout(COMMAND_LIMIT);
        let (ledger, last) = (Mutex::new(ledger), Mutex::default());
        let reservation = task.load.reserve.then_some(task.run.as_str());
        Ok(Self { system, run: &task.run, user, ledger, last, reservation })
    }

    /// One submission, from its beginning to its answer, and to that of what is
    /// ordered next.
    fn submit(&self, link: &Link, name: String, work: Work) {
        let awaited = self.last().clone().filter(|_| work == Work::Dependent);
        let (waits_for, id) = awaited.unzip();
        let begun = Submission::begun(&name, self.system.now());
        let mut submission = Submission { work, waits_for, ..begun };
        link.send(&Reply::Submission(submission.clone()));
        let result = job_id(self.system.run(&self.sbatch(&name, work, id)));
        let accepted = result.as_ref().ok().copied();
        submission.answer = Some(Answer { at: self.system.now(), result });
        self.tell(link, &submission);
        let Some(id) = accepted else { return };
        if let Some(order) = order(work, id) {
            let result = carried_out(self.system.run(&self.user.clone().args(order)));
            submission.order = Some(Ordered { at: self.system.now(), result });
            self.tell(link, &submission);
        }
        if work == Work::Short {
            *self.last() = Some((name, id));
        }
    }

    fn sbatch(&self, name: &str, work: Work, waits_for: Option<u32>) -> Command {
        let command = self.user.clone();
        command
            .args(["sbatch", "--parsable", "--output=/dev/null", "--chdir=/tmp"])
            // A limit beyond the drill's own patience: a job that Slurm takes
            // for running for ever must not be cleaned up by the limit.
            .args(["--mem=32M", "--time=15"])
            .args(job::options(work, waits_for))
            .args(self.reservation.map(|name| format!("--reservation={name}")))
            .arg(format!("--job-name={name}"))
            .stdin(job::script(self.run, work))
    }

    fn last(&self) -> MutexGuard<'_, Option<(String, u32)>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// In the ledger, and then to the drill.
    fn tell(&self, link: &Link, submission: &Submission) {
        if let Err(error) = self.note(submission) {
            link.send(&Reply::Trouble(format!("the ledger cannot be written: {error}")));
        }
        link.send(&Reply::Submission(submission.clone()));
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

/// What its user orders once it is accepted.
fn order(work: Work, id: u32) -> Option<Vec<String>> {
    let words: &[&str] = match work {
        Work::Held => &["scontrol", "release"],
        Work::Cancelled => &["scancel"],
        // One that is requeued orders that itself, while it runs.
        _ => return None,
    };
    let words = words.iter().map(|word| (*word).to_owned());
    Some(words.chain([id.to_string()]).collect())
}

fn carried_out(answer: Result<CommandOutput, CommandError>) -> Result<(), String> {
    answer.and_then(|output| output.success()).map(drop).map_err(|error| error.to_string())
}

/// What `sbatch --parsable` printed: the id, or `ID;CLUSTER`.
fn job_id(answer: Result<CommandOutput, CommandError>) -> Result<u32, String> {
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

#[cfg(test)]
mod tests {
    use slurmha_host::Exit;

    use super::*;

    fn answer(status: i32, stdout: &str, stderr: &str) -> Result<u32, String> {
        let command = Command::new("sbatch");
        let exit = Exit::Status(status);
        job_id(Ok(CommandOutput::new(&command, exit, stdout.into(), stderr.into())))
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
}
