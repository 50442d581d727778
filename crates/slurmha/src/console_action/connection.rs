// SPDX-License-Identifier: Apache-2.0
//! The connection to the console: an order, and then a line of JSON for each
//! word.

use std::io::{self, BufRead as _, Read as _, Write as _, stdin, stdout};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use slurmha_core::console::action::{LONGEST_ORDER, Order, Word};

/// How long the console may take to send an order.
const PATIENCE: Duration = Duration::from_secs(10);

/// The connection that systemd has put on standard input and output.
pub struct Connection {
    ended: Arc<AtomicBool>,
}

impl Connection {
    pub fn from_stdin() -> Self {
        Self { ended: Arc::default() }
    }

    /// The order, which is the first line.
    ///
    /// # Errors
    /// When it is late, too long or no order; the error does not repeat it.
    pub fn order(&self) -> io::Result<Order> {
        let strange = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what);
        let (tell, line) = mpsc::channel();
        thread::spawn(move || {
            let mut line = Vec::new();
            let read = stdin().lock().take(LONGEST_ORDER as u64).read_until(b'\n', &mut line);
            // Nobody waits for it when it is late.
            let _ = tell.send(read.map(|_| line));
        });
        let line = line.recv_timeout(PATIENCE).map_err(|_| strange("it was too slow"))??;
        if line.last() != Some(&b'\n') {
            return Err(strange("it was too long, or broke off"));
        }
        // serde's own message would repeat a part of it.
        serde_json::from_slice(&line).map_err(|_| strange("it was something else"))
    }

    /// From now on it is noticed when the console is gone.
    pub fn watch_the_end(&self) {
        let ended = Arc::clone(&self.ended);
        thread::spawn(move || {
            let _ = io::copy(&mut stdin().lock(), &mut io::sink());
            ended.store(true, Ordering::SeqCst);
        });
    }

    /// Whether the console is gone.
    pub fn has_ended(&self) -> bool {
        self.ended.load(Ordering::SeqCst)
    }

    /// Says something; nobody may hear it.
    pub fn send(&self, word: &Word) {
        let Ok(mut line) = serde_json::to_vec(word) else { return };
        line.push(b'\n');
        let mut out = stdout().lock();
        if out.write_all(&line).and_then(|()| out.flush()).is_err() {
            self.ended.store(true, Ordering::SeqCst);
        }
    }
}
