// SPDX-License-Identifier: Apache-2.0
//! Watches both controllers without a break while one drill follows on the
//! other.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use slurmha_core::drill::WriterGuard;
use slurmha_core::site::{NodeName, Site};

use super::protocol::{Reply, Task};
use super::watch::Watch;
use crate::fleet::Fleet;

/// Distance between tries to reach a controller that is away, and between
/// looks whether it is over.
const PAUSE: Duration = Duration::from_millis(500);

/// Time for a controller's clock to be read.
const CLOCK_PATIENCE: Duration = Duration::from_secs(10);

/// One conversation lasts no longer, whatever becomes of this side.
const LIMIT: Duration = Duration::from_secs(3600);

/// For how long a controller may tell nothing: longer than a drill waits for service, and
/// then for the machine to be back.
const LONGEST_SILENCE: Duration = Duration::from_secs(1200);

/// A conversation with each controller, begun anew whenever it ends.
pub struct Guard {
    shared: Arc<Shared>,
    controllers: [NodeName; 2],
    threads: Vec<JoinHandle<()>>,
}

struct Shared {
    fleet: Arc<Fleet>,
    vip: Ipv4Addr,
    is_over: AtomicBool,
    writers: Mutex<WriterGuard>,
    silences: Mutex<Silences>,
}

/// When each controller was heard last, and which has told nothing for too long.
#[derive(Default)]
struct Silences {
    heard: BTreeMap<NodeName, Instant>,
    too_long: Option<NodeName>,
}

impl Silences {
    /// That silence is over, or goes on until now.
    fn look(&mut self, machine: &NodeName, now: Instant, is_heard: bool) {
        let last = *self.heard.entry(machine.clone()).or_insert(now);
        if now.saturating_duration_since(last) > LONGEST_SILENCE {
            self.too_long.get_or_insert_with(|| machine.clone());
        }
        if is_heard {
            self.heard.insert(machine.clone(), now);
        }
    }
}

impl Guard {
    /// Begins to watch.
    pub fn begin(site: &Site, fleet: Arc<Fleet>) -> Self {
        let shared = Arc::new(Shared {
            fleet,
            vip: site.vip,
            is_over: AtomicBool::new(false),
            writers: Mutex::default(),
            silences: Mutex::default(),
        });
        let controllers = site.controllers.each_ref().map(|controller| controller.name.clone());
        let now = Instant::now();
        controllers.iter().for_each(|machine| shared.silences().look(machine, now, true));
        let threads = controllers.clone().map(|machine| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || shared.watch(&machine))
        });
        Self { shared, controllers, threads: threads.into() }
    }

    /// Who could write at the same time, and when, if that was ever seen; or who
    /// was never heard, so that nothing is proven.
    pub fn finding(&self) -> Option<String> {
        let writers = self.shared.writers();
        let unheard = self.controllers.iter().find(|machine| !writers.has_heard(machine));
        let unheard = unheard.map(|machine| format!("{machine} was not watched between drills"));
        writers.found().map(str::to_owned).or(unheard).or_else(|| self.silent())
    }
}

impl Guard {
    fn silent(&self) -> Option<String> {
        let (mut silences, now) = (self.shared.silences(), Instant::now());
        self.controllers.iter().for_each(|machine| silences.look(machine, now, false));
        let minutes = LONGEST_SILENCE.as_secs() / 60;
        let machine = silences.too_long.as_ref()?;
        Some(format!("{machine} was not watched for more than {minutes} minutes"))
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::SeqCst);
        for thread in self.threads.drain(..) {
            // One that panicked has nothing more to say.
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn watch(&self, machine: &NodeName) {
        while !self.is_over() {
            self.converse(machine);
            self.writers().lose(machine);
            thread::sleep(PAUSE);
        }
    }

    /// One conversation. That a machine which was struck does not answer is no
    /// trouble here: the drill looks as well.
    fn converse(&self, machine: &NodeName) {
        let Ok(watch) = Watch::start(self.fleet.remote(), machine) else { return };
        thread::scope(|scope| {
            scope.spawn(|| {
                let _ = watch.listen(&mut |reply| self.note(&watch, reply));
            });
            watch.synchronise(CLOCK_PATIENCE);
            // A clock that nobody could read would make two of one moment.
            let is_ready = watch.offset().is_some()
                && watch.begin(Task::Sample { vip: self.vip, run: None, limit: LIMIT }).is_ok();
            while is_ready && !self.is_over() && !watch.has_ended() {
                thread::sleep(PAUSE);
            }
            watch.kill();
        });
    }

    fn note(&self, watch: &Watch, reply: Reply) {
        let (Reply::Sample(sample), Some(offset)) = (reply, watch.offset()) else { return };
        let is_heard = sample.state.tells_whether_it_writes();
        self.silences().look(&watch.machine, Instant::now(), is_heard);
        self.writers().note(&watch.machine, &sample, offset);
    }

    fn is_over(&self) -> bool {
        self.is_over.load(Ordering::SeqCst)
    }

    fn silences(&self) -> MutexGuard<'_, Silences> {
        self.silences.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn writers(&self) -> MutexGuard<'_, WriterGuard> {
        self.writers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_is_not_heard_any_more_is_not_watched() {
        let (ctl1, ctl2) = (NodeName::from("ctl1"), NodeName::from("ctl2"));
        let begin = Instant::now();
        let after = |seconds| begin + Duration::from_secs(seconds);
        let mut silences = Silences::default();
        for machine in [&ctl1, &ctl2] {
            silences.look(machine, begin, true);
        }
        // Fenced, and slow to boot.
        silences.look(&ctl1, after(900), true);
        silences.look(&ctl2, after(900), true);
        silences.look(&ctl1, after(2000), true);
        silences.look(&ctl2, after(2000), false);
        assert_eq!(silences.too_long, None);
        silences.look(&ctl2, after(2101), false);
        assert_eq!(silences.too_long, Some(ctl2.clone()));
        // It stays so.
        silences.look(&ctl2, after(2102), true);
        assert_eq!(silences.too_long, Some(ctl2));
    }
}
