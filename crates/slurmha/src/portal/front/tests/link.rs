// SPDX-License-Identifier: Apache-2.0
//! The line to a session, when those who ask give up.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::thread;
use std::time::Duration;

use slurmha_core::portal::job::JobRef;
use slurmha_core::portal::protocol::{
    Admission, Answered, Asked, CHANGES_AT_ONCE, LOOKS_AT_ONCE, Options, Reply, Request, SignIn,
    Submission,
};

use crate::portal::front::link::{Link, NoAnswer};
use crate::web::runtime;

/// Too short for any answer.
const SHORT: Duration = Duration::from_millis(30);
const LONG: Duration = Duration::from_secs(30);

/// A session that reads when it is told to.
struct Side(BufReader<UnixStream>);

impl Side {
    fn next(&mut self) -> Asked {
        let mut line = String::new();
        self.0.read_line(&mut line).expect("a line");
        serde_json::from_str(&line).expect("a whole question")
    }

    fn answer(&mut self, number: u64) {
        let answered = Answered { number, answer: Ok(Reply::Cancelled) };
        let line = serde_json::to_string(&answered).expect("JSON") + "\n";
        self.0.get_mut().write_all(line.as_bytes()).expect("somebody reads");
    }
}

async fn opened() -> (Link, Side) {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("session.sock");
    let listener = UnixListener::bind(&path).expect("a socket");
    let side = thread::spawn(move || {
        let (stream, _) = listener.accept().expect("a front");
        let mut stream = BufReader::new(stream);
        stream.read_line(&mut String::new()).expect("a sign-in");
        let admission = Admission::In { user: "ann".to_owned() };
        let line = serde_json::to_string(&admission).expect("JSON") + "\n";
        stream.get_mut().write_all(line.as_bytes()).expect("somebody reads");
        Side(stream)
    });
    let given = SignIn { user: "ann".to_owned(), password: "right".to_owned() };
    let (_, link) = Link::open(&path, &given).await.expect("a session");
    (link.expect("they are in"), side.join().expect("a session"))
}

fn look(id: u32) -> Request {
    Request::Job(JobRef { id, task: None })
}

fn cancel(id: u32) -> Request {
    Request::Cancel(JobRef { id, task: None })
}

#[test]
fn who_gives_up_cuts_no_line_in_two() {
    runtime().expect("a runtime").block_on(async {
        let (link, mut side) = opened().await;
        let submission = Submission {
            token: "AAAAAAAAAAAAAAAAAAAAAA".to_owned(),
            again: false,
            // More than the socket takes (net.core.wmem_default: 208 KiB).
            script: "#".repeat(4 << 20),
            options: Options::default(),
        };
        let submit = Request::Submit(submission);
        let given_up = tokio::time::timeout(SHORT, link.ask(submit.clone(), LONG)).await;
        assert!(given_up.is_err());
        assert_eq!(link.ask(look(42), SHORT).await, Err(NoAnswer::Late));
        let side = thread::spawn(move || {
            let asked = [side.next(), side.next(), side.next()];
            side.answer(asked[2].number);
            asked.map(|asked| asked.request)
        });
        assert_eq!(link.ask(look(43), LONG).await, Ok(Ok(Reply::Cancelled)));
        assert_eq!(side.join().expect("three questions"), [submit, look(42), look(43)]);
    });
}

#[test]
fn what_is_given_up_counts_until_it_is_answered() {
    runtime().expect("a runtime").block_on(async {
        let (link, mut side) = opened().await;
        for _ in 0..LOOKS_AT_ONCE {
            assert_eq!(link.ask(look(42), SHORT).await, Err(NoAnswer::Late));
        }
        assert_eq!(link.ask(look(42), SHORT).await, Err(NoAnswer::Busy));
        for _ in 0..CHANGES_AT_ONCE {
            assert_eq!(link.ask(cancel(42), SHORT).await, Err(NoAnswer::Late), "it has its own");
        }
        assert_eq!(link.ask(cancel(42), SHORT).await, Err(NoAnswer::Busy));
        let first = side.next();
        side.answer(first.number);
        let again = async {
            while link.ask(look(42), SHORT).await == Err(NoAnswer::Busy) {
                tokio::time::sleep(SHORT).await;
            }
        };
        tokio::time::timeout(LONG, again).await.expect("there is a place again");
        assert_eq!(link.ask(look(42), SHORT).await, Err(NoAnswer::Busy));
    });
}

#[test]
fn a_session_that_is_gone_answers_nobody() {
    runtime().expect("a runtime").block_on(async {
        let (link, side) = opened().await;
        let end = async {
            tokio::time::sleep(SHORT).await;
            drop(side);
        };
        let (told, ()) = tokio::join!(link.ask(look(42), LONG), end);
        assert_eq!(told, Err(NoAnswer::Ended));
        assert!(link.is_over());
        assert_eq!(link.ask(look(42), LONG).await, Err(NoAnswer::Ended));
    });
}
