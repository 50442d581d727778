// SPDX-License-Identifier: Apache-2.0
//! The other side of the socket: admits who says `right`, and answers as a test
//! likes.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread;

use serde::Serialize;
use slurmha_core::portal::protocol::{
    Admission, Answered, Asked, JobDetails, Piece, Refusal, Reply, Request, RequestKind, SignIn,
    Submission,
};

#[derive(Clone)]
pub struct SessionSide {
    path: PathBuf,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    admissions: usize,
    ends: usize,
    asked: Vec<Request>,
    /// To a submission; otherwise it becomes job 4711.
    answer: Option<Result<Reply, Refusal>>,
    open: Vec<UnixStream>,
    /// Whether looks have no answer, and those that wait for theirs.
    holds: bool,
    held: Vec<(UnixStream, Asked)>,
}

impl SessionSide {
    pub fn at(path: &Path) -> Self {
        let listener = UnixListener::bind(path).expect("a socket");
        let side = Self { path: path.to_owned(), seen: Arc::default() };
        let it = side.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let it = it.clone();
                thread::spawn(move || it.serve(stream));
            }
        });
        side
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn answers(&self, answer: Result<Reply, Refusal>) {
        self.change(|seen| seen.answer = Some(answer));
    }

    /// From now on no look has an answer.
    pub fn holds(&self) {
        self.change(|seen| seen.holds = true);
    }

    /// All have, also those that wait.
    pub fn goes_on(&self) {
        let held = self.change(|seen| {
            seen.holds = false;
            std::mem::take(&mut seen.held)
        });
        for (mut stream, Asked { number, request }) in held {
            tell(&mut stream, &Answered { number, answer: self.answer(&request) });
        }
    }

    pub fn asked(&self) -> Vec<Request> {
        self.change(|seen| seen.asked.clone())
    }

    pub fn submissions(&self) -> Vec<Submission> {
        let submission = |request| match request {
            Request::Submit(it) => Some(it),
            _ => None,
        };
        self.asked().into_iter().filter_map(submission).collect()
    }

    pub fn admissions(&self) -> usize {
        self.change(|seen| seen.admissions)
    }

    pub fn wait_for_ends(&self, ends: usize) {
        super::eventually(|| self.change(|seen| seen.ends >= ends).then_some(()));
    }

    /// Every session dies.
    pub fn hang_up(&self) {
        self.change(|seen| {
            for stream in seen.open.drain(..) {
                let _ = stream.shutdown(Shutdown::Both);
            }
        });
    }

    fn change<T>(&self, how: impl FnOnce(&mut Seen) -> T) -> T {
        how(&mut self.seen.lock().expect("a lock"))
    }

    fn serve(&self, mut stream: UnixStream) {
        let mut lines = BufReader::new(stream.try_clone().expect("a copy")).lines();
        let Some(Ok(line)) = lines.next() else { return };
        let given: SignIn = serde_json::from_str(&line).expect("a sign-in");
        self.change(|seen| seen.admissions += 1);
        let admission = match (given.user.as_str(), given.password.as_str()) {
            ("root", _) => Admission::Refused("root does not sign in here.".to_owned()),
            ("odd", _) => Admission::Trouble("PAM does not answer.".to_owned()),
            (user, "right") => Admission::In { user: user.to_owned() },
            _ => Admission::Wrong,
        };
        tell(&mut stream, &admission);
        if !matches!(admission, Admission::In { .. }) {
            return;
        }
        self.change(|seen| seen.open.push(stream.try_clone().expect("a copy")));
        for line in lines.map_while(Result::ok) {
            let asked: Asked = serde_json::from_str(&line).expect("a question");
            let is_held = self.change(|seen| {
                seen.asked.push(asked.request.clone());
                let is_held = seen.holds && asked.request.kind() == RequestKind::Look;
                if is_held {
                    seen.held.push((stream.try_clone().expect("a copy"), asked.clone()));
                }
                is_held
            });
            if !is_held {
                let answer = self.answer(&asked.request);
                tell(&mut stream, &Answered { number: asked.number, answer });
            }
        }
        self.change(|seen| seen.ends += 1);
    }

    fn answer(&self, request: &Request) -> Result<Reply, Refusal> {
        Ok(match request {
            Request::Submit(_) => {
                let answer = self.change(|seen| seen.answer.clone());
                return answer
                    .unwrap_or_else(|| Ok(Reply::Submitted("4711".parse().expect("a job"))));
            }
            Request::Cancel(_) => Reply::Cancelled,
            Request::Ended => Reply::Ended(Vec::new()),
            Request::Job(job) if job.id == 77 => {
                return Err(Refusal::No("There is no job of yours with this number.".to_owned()));
            }
            Request::Job(job) => Reply::Job(Box::new(JobDetails {
                job: *job,
                name: "mine".to_owned(),
                state: "RUNNING".to_owned(),
                reason: None,
                partition: "batch".to_owned(),
                nodes: "cn1".to_owned(),
                submitted: None,
                begins: None,
                ends: None,
                restarts: 0,
                exit: None,
                output_file: None,
                errors_file: None,
            })),
            Request::Output { from, .. } => Reply::Output(Piece {
                from: *from,
                text: "line 1\n".to_owned(),
                next: 7,
                size: Some(7),
            }),
            // They are tested in a real browser.
            _ => return Err(Refusal::No("there are no terminals here".to_owned())),
        })
    }
}

fn tell(stream: &mut UnixStream, line: &impl Serialize) {
    let text = serde_json::to_string(line).expect("JSON") + "\n";
    // The front may be gone.
    let _ = stream.write_all(text.as_bytes());
}
