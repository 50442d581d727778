// SPDX-License-Identifier: Apache-2.0
//! Requests of the front's, some at a time, done as the user.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use serde::{Deserialize, Serialize};
use slurmha_core::portal::client::Failure;
use slurmha_core::portal::details::parse_job;
use slurmha_core::portal::ended::parse_ended;
use slurmha_core::portal::job::JobRef;
use slurmha_core::portal::protocol::{
    Answered, Asked, CHANGES_AT_ONCE, JobDetails, LOOKS_AT_ONCE, Piece, Refusal, Reply, Request,
    Stream, TERMINAL_SOCKET, TERMINALS_AT_ONCE,
};
use slurmha_host::program::slurm_user;
use slurmha_host::system::write_atomically;
use slurmha_host::{Ids, System};

use super::line::Connection;
use super::output;
use super::reading::{Reading, Unread};
use super::terminal::Terminals;
use super::user::User;

/// How many requests are worked on at once: as many as the front asks.
const WORKERS: usize = LOOKS_AT_ONCE + CHANGES_AT_ONCE + TERMINALS_AT_ONCE;
/// The longest note of a job's files, in bytes: two paths with every byte escaped.
const LONGEST_NOTE: usize = 64 * 1024;
/// Of how many jobs the files are remembered.
const MOST_PATHS: usize = 1000;

/// A user's session.
pub struct Session<S> {
    pub(super) system: S,
    pub(super) user: User,
    /// Where the records of submissions are.
    pub(super) state: PathBuf,
    /// What the tokens of this host's forms begin with.
    pub(super) mark: String,
    paths: Mutex<BTreeMap<JobRef, Files>>,
    reading: Reading,
    terminals: Terminals,
}

/// Where a job writes to, with all patterns filled in; that is settled when it is
/// submitted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Files {
    output: Option<String>,
    errors: Option<String>,
}

