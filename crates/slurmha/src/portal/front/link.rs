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
    Admission, Answered, Asked, LONGEST_LINE, Refusal, Reply, Request, SignIn,
};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{Semaphore, oneshot};
use tokio::task::AbortHandle;
use tokio::time::timeout;

/// How long signing in may take: PAM may ask a server that is slow.
const ADMISSION: Duration = Duration::from_secs(30);
/// Questions under way at once in a session.
const OUTSTANDING: usize = 16;

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

type Waiting = Mutex<HashMap<u64, oneshot::Sender<Result<Reply, Refusal>>>>;

/// A connection whose other end is the user.
pub struct Link {
    writer: tokio::sync::Mutex<OwnedWriteHalf>,
    shared: Arc<Shared>,
    numbers: AtomicU64,
    places: Semaphore,
    reader: AbortHandle,
}

#[derive(Default)]
struct Shared {
    waiting: Waiting,
    is_over: AtomicBool,
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
            send(&mut write, given).await?;
            let admission: Admission = receive(&mut reader).await?;
            Ok::<_, io::Error>((admission, reader, write))
        });
        let (admission, reader, write) = opened.await.map_err(|_| io::ErrorKind::TimedOut)??;
        let link = matches!(admission, Admission::In { .. }).then(|| Self::over(reader, write));
        Ok((admission, link))
    }

    fn over(reader: BufReader<OwnedReadHalf>, writer: OwnedWriteHalf) -> Self {
        let shared = Arc::new(Shared::default());
        let reader = tokio::spawn(listen(reader, Arc::clone(&shared))).abort_handle();
        Self {
            writer: tokio::sync::Mutex::new(writer),
            shared,
            numbers: AtomicU64::new(1),
            places: Semaphore::new(OUTSTANDING),
            reader,
        }
    }

    /// Whether the other end is gone.
    pub fn is_over(&self) -> bool {
        self.shared.is_over.load(Ordering::SeqCst)
    }

    /// Asks, and waits for the answer.
    ///
    /// # Errors
    /// When there is none; what was asked for may have been done.
    pub async fn ask(
        &self,
        request: Request,
        limit: Duration,
    ) -> Result<Result<Reply, Refusal>, NoAnswer> {
        let _place = self.places.try_acquire().map_err(|_| NoAnswer::Busy)?;
        let number = self.numbers.fetch_add(1, Ordering::SeqCst);
        let (answer, answered) = oneshot::channel();
        lock(&self.shared.waiting).insert(number, answer);
        let _forget = Forget { shared: &self.shared, number };
        // After the insertion: what ends in between finds the question and drops it.
        if self.is_over() {
            return Err(NoAnswer::Ended);
        }
        let exchange = async {
            let asked = Asked { number, request };
            send(&mut *self.writer.lock().await, &asked).await.map_err(|_| NoAnswer::Ended)?;
            answered.await.map_err(|_| NoAnswer::Ended)
        };
        match timeout(limit, exchange).await {
            Ok(answer) => answer,
            Err(_) => Err(NoAnswer::Late),
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        // Its half goes with it, and with both the connection.
        self.reader.abort();
    }
}

/// Nobody waits any more.
struct Forget<'a> {
    shared: &'a Shared,
    number: u64,
}

impl Drop for Forget<'_> {
    fn drop(&mut self) {
        lock(&self.shared.waiting).remove(&self.number);
    }
}

async fn listen(mut reader: BufReader<OwnedReadHalf>, shared: Arc<Shared>) {
    while let Ok(Answered { number, answer }) = receive(&mut reader).await {
        if let Some(waiting) = lock(&shared.waiting).remove(&number) {
            // Who asked may have gone away.
            let _ = waiting.send(answer);
        }
    }
    shared.is_over.store(true, Ordering::SeqCst);
    lock(&shared.waiting).clear();
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn send(writer: &mut OwnedWriteHalf, line: &impl Serialize) -> io::Result<()> {
    let mut text = serde_json::to_vec(line)?;
    text.push(b'\n');
    writer.write_all(&text).await
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
