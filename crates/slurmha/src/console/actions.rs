// SPDX-License-Identifier: Apache-2.0
//! Hands what somebody asks for to the helper that has the rights, and keeps
//! what it says. This process has none: it cannot even tell whether the
//! password is right.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use slurmha_core::console::action::page::Course;
use slurmha_core::console::action::{LONGEST_WORD, Order, Outcome, Word};
use slurmha_host::System;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::UnixStream;
use tokio::net::unix::OwnedReadHalf;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// How long the helper may take to look at a password, on a busy machine.
const FIRST_WORD: Duration = Duration::from_secs(30);

/// Steps that are kept; a move has some ten.
const MOST_STEPS: usize = 100;

/// What is being done, or was done last.
pub struct Actions {
    system: Arc<dyn System + Send + Sync>,
    socket: PathBuf,
    course: Arc<Mutex<Option<Course>>>,
    /// Taken by an action from its password to its end.
    turn: Arc<Semaphore>,
}

/// What becomes of an order.
#[derive(Debug, PartialEq, Eq)]
pub enum Begun {
    /// The helper is at it.
    In,
    /// That is not the password.
    Wrong,
    /// Another one is at work, or is being looked at.
    Busy,
    /// The helper could not be reached, or said nothing; why.
    Trouble(String),
}

impl Actions {
    /// With the helper behind this socket.
    pub fn new(system: Arc<dyn System + Send + Sync>, socket: PathBuf) -> Self {
        Self { system, socket, course: Arc::default(), turn: Arc::new(Semaphore::new(1)) }
    }

    /// Hands over an order. It goes on whether or not the browser waits; it is
    /// taken back when this process ends.
    pub async fn begin(&self, order: Order) -> Begun {
        let Ok(turn) = Arc::clone(&self.turn).try_acquire_owned() else { return Begun::Busy };
        let course =
            Course { title: order.action.title(), user: order.user.clone(), ..Course::default() };
        match timeout(FIRST_WORD, self.hand_over(order)).await {
            Ok(Ok((Word::In, helper))) => {
                *lock(&self.course) = Some(course);
                self.follow(helper, turn);
                Begun::In
            }
            Ok(Ok((Word::Wrong, _))) => Begun::Wrong,
            Ok(Ok(_)) => Begun::Trouble("the helper answers something else".to_owned()),
            Ok(Err(error)) => {
                Begun::Trouble(format!("the helper is not there, or at work: {error}"))
            }
            Err(_) => Begun::Trouble("the helper does not answer".to_owned()),
        }
    }

    /// How the latest one goes.
    pub fn course(&self) -> Option<Course> {
        lock(&self.course).clone()
    }

    async fn hand_over(&self, order: Order) -> io::Result<(Word, Helper)> {
        let (read, mut write) = UnixStream::connect(&self.socket).await?.into_split();
        let mut line = serde_json::to_vec(&order)?;
        line.push(b'\n');
        write.write_all(&line).await?;
        let mut helper = Helper { reader: BufReader::new(read), _writer: write };
        Ok((helper.word().await?, helper))
    }

    fn follow(&self, mut helper: Helper, turn: OwnedSemaphorePermit) {
        let (course, system) = (Arc::clone(&self.course), Arc::clone(&self.system));
        tokio::spawn(async move {
            loop {
                let outcome = match helper.word().await {
                    Ok(Word::Step(text)) => {
                        if let Some(course) = &mut *lock(&course)
                            && course.steps.len() < MOST_STEPS
                        {
                            course.steps.push((system.now(), text));
                        }
                        continue;
                    }
                    Ok(Word::Ended(outcome)) => outcome,
                    Ok(Word::In | Word::Wrong) => lost("it said something that is no step"),
                    Err(error) => lost(&error.to_string()),
                };
                if let Some(course) = &mut *lock(&course) {
                    course.outcome = Some(outcome);
                }
                break;
            }
            drop(turn);
        });
    }
}

/// The helper's end; it takes a move back when the writing half is gone.
struct Helper {
    reader: BufReader<OwnedReadHalf>,
    _writer: tokio::net::unix::OwnedWriteHalf,
}

impl Helper {
    async fn word(&mut self) -> io::Result<Word> {
        let mut line = Vec::new();
        let most = u64::try_from(LONGEST_WORD).unwrap_or(u64::MAX);
        (&mut self.reader).take(most).read_until(b'\n', &mut line).await?;
        if line.last() != Some(&b'\n') {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(serde_json::from_slice(&line)?)
    }
}

fn lost(why: &str) -> Outcome {
    Outcome {
        code: 4,
        text: format!(
            "the helper ended without a last word ({why}); an order is taken back, or ends by itself"
        ),
        next: vec!["slurmha status".to_owned(), "journalctl -t slurmha-console-action".to_owned()],
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
