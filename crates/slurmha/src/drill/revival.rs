// SPDX-License-Identifier: Apache-2.0
//! Watching a controller again that comes back with its power.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use slurmha_core::site::NodeName;
use slurmha_host::Remote;

use super::protocol::Task;
use super::seen::Seen;
use super::watch::Watch;

/// Distance between tries to reach it.
const PAUSE: Duration = Duration::from_secs(1);

/// A controller that was watched until its power went.
pub struct Revival<'a> {
    machine: &'a NodeName,
    current: Mutex<Option<Arc<Watch>>>,
    has_power: AtomicBool,
    is_over: AtomicBool,
}

impl<'a> Revival<'a> {
    /// Its power is still to be cut.
    pub fn new(machine: &'a NodeName) -> Self {
        Self {
            machine,
            current: Mutex::default(),
            has_power: AtomicBool::new(false),
            is_over: AtomicBool::new(false),
        }
    }

    /// From now on it may answer.
    pub fn begin(&self) {
        self.has_power.store(true, Ordering::SeqCst);
    }

    /// Nobody looks any more.
    pub fn end(&self) {
        self.is_over.store(true, Ordering::SeqCst);
        if let Some(watch) = self.current().as_ref() {
            watch.kill();
        }
    }

    /// Tries to reach it until that succeeds, and again when it is lost, until
    /// the end.
    pub fn watch(&self, remote: &Remote, seen: &Seen, vip: Ipv4Addr, limit: Duration) {
        while !self.is_over.load(Ordering::SeqCst) {
            if self.has_power.load(Ordering::SeqCst) {
                self.look(remote, seen, vip, limit);
            }
            thread::sleep(PAUSE);
        }
    }

    /// One conversation. That a machine which boots does not answer is no
    /// trouble; one that never does was not watched, and the verdict says so.
    fn look(&self, remote: &Remote, seen: &Seen, vip: Ipv4Addr, limit: Duration) {
        let Ok(watch) = Watch::start(remote, self.machine) else { return };
        let watch = Arc::new(watch);
        *self.current() = Some(Arc::clone(&watch));
        // The end may have come before there was anything to end.
        if self.is_over.load(Ordering::SeqCst) {
            watch.kill();
        }
        if watch.begin(Task::Sample { vip, limit }).is_ok() {
            let _ = watch.listen(&mut |reply| seen.note(self.machine, reply));
        } else {
            watch.kill();
            let _ = watch.listen(&mut |_| {});
        }
        *self.current() = None;
    }

    fn current(&self) -> MutexGuard<'_, Option<Arc<Watch>>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends them all when it goes.
pub struct EndRevivals<'a>(pub &'a [Revival<'a>]);

impl Drop for EndRevivals<'_> {
    fn drop(&mut self) {
        self.0.iter().for_each(Revival::end);
    }
}
