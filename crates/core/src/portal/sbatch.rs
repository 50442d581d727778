// SPDX-License-Identifier: Apache-2.0
//! What the end of an sbatch(1) proves: a job, no job, or neither.
//!
//! Slurm 22.05, `sbatch.c` and `slurm_protocol_api.c`. Whoever takes a lost answer for
//! a refusal submits twice, so that only what is known to be one counts.

use super::client::words;
use super::job::JobRef;

/// What became of a submission, as far as sbatch tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sent {
    /// It is this job.
    Accepted(JobRef),
    /// It is none: refused before it was sent, or by slurmctld, in its words.
    Refused(String),
    /// It is none: no connection came about over which it could have been sent.
    NotReached(String),
    /// It may have become a job.
    Unclear(String),
}

/// How sbatch ended.
#[derive(Clone, Copy, Debug)]
pub struct SbatchEnd<'a> {
    /// Its exit status; `None` when a signal ended it.
    pub status: Option<i32>,
    /// What `--parsable` printed.
    pub stdout: &'a str,
    /// What it complained about.
    pub stderr: &'a str,
}

/// Before slurmctld's answer, or what went wrong on the way to it.
const FAILED: &str = "Batch job submission failed: ";

/// The connection could not be opened (`slurm_open_controller_conn`); sends and
/// receives that fail have other words (`_remap_slurmctld_errno`).
const NO_CONNECTION: &str = "Unable to contact slurm controller (connect failure)";

/// sbatch tries again by itself after this; what it stands for (`EAGAIN`) can come
/// from the network, too, so that an attempt before the last one may have arrived.
const TRIED_BEFORE: &str = "temporarily unable to accept job";

/// With which slurmctld refuses (`slurm_errno.c`); it sends an error instead of a
/// job's id only when there is no job (proc_req.c, `_slurm_rpc_submit_batch_job`).
/// Not among them is what the network can bring about as well.
const REFUSALS: [&str; 47] = [
    "Invalid partition name specified",
    "No partition specified or system default partition",
    "Access/permission denied",
    "User's group not permitted to use this partition",
    "Requested nodes not in this partition",
    "More processors requested than permitted",
    "Node count specification invalid",
    "Unable to create job record, try again",
    "Job size specification needs to be provided",
    "Job script not specified",
    "Invalid user id",
    "Pathname of a file, directory or other parameter too long",
    "Requested node configuration is not available",
    "Requested partition configuration not available now",
    "Requested nodes are busy",
    "Invalid node name specified",
    "Task distribution specification invalid",
    "Task count specification invalid",
    "Invalid feature specification",
    "Requested operation not supported on this system",
    "Requested operation is presently disabled",
    "Job dependency problem",
    "Requested more tasks than available processors",
    "Memory required by task is not available",
    "Invalid account or account/partition combination specified",
    "Invalid qos specification",
    "Invalid wckey specification",
    "Invalid license specification",
    "Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)",
    "Requested time limit is invalid (missing or exceeds some limit)",
    "Access denied to requested reservation",
    "Requested reservation is invalid",
    "Invalid time specified",
    "Requested reservation is in use",
    "Requested reservation not usable now",
    "Required node not available (down, drained or reserved)",
    "CPU count specification invalid",
    "Required partition not available (inactive or drain)",
    "Circular job dependency",
    "Invalid generic resource (gres) specification",
    "Requested account has breached requested QOS usage threshold",
    "Invalid job array specification",
    "Burst Buffer permission denied",
    "Burst Buffer resource limit exceeded",
    "Burst Buffer request invalid",
    "Invalid mcs_label specified",
    "Partition in DOWN state",
];

/// What an end of sbatch means.
pub fn judge(end: &SbatchEnd<'_>) -> Sent {
    if let Some(job) = job_id(end.stdout) {
        return Sent::Accepted(job);
    }
    let said = words(end.stderr);
    let has = |text: &str| end.stderr.contains(text);
    if !end.stdout.trim().is_empty() || has("fatal:") || has(TRIED_BEFORE) {
        return Sent::Unclear(said);
    }
    match (failure(end.stderr), end.status) {
        (Some(NO_CONNECTION), Some(_)) => Sent::NotReached(said),
        (Some(why), Some(_)) if REFUSALS.contains(&why) => Sent::Refused(said),
        (Some(_), _) => Sent::Unclear(said),
        // It ends like this while it reads its options and the script. Once it has sent
        // them it says that it failed, or prints the id.
        (None, Some(1 | 255)) if !end.stderr.trim().is_empty() => Sent::Refused(said),
        // env(1): it could not be started.
        (None, Some(126 | 127)) => Sent::Refused(said),
        (None, _) => Sent::Unclear(said),
    }
}

