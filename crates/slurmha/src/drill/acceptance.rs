// SPDX-License-Identifier: Apache-2.0
//! Acceptance: nothing is broken, jobs are submitted as a user would, run on
//! the compute nodes, and are found in the accounting.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use slurmha_core::site::Site;
use slurmha_host::RemoteError;

use crate::failure::Failure;
use crate::fleet::{self, Fleet};
use crate::progress::Progress;

/// A healthy cluster needs seconds; a slow one in emulation tens of them.
const LIMIT: Duration = Duration::from_secs(300);
const PAUSE: Duration = Duration::from_secs(1);
/// One command of Slurm's; it waits itself while a controller is away.
const COMMAND_LIMIT: Duration = Duration::from_secs(60);

/// A job as accounting has it.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Accounted {
    /// Job id, with the index of an array's task.
    pub id: String,
    /// Slurm's state.
    pub state: String,
    /// Where it ran.
    pub node: String,
}

/// What was submitted, and what became of it.
#[derive(Debug, serde::Serialize)]
pub struct Accepted {
    /// The login node.
    pub login: String,
    /// Seconds from the first submission until accounting had every job.
    pub seconds: f64,
    /// Every job.
    pub jobs: Vec<Accounted>,
}

/// Submits, waits, and looks into the accounting.
pub fn run(
    site: &Site,
    fleet: &Fleet,
    user: &str,
    progress: &Progress,
) -> Result<Accepted, Failure> {
    let Some(login) = site.logins.first() else {
        return Err(Failure::refused("the site has no login node to submit from")
            .hint("add a [[login]] table to the site file"));
    };
    let shell = Shell { fleet, login: login.name.as_str(), user };
    let begin = Instant::now();
    progress.stage("submitting");
    let mut expected = BTreeMap::new();
    for partition in &site.partitions {
        for job in [&["--array=1-3"][..], &[][..]] {
            let id = shell.submit(&partition.name, job)?;
            progress.machine(shell.login, &format!("job {id} in {}", partition.name));
            expected.insert(id, if job.is_empty() { 1 } else { 3 });
        }
    }
    progress.stage("waiting for the jobs to run and to be accounted for");
    let jobs = wait(&shell, &expected, begin)?;
    Ok(Accepted { login: shell.login.to_owned(), seconds: begin.elapsed().as_secs_f64(), jobs })
}

fn wait(
    shell: &Shell<'_>,
    expected: &BTreeMap<String, usize>,
    begin: Instant,
) -> Result<Vec<Accounted>, Failure> {
    let total: usize = expected.values().sum();
    loop {
        let jobs = shell.accounting(expected)?;
        if let Some(job) = jobs.iter().find(|job| is_failed(&job.state)) {
            let message = format!("job {} ended as {} on {}", job.id, job.state, job.node);
            return Err(Failure::not_as_wanted(message).hint("scontrol show job; sinfo -R"));
        }
        if jobs.len() == total && jobs.iter().all(|job| job.state == "COMPLETED") {
            return Ok(jobs);
        }
        if begin.elapsed() > LIMIT {
            let done = jobs.iter().filter(|job| job.state == "COMPLETED").count();
            let message = format!("{done} of {total} jobs were done after {} s", LIMIT.as_secs());
            return Err(Failure::not_as_wanted(message).hint("squeue; sinfo -R; sdiag"));
        }
        std::thread::sleep(PAUSE);
    }
}

fn is_failed(state: &str) -> bool {
    !["PENDING", "RUNNING", "COMPLETED", "COMPLETING", "REQUEUED"].contains(&state)
}

/// A user's shell on the login node.
struct Shell<'a> {
    fleet: &'a Fleet,
    login: &'a str,
    user: &'a str,
}

impl Shell<'_> {
    fn submit(&self, partition: &str, options: &[&str]) -> Result<String, Failure> {
        let fixed = ["sbatch", "--parsable", "--output=/dev/null", "--chdir=/tmp", "--partition"];
        let job = ["--job-name=slurmha-acceptance", "--wrap=hostname"];
        let words = [&fixed[..], &[partition], options, &job].concat();
        let text = self.run(&words)?;
        // `ID` or `ID;CLUSTER`, sbatch(1).
        Ok(text.trim().split(';').next().unwrap_or_default().to_owned())
    }

    fn accounting(&self, jobs: &BTreeMap<String, usize>) -> Result<Vec<Accounted>, Failure> {
        let ids: Vec<&str> = jobs.keys().map(String::as_str).collect();
        let list = format!("--jobs={}", ids.join(","));
        let text = self.run(&[
            "sacct",
            "--noheader",
            "--parsable2",
            "--allocations",
            &list,
            "--format=JobID,State,NodeList",
        ])?;
        let job = |line: &str| {
            let mut fields = line.split('|').map(str::to_owned);
            Some(Accounted { id: fields.next()?, state: fields.next()?, node: fields.next()? })
        };
        Ok(text.lines().filter_map(job).collect())
    }

    fn run(&self, words: &[&str]) -> Result<String, Failure> {
        let words = [&["runuser", "-u", self.user, "--"], words].concat();
        let remote = |error: RemoteError| fleet::failure(&error);
        let ssh = self.fleet.remote().ssh();
        let output = ssh.run_command(self.login, &words, b"", COMMAND_LIMIT).map_err(remote)?;
        let output = output.success().map_err(Failure::remote)?;
        Ok(output.text())
    }
}
