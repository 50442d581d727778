// SPDX-License-Identifier: Apache-2.0
//! Those who wait for a save, and the one who tells them.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use slurmha_host::System;

use super::saves::Saves;

/// Between two looks at the table. slurmctld saves every five seconds at most.
const PAUSE: Duration = Duration::from_millis(50);
/// The same while slurmctld does not answer: each look is a process then.
const BLIND_PAUSE: Duration = Duration::from_millis(500);

struct Waiter {
    job: u32,
    arrived: Timestamp,
    until: Duration,
    saved: SyncSender<()>,
}

/// The questions that wait for a save.
#[derive(Default)]
pub struct Waiters {
    waiting: Mutex<Vec<Waiter>>,
    came: Condvar,
}

impl Waiters {
    /// Waits with the others; the receiver hears of the save, if at all,
    /// before `until`.
    pub fn join(&self, job: u32, arrived: Timestamp, until: Duration) -> Receiver<()> {
        let (saved, told) = sync_channel(1);
        self.lock().push(Waiter { job, arrived, until, saved });
        self.came.notify_one();
        told
    }

    /// Waits until there is somebody, and says for which jobs.
    fn await_some(&self) {
        let mut waiting = self.lock();
        while waiting.is_empty() {
            waiting = self.came.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// One look for all who wait now; an error is why nothing could be told.
    fn look(&self, system: &dyn System, saves: &mut Saves) -> Result<(), String> {
        let now = system.elapsed();
        let batch: Vec<Waiter> = self.lock().drain(..).filter(|w| w.until > now).collect();
        let questions: Vec<(u32, Timestamp)> = batch.iter().map(|w| (w.job, w.arrived)).collect();
        let answers = saves.look(system, &questions);
        let (answers, blind) = match answers {
            Ok(answers) => (answers, Ok(())),
            Err(why) => (vec![false; batch.len()], Err(why.0)),
        };
        let mut left = Vec::new();
        for (waiter, saved) in batch.into_iter().zip(answers) {
            if saved {
                // One who has gone away wants no answer.
                let _ = waiter.saved.send(());
            } else {
                left.push(waiter);
            }
        }
        self.lock().append(&mut left);
        blind
    }

    /// As if everything were saved.
    #[cfg(test)]
    pub fn tell_all(&self) {
        for waiter in self.lock().drain(..) {
            let _ = waiter.saved.send(());
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Waiter>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Looks as long as somebody waits, for ever.
pub fn tell(system: &dyn System, waiters: &Waiters) {
    let mut saves = Saves::default();
    let mut said = String::new();
    loop {
        waiters.await_some();
        match waiters.look(system, &mut saves) {
            Ok(()) => {
                said.clear();
                system.sleep(PAUSE);
            }
            Err(why) => {
                if said != why {
                    eprintln!("nobody is answered: {why}");
                    said = why;
                }
                system.sleep(BLIND_PAUSE);
            }
        }
    }
}
