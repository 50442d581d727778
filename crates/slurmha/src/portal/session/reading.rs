// SPDX-License-Identifier: Apache-2.0
//! Files are read beside those who work: a file server that is gone never answers, and
//! whoever reads from it can do nothing else, not even end.

use std::io;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// How many read at once; those that hang count.
const AT_ONCE: usize = 2;
/// How long one waits for others to have read: a piece has 64 KiB.
const TURN: Duration = Duration::from_secs(1);
/// And how long for a piece.
const PIECE: Duration = Duration::from_secs(4);

/// Why nothing was read.
#[derive(Debug)]
pub enum Unread {
    /// Whatever holds the file does not answer.
    Hangs,
    /// There is no thread for it.
    NoThread(io::Error),
}

/// Whoever reads.
pub struct Reading {
    inside: Arc<Inside>,
    turn: Duration,
    piece: Duration,
}

#[derive(Default)]
struct Inside {
    count: Mutex<usize>,
    left: Condvar,
}

impl Default for Reading {
    fn default() -> Self {
        Self::within(TURN, PIECE)
    }
}

impl Reading {
    /// With these limits.
    pub fn within(turn: Duration, piece: Duration) -> Self {
        Self { inside: Arc::default(), turn, piece }
    }

    /// What that reads.
    ///
    /// # Errors
    /// When it takes too long, or those before it have not come back.
    pub fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Unread> {
        let place = Inside::enter(&self.inside, self.turn).ok_or(Unread::Hangs)?;
        let (tell, told) = channel();
        let reader = move || {
            let it = read();
            drop(place);
            // Whoever waited may have given up.
            let _ = tell.send(it);
        };
        thread::Builder::new().spawn(reader).map_err(Unread::NoThread)?;
        told.recv_timeout(self.piece).map_err(|error| match error {
            RecvTimeoutError::Timeout => Unread::Hangs,
            RecvTimeoutError::Disconnected => Unread::NoThread(io::ErrorKind::Other.into()),
        })
    }
}

impl Inside {
    fn enter(inside: &Arc<Self>, limit: Duration) -> Option<Place> {
        let is_full = |count: &mut usize| *count >= AT_ONCE;
        let waited = inside.left.wait_timeout_while(inside.lock(), limit, is_full);
        let (mut count, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if *count >= AT_ONCE {
            return None;
        }
        *count += 1;
        Some(Place(Arc::clone(inside)))
    }

    fn lock(&self) -> MutexGuard<'_, usize> {
        self.count.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody reads, until this is dropped.
struct Place(Arc<Inside>);

impl Drop for Place {
    fn drop(&mut self) {
        *self.0.lock() -= 1;
        self.0.left.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As on a file server that is gone, and that comes back.
    #[test]
    fn those_that_hang_keep_nobody_for_long() {
        let reading = Reading::within(Duration::from_millis(20), Duration::from_millis(20));
        let (go, may_go) = channel::<()>();
        let may_go = Arc::new(Mutex::new(may_go));
        let begun = Arc::new(Mutex::new(0));
        for _ in 0..5 {
            let (may_go, begun) = (Arc::clone(&may_go), Arc::clone(&begun));
            let told = reading.read(move || {
                *begun.lock().unwrap() += 1;
                may_go.lock().unwrap().recv().unwrap();
            });
            assert!(matches!(told, Err(Unread::Hangs)), "{told:?}");
        }
        // The threads may be slow to begin.
        let is_so = || *begun.lock().unwrap() == AT_ONCE;
        let came = (0..1000).any(|_| {
            is_so() || {
                thread::sleep(Duration::from_millis(5));
                false
            }
        });
        assert!(came, "{begun:?}");
        (0..AT_ONCE).for_each(|_| go.send(()).unwrap());
        let patient =
            Reading { turn: Duration::from_secs(60), piece: Duration::from_secs(60), ..reading };
        assert_eq!(patient.read(|| 7).unwrap(), 7);
    }
}