/// `42`, or `42;lab`; a line may follow it when the script asks sbatch to wait.
fn job_id(stdout: &str) -> Option<JobRef> {
    stdout.lines().next()?.split(';').next()?.trim().parse().ok()
}

fn failure(stderr: &str) -> Option<&str> {
    let line = stderr.lines().rfind(|line| line.contains(FAILED))?;
    line.split_once(FAILED).map(|(_, why)| why.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(status: Option<i32>, stdout: &str, stderr: &str) -> Sent {
        judge(&SbatchEnd { status, stdout, stderr })
    }

    fn failed(why: &str) -> Sent {
        ended(Some(1), "", &format!("sbatch: error: Batch job submission failed: {why}\n"))
    }

    fn job(id: u32) -> Sent {
        Sent::Accepted(JobRef { id, task: None })
    }

    #[test]
    fn an_id_is_a_job_however_sbatch_ends() {
        assert_eq!(ended(Some(0), "42\n", ""), job(42));
        assert_eq!(ended(Some(0), "42;lab\n", "sbatch: a warning\n"), job(42));
        // `#SBATCH --wait`: the status is the job's.
        assert_eq!(ended(Some(3), "42\n", ""), job(42));
        assert_eq!(ended(None, "42\n", ""), job(42));
    }

    #[test]
    fn what_slurmctld_refuses_is_no_job() {
        let why = "Invalid partition name specified";
        assert_eq!(failed(why), Sent::Refused(format!("{FAILED}{why}")));
        for why in REFUSALS {
            assert!(matches!(failed(why), Sent::Refused(_)), "{why}");
        }
    }

    #[test]
    fn what_sbatch_refuses_is_no_job() {
        let said = "sbatch: error: This does not look like a batch script.  The first\n\
                    sbatch: error: line must start with #! followed by the path to an interpreter.\n";
        assert!(matches!(ended(Some(1), "", said), Sent::Refused(_)));
        let said = "sbatch: unrecognized option '--foo'\nTry \"sbatch --help\" for more \
                    information\n";
        assert!(matches!(ended(Some(255), "", said), Sent::Refused(_)));
        let said = "env: 'sbatch': No such file or directory\n";
        assert!(matches!(ended(Some(127), "", said), Sent::Refused(_)));
    }

    #[test]
    fn without_a_connection_nothing_was_sent() {
        assert!(matches!(failed(NO_CONNECTION), Sent::NotReached(_)));
        let said = format!(
            "sbatch: error: Slurm temporarily unable to accept job, sleeping and retrying\n\
             sbatch: error: {FAILED}{NO_CONNECTION}\n"
        );
        assert!(
            matches!(ended(Some(1), "", &said), Sent::Unclear(_)),
            "the first may have arrived"
        );
    }

    #[test]
    fn everything_else_may_be_a_job() {
        for why in [
            "Unable to contact slurm controller (send failure)",
            "Unable to contact slurm controller (receive failure)",
            "Socket timed out on send/recv operation",
            "Zero Bytes were transmitted or received",
            "Unexpected message received",
            "Protocol authentication error",
            "I/O error writing script/environment to file",
            "Resource temporarily unavailable",
            "Something new",
        ] {
            assert!(matches!(failed(why), Sent::Unclear(_)), "{why}");
        }
        assert!(matches!(ended(None, "", "sbatch: error: x\n"), Sent::Unclear(_)), "a signal");
        assert!(matches!(ended(Some(0), "", ""), Sent::Unclear(_)), "`#SBATCH --quiet`");
        assert!(matches!(ended(Some(0), "Submitted\n", ""), Sent::Unclear(_)));
        assert!(matches!(ended(Some(1), "", ""), Sent::Unclear(_)), "nothing was said");
        assert!(matches!(ended(Some(75), "", "slurmha: job 42\n"), Sent::Unclear(_)));
        assert!(matches!(ended(Some(1), "", "sbatch: fatal: out of memory\n"), Sent::Unclear(_)));
    }
}
