// SPDX-License-Identifier: Apache-2.0
//! A connection to a session: one admission, then questions and their answers, many
//! at once, told apart by number.

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use slurmha_core::portal::protocol::{
    Admission, Answered, Asked, CHANGES_AT_ONCE, LONGEST_LINE, LOOKS_AT_ONCE, Refusal, Reply,
    Request, RequestKind, SignIn, TERMINALS_AT_ONCE,
};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::task::AbortHandle;
use tokio::time::timeout;

/// How long signing in may take: PAM may ask a server that is slow.
const ADMISSION: Duration = Duration::from_secs(30);

/// Why there is no answer to a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoAnswer {
    /// The session has ended; who asks has to sign in again.
    Ended,
    /// It took too long.
    Late,
    /// As many questions are under way as are allowed.
    Busy,
}

/// What becomes of a question.
pub type Told = Result<Result<Reply, Refusal>, NoAnswer>;

/// A connection whose other end is the user.
pub struct Link {
    /// Whole lines: one task writes them, so that nobody who gives up cuts one in two.
    lines: mpsc::Sender<Vec<u8>>,
    shared: Arc<Shared>,
    numbers: AtomicU64,
    looks: Arc<Semaphore>,
    changes: Arc<Semaphore>,
    terminals: Arc<Semaphore>,
    tasks: [AbortHandle; 2],
}

#[derive(Default)]
struct Shared {
    waiting: Mutex<HashMap<u64, Question>>,
    is_over: AtomicBool,
}

/// A question that the session has, until it is answered: also when who asked has given
/// up, because the session goes on with it.
struct Question {
    answer: oneshot::Sender<Result<Reply, Refusal>>,
    place: OwnedSemaphorePermit,
}

impl Link {
    /// Asks for admission. Without [`Admission::In`] there is no link.
    ///
    /// # Errors
    /// When the session's side cannot be reached or breaks off.
    pub async fn open(socket: &Path, given: &SignIn) -> io::Result<(Admission, Option<Self>)> {
        let opened = timeout(ADMISSION, async {
            let (read, mut write) = UnixStream::connect(socket).await?.into_split();
            let mut reader = BufReader::new(read);
            write.write_all(&line(given)?).await?;
            let admission: Admission = receive(&mut reader).await?;
            Ok::<_, io::Error>((admission, reader, write))
        });
        let (admission, reader, write) = opened.await.map_err(|_| io::ErrorKind::TimedOut)??;
        let link = matches!(admission, Admission::In { .. }).then(|| Self::over(reader, write));
        Ok((admission, link))
    }

    fn over(reader: BufReader<OwnedReadHalf>, writer: OwnedWriteHalf) -> Self {
        let shared = Arc::new(Shared::default());
        // There is room for as many as may be asked.
        let most = LOOKS_AT_ONCE + CHANGES_AT_ONCE + TERMINALS_AT_ONCE;
        let (lines, to_write) = mpsc::channel(most);
        let tasks = [
            tokio::spawn(listen(reader, Arc::clone(&shared))).abort_handle(),
            tokio::spawn(write(writer, to_write, Arc::clone(&shared))).abort_handle(),
        ];
        Self {
            lines,
            shared,
            numbers: AtomicU64::new(1),
            looks: Arc::new(Semaphore::new(LOOKS_AT_ONCE)),
            changes: Arc::new(Semaphore::new(CHANGES_AT_ONCE)),
            terminals: Arc::new(Semaphore::new(TERMINALS_AT_ONCE)),
            tasks,
        }
    }

    /// Whether the other end is gone.
    pub fn is_over(&self) -> bool {
        self.shared.is_over.load(Ordering::SeqCst)
    }

    /// Ends the connection, whoever still waits for an answer.
    pub fn end(&self) {
        // Their halves go with them, and with both the connection.
        self.tasks.iter().for_each(AbortHandle::abort);
        self.shared.end();
    }

    /// Asks, and waits for the answer.
    ///
    /// # Errors
    /// When there is none; what was asked for may have been done.
    pub async fn ask(&self, request: Request, limit: Duration) -> Told {
        let places = match request.kind() {
            RequestKind::Look => &self.looks,
            RequestKind::Change => &self.changes,
            RequestKind::Terminal => &self.terminals,
        };
        let place = Arc::clone(places).try_acquire_owned().map_err(|_| NoAnswer::Busy)?;
        let number = self.numbers.fetch_add(1, Ordering::SeqCst);
        let line = line(&Asked { number, request }).map_err(|_| NoAnswer::Ended)?;
        if line.len() > LONGEST_LINE {
            return Ok(Err(Refusal::No("what was typed is too long".to_owned())));
        }
        let (answer, answered) = oneshot::channel();
        lock(&self.shared.waiting).insert(number, Question { answer, place });
        // After the insertion: what ends in between finds the question and drops it.
        if self.is_over() || self.lines.try_send(line).is_err() {
            lock(&self.shared.waiting).remove(&number);
            return Err(NoAnswer::Ended);
        }
        match timeout(limit, answered).await {
            Ok(answer) => answer.map_err(|_| NoAnswer::Ended),
            Err(_) => Err(NoAnswer::Late),
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.end();
    }
}

impl Shared {
    fn end(&self) {
        self.is_over.store(true, Ordering::SeqCst);
        lock(&self.waiting).clear();
    }
}

async fn write(
    mut writer: OwnedWriteHalf,
    mut lines: mpsc::Receiver<Vec<u8>>,
    shared: Arc<Shared>,
) {
    while let Some(line) = lines.recv().await {
        if writer.write_all(&line).await.is_err() {
            break;
        }
    }
    shared.end();
}

async fn listen(mut reader: BufReader<OwnedReadHalf>, shared: Arc<Shared>) {
    while let Ok(Answered { number, answer }) = receive(&mut reader).await {
        let question = lock(&shared.waiting).remove(&number);
        let Some(Question { answer: waiting, place }) = question else { continue };
        // Before the answer: who has it may ask again.
        drop(place);
        // Who asked may have gone away.
        let _ = waiting.send(answer);
    }
    shared.end();
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn line(it: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut text = serde_json::to_vec(it)?;
    text.push(b'\n');
    Ok(text)
}

async fn receive<T: DeserializeOwned>(reader: &mut BufReader<OwnedReadHalf>) -> io::Result<T> {
    let mut line = Vec::new();
    let most = u64::try_from(LONGEST_LINE).unwrap_or(u64::MAX);
    reader.take(most).read_until(b'\n', &mut line).await?;
    if line.last() != Some(&b'\n') {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(serde_json::from_slice(&line)?)
}
