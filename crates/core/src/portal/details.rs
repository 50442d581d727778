// SPDX-License-Identifier: Apache-2.0
//! `scontrol show job`, as Slurm 22.05 prints it (job_info.c,
//! `slurm_sprint_job_info`).
//!
//! In the form with many lines: each begins with a key that only it begins with, so
//! that names and paths with spaces and equals signs stay whole. Somebody's job can
//! bring lines of its own along, in its name; so whose job it is has to be asked in
//! another way, and for the rest a user can deceive nobody but themselves.

use jiff::Timestamp;

use super::job::JobRef;
use super::protocol::JobDetails;
use super::text::moment;

/// The job that was asked for; of an array without a task, its first record. Times
/// have to be in UTC. `None` when the text tells of no job.
pub fn parse_job(text: &str, job: JobRef) -> Option<JobDetails> {
    let record = Record(text.split("\n\n").find(|record| record.contains("JobId="))?);
    let output_file = record.whole("StdOut=");
    let errors_file = record.whole("StdErr=");
    Some(JobDetails {
        job,
        name: record.name()?,
        state: record.word("JobState=")?,
        reason: record.reason(),
        partition: record.word("Partition=")?,
        nodes: record.word("NodeList=").unwrap_or_default(),
        submitted: record.time("SubmitTime=", "SubmitTime="),
        begins: record.time("StartTime=", "StartTime="),
        ends: record.time("StartTime=", " EndTime="),
        restarts: record.inner("Requeue=", " Restarts=").and_then(|n| n.parse().ok()).unwrap_or(0),
        exit: record.inner("Requeue=", " ExitCode="),
        errors_file: errors_file.filter(|file| Some(file) != output_file.as_ref()),
        output_file,
    })
}

/// What scontrol says of one job.
struct Record<'a>(&'a str);

impl<'a> Record<'a> {
    /// The rest of the line that begins with a key.
    fn line(&self, key: &str) -> Option<&'a str> {
        self.0.lines().find_map(|line| line.trim_start().strip_prefix(key))
    }

    /// The same up to the next space, where nobody else could have written.
    fn word(&self, key: &str) -> Option<String> {
        present(self.line(key)?.split(' ').next()?)
    }

    /// The same to its end. These lines come last, after all that a user may have
    /// written.
    fn whole(&self, key: &str) -> Option<String> {
        let mut lines = self.0.lines();
        present(lines.rfind(|line| line.trim_start().starts_with(key))?.trim().strip_prefix(key)?)
    }

    /// A word further on in the line that begins with `line`.
    fn inner(&self, line: &str, key: &str) -> Option<String> {
        let (_, rest) = self.line(line)?.split_once(key)?;
        present(rest.split(' ').next()?)
    }

    fn time(&self, line: &str, key: &str) -> Option<Timestamp> {
        let word = if line == key { self.word(key) } else { self.inner(line, key) };
        moment(&word?)
    }

    fn name(&self) -> Option<String> {
        let (_, name) = self.line("JobId=")?.split_once("JobName=")?;
        Some(name.to_owned())
    }

    /// Words, not a word: `ReqNodeNotAvail, UnavailableNodes:cn1`.
    fn reason(&self) -> Option<String> {
        let (_, rest) = self.line("JobState=")?.split_once(" Reason=")?;
        let (reason, _) = rest.rsplit_once(" Dependency=")?;
        present(reason).filter(|reason| reason != "None")
    }
}