/// Answers until the front ends the connection. What is being submitted then is brought
/// to its end, so that its record knows the job; nothing else is.
///
/// # Errors
/// When what the front sends cannot be read.
pub fn serve<S: System + Send + 'static>(
    connection: Connection,
    session: Session<S>,
) -> io::Result<()> {
    let mut requests = connection.requests()?;
    let (sender, receiver) = sync_channel::<Asked>(WORKERS);
    let shared = Arc::new(Shared {
        session,
        receiver: Mutex::new(receiver),
        connection: Mutex::new(connection),
        has_ended: AtomicBool::new(false),
    });
    let workers: Vec<_> = (0..WORKERS)
        .map(|_| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || shared.work())
        })
        .collect();
    let result = loop {
        match requests.next() {
            Ok(Some(asked)) => {
                if sender.send(asked).is_err() {
                    break Ok(());
                }
            }
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    shared.has_ended.store(true, Ordering::Relaxed);
    drop(sender);
    for worker in workers {
        let _ = worker.join();
    }
    result
}

struct Shared<S> {
    session: Session<S>,
    receiver: Mutex<Receiver<Asked>>,
    connection: Mutex<Connection>,
    has_ended: AtomicBool,
}

impl<S: System> Shared<S> {
    fn work(&self) {
        loop {
            let asked = lock(&self.receiver).recv();
            let Ok(Asked { number, request }) = asked else { return };
            if self.has_ended.load(Ordering::Relaxed) {
                continue;
            }
            let answer = self.session.answer(&request);
            let mut connection = lock(&self.connection);
            if connection.send(&Answered { number, answer }).is_err() {
                connection.end();
            }
        }
    }
}

impl<S: System> Session<S> {
    /// A session of that user, on a host whose forms have tokens with that mark.
    pub fn new(system: S, user: User, state: PathBuf, mark: String) -> Self {
        let (paths, reading) = (Mutex::default(), Reading::default());
        let terminals = Terminals::at(Path::new(TERMINAL_SOCKET));
        Self { system, user, state, mark, paths, reading, terminals }
    }

    /// Does what is asked for.
    pub fn answer(&self, request: &Request) -> Result<Reply, Refusal> {
        match request {
            Request::Submit(submission) => self.submit(submission).map(Reply::Submitted),
            Request::Cancel(job) => {
                slurm_user::cancel(&self.system, *job).map_err(refusal)?;
                Ok(Reply::Cancelled)
            }
            Request::Job(job) => Ok(Reply::Job(Box::new(self.job(*job)?))),
            Request::Ended => {
                let name = &self.user.submitter.name;
                let text = slurm_user::ended(&self.system, name, None).map_err(refusal)?;
                Ok(Reply::Ended(parse_ended(&text)))
            }
            Request::Output { job, stream, from } => {
                let path = self.path(*job, *stream)?;
                self.read(path, *from).map(Reply::Output)
            }
            Request::OpenTerminal(window) => self.terminals.open(*window),
            Request::ReadTerminal(terminal) => self.terminals.read(*terminal),
            Request::WriteTerminal { terminal, typed } => self.terminals.write(*terminal, typed),
            Request::ResizeTerminal { terminal, window } => {
                self.terminals.resize(*terminal, *window)
            }
            Request::CloseTerminal(terminal) => Ok(self.terminals.close(*terminal)),
        }
    }

    /// What slurmctld knows, and when it has forgotten the job, the accounting.
    fn job(&self, job: JobRef) -> Result<JobDetails, Refusal> {
        if slurm_user::is_own(&self.system, job).map_err(refusal)? {
            let text = slurm_user::show(&self.system, job).map_err(refusal)?;
            let strange = || Refusal::No(format!("scontrol tells nothing of job {job}"));
            let details = parse_job(&text, job).ok_or_else(strange)?;
            self.remember(&details);
            return Ok(details);
        }
        let name = &self.user.submitter.name;
        let text = slurm_user::ended(&self.system, name, Some(job)).map_err(refusal)?;
        // Of an array it has the tasks alone; the last that ended speaks for all.
        let tasks = parse_ended(&text).into_iter();
        let mut tasks =
            tasks.filter(|it| it.job == job || job.task.is_none() && it.job.id == job.id);
        let ended = tasks.next().ok_or_else(|| no_job_of_yours(job))?;
        let files = self.remembered(job);
        Ok(JobDetails {
            job,
            name: ended.name,
            state: ended.state,
            reason: None,
            partition: ended.partition,
            nodes: String::new(),
            submitted: None,
            begins: ended.began,
            ends: ended.ended,
            restarts: 0,
            exit: Some(ended.exit),
            output_file: files.as_ref().and_then(|files| files.output.clone()),
            errors_file: files.and_then(|files| files.errors),
        })
    }

    /// Where a job writes to. What is remembered comes first: output can be read while
    /// the scheduler is away.
    fn path(&self, job: JobRef, stream: Stream) -> Result<String, Refusal> {
        let files = match self.remembered(job) {
            Some(files) => files,
            None => {
                let details = self.job(job)?;
                Files { output: details.output_file, errors: details.errors_file }
            }
        };
        let path = match stream {
            Stream::Output => files.output,
            Stream::Errors => files.errors.or(files.output),
        };
        path.filter(|path| path.starts_with('/')).ok_or_else(|| {
            Refusal::No(format!("Slurm does not tell any more where job {job} has written to"))
        })
    }

    fn read(&self, path: String, from: u64) -> Result<Piece, Refusal> {
        let file = path.clone();
        self.reading.read(move || output::read(&file, from)).unwrap_or_else(|unread| {
            Err(Refusal::No(match unread {
                Unread::Hangs => format!(
                    "{path} cannot be read at present: where it lies (your home, or another file \
                     server) does not answer"
                ),
                Unread::NoThread(error) => format!("{path} cannot be read at present: {error}"),
            }))
        })
    }

    fn remembered(&self, job: JobRef) -> Option<Files> {
        if let Some(files) = lock(&self.paths).get(&job) {
            return Some(files.clone());
        }
        let text = self.system.read_start(&self.note(job), LONGEST_NOTE).ok().flatten()?;
        serde_json::from_slice(&text).ok()
    }

    /// Here, and on the disk: Slurm forgets a job minutes after its end, and its
    /// accounting does not have the files.
    fn remember(&self, details: &JobDetails) {
        let (output, errors) = (details.output_file.clone(), details.errors_file.clone());
        let files = Files { output, errors };
        if lock(&self.paths).get(&details.job) == Some(&files) {
            return;
        }
        let ids = Ids { uid: self.user.uid, gid: self.user.gid, mode: 0o600 };
        let written =
            serde_json::to_vec(&files).map_err(|error| error.to_string()).and_then(|text| {
                write_atomically(&self.system, &self.note(details.job), &text, ids)
                    .map_err(|error| error.to_string())
            });
        if let Err(error) = written {
            eprintln!("where job {} writes to is not noted: {error}", details.job);
        }
        let mut paths = lock(&self.paths);
        if paths.len() >= MOST_PATHS {
            paths.pop_first();
        }
        paths.insert(details.job, files);
    }

    fn note(&self, job: JobRef) -> PathBuf {
        self.state.join(format!("{job}.files"))
    }
}

fn no_job_of_yours(job: JobRef) -> Refusal {
    Refusal::No(format!("there is no job {job} of yours"))
}

fn refusal(failure: Failure) -> Refusal {
    match failure {
        Failure::Away(why) => Refusal::SchedulerAway(why),
        Failure::No(why) => Refusal::No(why),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
