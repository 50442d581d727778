// SPDX-License-Identifier: Apache-2.0
//! What the front and a session say to each other: a line of JSON each, over a
//! Unix socket on which a connection is a session.
//!
//! The first line says who wants in, and its answer is an [`Admission`]. Before
//! it is [`Admission::In`] the other end is root; afterwards it is the user for good,
//! so that nothing which the front says later can be done as anybody else. After it
//! each line is an [`Asked`], and each has one [`Answered`] with its number; answers come in
//! any order. The session ends with the connection.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::job::JobRef;
use super::typed::{Bytes, Window};

/// Where the front reaches sessions: systemd listens there and starts one for each
/// connection (systemd.socket(5), `Accept=yes`).
pub const SESSION_SOCKET: &str = "/run/slurmha/portal-session.sock";

/// The longest line, in bytes: a script, escaped at its worst, and what is around it.
pub const LONGEST_LINE: usize = 8 << 20;

/// The longest script, in bytes; a longer one is refused. Slurm's own limit is four
/// times that (slurm.conf(5), `max_script_size`).
pub const LONGEST_SCRIPT: usize = 1 << 20;

/// The longest piece of output in one answer, in bytes.
pub const LONGEST_PIECE: usize = 64 * 1024;

/// How many looks at something a session works on at once, how many changes, and how many
/// questions about terminals; the front asks for no more. Each has places of its own: pages that wait for a scheduler
/// which is away keep no form from being submitted.
pub const LOOKS_AT_ONCE: usize = 6;
/// See [`LOOKS_AT_ONCE`].
pub const CHANGES_AT_ONCE: usize = 4;
/// A session's terminals at once.
pub const TERMINALS: usize = 2;
/// Of each somebody reads and somebody types, and one is opened or closed. See
/// [`LOOKS_AT_ONCE`].
pub const TERMINALS_AT_ONCE: usize = 3 * TERMINALS;

/// Where a session reaches what opens a terminal: systemd listens there, if the site
/// allows terminals, and starts one for each connection.
pub const TERMINAL_SOCKET: &str = "/run/slurmha/portal-terminal.sock";

/// Who wants in; the first line.
#[derive(Serialize, Deserialize)]
pub struct SignIn {
    /// As typed.
    pub user: String,
    /// As typed.
    pub password: String,
}

/// The answer to [`SignIn`]. After any but the first the connection ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Admission {
    /// The other end is the user now.
    In {
        /// The user's name, as the system spells it.
        user: String,
    },
    /// Not with this name and password. No more is said: which of them is wrong
    /// is nobody's business.
    Wrong,
    /// With no password: root, and users of the system. In a sentence.
    Refused(String),
    /// It could not be found out. In a sentence with the cure.
    Trouble(String),
}

/// A line to a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// Comes back with the answer.
    pub number: u64,
    /// What is to be done.
    pub request: Request,
}

/// What a user can ask for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Request {
    /// Submit a job, once.
    Submit(Submission),
    /// Cancel a job.
    Cancel(JobRef),
    /// What Slurm knows of a job that waits, runs, or has just ended.
    Job(JobRef),
    /// The user's jobs that have ended, the newest first.
    Ended,
    /// A piece of what a job has written.
    Output {
        /// Whose.
        job: JobRef,
        /// Which file.
        stream: Stream,
        /// From which byte on.
        from: u64,
    },
    /// Log in once more, on a terminal.
    OpenTerminal(Window),
    /// What a terminal's programs have written, as soon as that is anything, and nothing
    /// after some seconds.
    ReadTerminal(TerminalId),
    /// Type into a terminal.
    WriteTerminal {
        /// Which.
        terminal: TerminalId,
        /// What is typed.
        typed: Bytes,
    },
    /// A terminal's window has another size.
    ResizeTerminal {
        /// Which.
        terminal: TerminalId,
        /// The size.
        window: Window,
    },
    /// Hang up.
    CloseTerminal(TerminalId),
}

/// What kind of thing is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestKind {
    /// Everything is as before.
    Look,
    /// Something is another thing afterwards.
    Change,
    /// It is about a terminal.
    Terminal,
}

impl Request {
    /// Whose places it takes.
    pub fn kind(&self) -> RequestKind {
        match self {
            Self::Job(_) | Self::Ended | Self::Output { .. } => RequestKind::Look,
            Self::Submit(_) | Self::Cancel(_) => RequestKind::Change,
            Self::OpenTerminal(_)
            | Self::ReadTerminal(_)
            | Self::WriteTerminal { .. }
            | Self::ResizeTerminal { .. }
            | Self::CloseTerminal(_) => RequestKind::Terminal,
        }
    }
}