fn present(text: &str) -> Option<String> {
    (!text.is_empty() && text != "(null)").then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const JOB: JobRef = JobRef { id: 42, task: None };

    const RUNNING: &str = "\
JobId=42 JobName=two words; a=b StdOut=/etc/passwd
   UserId=anna(1000) GroupId=anna(1000) MCS_label=N/A
   Priority=4294901758 Nice=0 Account=(null) QOS=(null)
   JobState=RUNNING Reason=None Dependency=(null)
   Requeue=1 Restarts=2 BatchFlag=1 Reboot=0 ExitCode=0:0
   RunTime=00:00:07 TimeLimit=01:00:00 TimeMin=N/A
   SubmitTime=2026-11-28T20:00:00 EligibleTime=2026-11-28T20:00:00
   AccrueTime=2026-11-28T20:00:00
   StartTime=2026-11-28T20:00:03 EndTime=2026-11-28T21:00:03 Deadline=N/A
   SuspendTime=None SecsPreSuspend=0 LastSchedEval=2026-11-28T20:00:03 Scheduler=Main
   Partition=main AllocNode:Sid=login1:4711
   ReqNodeList=(null) ExcNodeList=(null)
   NodeList=cn[1-2]
   BatchHost=cn1
   NumNodes=2 NumCPUs=2 NumTasks=2 CPUs/Task=1 ReqB:S:C:T=0:0:*:*
   TRES=cpu=2,mem=64M,node=2,billing=2
   Socks/Node=* NtasksPerN:B:S:C=0:0:*:* CoreSpec=*
   MinCPUsNode=1 MinMemoryNode=32M MinTmpDiskNode=0
   Features=(null) DelayBoot=00:00:00
   OverSubscribe=OK Contiguous=0 Licenses=(null) Network=(null)
   Command=(null)
   WorkDir=/home/anna
   Comment=slurmha-portal:AbCdEfGhIjKlMnOpQrSt-_ 
   StdErr=/home/anna/my runs/a=b ü.err
   StdIn=/dev/null
   StdOut=/home/anna/my runs/a=b ü.out
   Power=
   

";

    #[test]
    fn a_running_job() {
        insta::assert_debug_snapshot!(parse_job(RUNNING, JOB).unwrap(), @r#"
        JobDetails {
            job: JobRef {
                id: 42,
                task: None,
            },
            name: "two words; a=b StdOut=/etc/passwd",
            state: "RUNNING",
            reason: None,
            partition: "main",
            nodes: "cn[1-2]",
            submitted: Some(
                2026-11-28T20:00:00Z,
            ),
            begins: Some(
                2026-11-28T20:00:03Z,
            ),
            ends: Some(
                2026-11-28T21:00:03Z,
            ),
            restarts: 2,
            exit: Some(
                "0:0",
            ),
            output_file: Some(
                "/home/anna/my runs/a=b ü.out",
            ),
            errors_file: Some(
                "/home/anna/my runs/a=b ü.err",
            ),
        }
        "#);
    }

    #[test]
    fn a_task_of_an_array_that_waits() {
        let text = RUNNING
            .replace("JobId=42 JobName", "JobId=43 ArrayJobId=42 ArrayTaskId=7 JobName")
            .replace(
                "RUNNING Reason=None",
                "PENDING Reason=ReqNodeNotAvail, UnavailableNodes:cn[1-2]",
            )
            .replace("StartTime=2026-11-28T20:00:03 EndTime=2026", "StartTime=Unknown EndTime=Unkn")
            .replace("NodeList=cn[1-2]", "NodeList=")
            .replace("a=b ü.err", "a=b ü.out");
        let job = JobRef { id: 42, task: Some(7) };
        let details = parse_job(&text, job).unwrap();
        assert_eq!(details.job, job);
        assert_eq!(details.name, "two words; a=b StdOut=/etc/passwd");
        let reason = "ReqNodeNotAvail, UnavailableNodes:cn[1-2]";
        assert_eq!(details.reason.as_deref(), Some(reason));
        assert_eq!((details.begins, details.ends, details.nodes.as_str()), (None, None, ""));
        assert_eq!(details.errors_file, None, "they go to the output");
    }

    #[test]
    fn of_an_array_the_first_record_speaks() {
        let second = RUNNING.replace("JobState=RUNNING", "JobState=COMPLETED");
        let text = format!("{RUNNING}{second}");
        assert_eq!(parse_job(&text, JOB).unwrap().state, "RUNNING");
    }

    #[test]
    fn no_job_is_none() {
        for text in ["", "Job 42_7 not found\n", "slurm_load_jobs error: x\n"] {
            assert_eq!(parse_job(text, JOB), None);
        }
    }
}
