// SPDX-License-Identifier: Apache-2.0
//! Watching a controller again that was lost: it was cut off, stood still for too long,
//! or ended, and boots anew.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use slurmha_core::site::NodeName;
use slurmha_host::Remote;

use super::protocol::{Reply, Task};
use super::run::CLOCK_PATIENCE;
use super::seen::Seen;
use super::watch::{Watch, is_exact_enough};

/// Distance between tries to reach it.
const PAUSE: Duration = Duration::from_secs(2);

/// A controller that was watched until its conversation ended.
pub struct Revival<'a> {
    machine: &'a NodeName,
    current: Mutex<Option<Arc<Watch>>>,
    is_over: AtomicBool,
}

impl<'a> Revival<'a> {
    /// It is watched so far.
    pub fn new(machine: &'a NodeName) -> Self {
        Self { machine, current: Mutex::default(), is_over: AtomicBool::new(false) }
    }

    /// Nobody looks any more.
    pub fn end(&self) {
        self.is_over.store(true, Ordering::SeqCst);
        if let Some(watch) = self.current().as_ref() {
            watch.kill();
        }
    }

    /// When the first conversation has ended, tries to reach it until that succeeds, and
    /// again when it is lost, until the end.
    pub fn watch(
        &self,
        first: &Watch,
        remote: &Remote,
        seen: &Seen,
        vip: Ipv4Addr,
        limit: Duration,
    ) {
        // What it tells is put right by its own clock; what it kept would be read by the
        // first one's.
        let task = Task::Sample { vip, run: None, limit };
        while !self.is_over.load(Ordering::SeqCst) {
            if first.has_ended() {
                self.look(remote, seen, &task);
            }
            thread::sleep(PAUSE);
        }
    }

    /// One conversation. That a machine which boots does not answer is no
    /// trouble; one that never does was not watched, and the verdict says so.
    fn look(&self, remote: &Remote, seen: &Seen, task: &Task) {
        let Ok(watch) = Watch::start(remote, self.machine) else { return };
        let watch = Arc::new(watch);
        *self.current() = Some(Arc::clone(&watch));
        // The end may have come before there was anything to end.
        if self.is_over.load(Ordering::SeqCst) {
            watch.kill();
        }
        thread::scope(|scope| {
            scope.spawn(|| watch.listen(&mut |reply| note(&watch, seen, reply)));
            // It may have booted with another clock than it had before.
            watch.synchronise(CLOCK_PATIENCE);
            let is_read = watch.offset().is_some_and(is_exact_enough);
            if !is_read || watch.begin(task.clone()).is_err() {
                watch.kill();
            }
        });
        *self.current() = None;
    }

    fn current(&self) -> MutexGuard<'_, Option<Arc<Watch>>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Each conversation has a clock of its own. What a machine that is only just booting
/// cannot tell is as good as not seen.
fn note(watch: &Watch, seen: &Seen, reply: Reply) {
    let (Reply::Sample(mut sample), Some(offset)) = (reply, watch.offset()) else { return };
    let at = seen.as_first_told(&watch.machine, sample.at, offset);
    if let Some(at) = at.filter(|_| sample.state.tells_whether_it_writes()) {
        sample.at = at;
        seen.note(&watch.machine, Reply::Sample(sample));
    }
}

/// Ends them all when it goes.
pub struct EndRevivals<'a>(pub &'a [Revival<'a>]);

impl Drop for EndRevivals<'_> {
    fn drop(&mut self) {
        self.0.iter().for_each(Revival::end);
    }
}