/// A terminal's number within its session.
pub type TerminalId = u32;

/// Which of a job's files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stream {
    /// Its output, and where it has no file of its own, its errors.
    Output,
    /// Its errors.
    Errors,
}

/// A job that is to be submitted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Submission {
    /// Names the submission, not the job: the page makes one with each empty form
    /// (16 random bytes in URL-safe base64, 22 characters), and the same one, however often it
    /// comes, is one job.
    pub token: String,
    /// Submit a second time although the answer to the first was lost: the user was
    /// asked, and wants it.
    pub again: bool,
    /// The script, with its `#!` line.
    pub script: String,
    /// What the form says; what it leaves open is the script's or the site's.
    pub options: Options,
}

/// What a form can say; each becomes an option of sbatch(1) and so comes before
/// what the script says. They are checked before they reach it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Options {
    /// `--job-name`
    pub name: Option<String>,
    /// `--partition`
    pub partition: Option<String>,
    /// `--nodes`
    pub nodes: Option<u32>,
    /// `--ntasks`
    pub tasks: Option<u32>,
    /// `--cpus-per-task`
    pub cpus_per_task: Option<u32>,
    /// `--mem`, in MiB for each node.
    pub memory_mb: Option<u64>,
    /// `--time`, in minutes.
    pub minutes: Option<u32>,
}

/// A line from a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    /// Of the request.
    pub number: u64,
    /// What became of it.
    pub answer: Result<Reply, Refusal>,
}

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reply {
    /// The job that the submission became, now or before.
    Submitted(JobRef),
    /// Slurm was told to cancel it.
    Cancelled,
    /// What Slurm knows of it.
    Job(Box<JobDetails>),
    /// Jobs that have ended.
    Ended(Vec<EndedJob>),
    /// What it has written.
    Output(Piece),
    /// The terminal that was opened.
    Terminal(TerminalId),
    /// What a terminal's programs have written.
    Written {
        /// What.
        bytes: Bytes,
        /// Whether nothing more will come: they have ended.
        is_over: bool,
    },
    /// It was done.
    Done,
}

/// Why there is no [`Reply`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Refusal {
    /// It will not be done, whenever it is asked again: in Slurm's words or ours,
    /// with the cure where there is one.
    No(String),
    /// The scheduler does not answer; nothing was done, and asking again is safe.
    SchedulerAway(String),
    /// A submission was sent and no answer came: it may have become a job. Slurm
    /// was asked for it since and knows none. The user is to decide on a second attempt.
    AnswerLost(String),
    /// The same submission is under way at this moment.
    UnderWay,
    /// The form has become this job before it was changed; what it says now was not
    /// submitted.
    Changed(JobRef),
}

/// What Slurm knows of a job (`scontrol show job`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobDetails {
    /// Which.
    pub job: JobRef,
    /// Its name.
    pub name: String,
    /// Its state in Slurm's word, such as `PENDING`.
    pub state: String,
    /// Why it waits or has failed, in Slurm's word; `None` where there is no reason.
    pub reason: Option<String>,
    /// Where.
    pub partition: String,
    /// On which nodes, as a host list; empty before it starts.
    pub nodes: String,
    /// When it was submitted.
    pub submitted: Option<Timestamp>,
    /// When it began, or is expected to.
    pub begins: Option<Timestamp>,
    /// When it ended, or has to.
    pub ends: Option<Timestamp>,
    /// How often it was started anew.
    pub restarts: u32,
    /// The command's exit status, as Slurm writes it: `0:0`.
    pub exit: Option<String>,
    /// Where it writes its output.
    pub output_file: Option<String>,
    /// Where it writes its errors; `None` when that is the same file.
    pub errors_file: Option<String>,
}

/// A job of the accounting (`sacct`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndedJob {
    /// Which.
    pub job: JobRef,
    /// Its name.
    pub name: String,
    /// Its last state, such as `COMPLETED`.
    pub state: String,
    /// Where.
    pub partition: String,
    /// When it began; `None` for one that never did.
    pub began: Option<Timestamp>,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// The command's exit status, as Slurm writes it: `0:0`.
    pub exit: String,
}

/// A piece of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    /// From which byte on.
    pub from: u64,
    /// What is there, as text; bytes that are none are replaced.
    pub text: String,
    /// From where to go on.
    pub next: u64,
    /// The file's size in bytes; `None` when there is no file yet.
    pub size: Option<u64>,
}
