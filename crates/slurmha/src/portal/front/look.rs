// SPDX-License-Identifier: Apache-2.0
//! One reader for everybody: `squeue` and `sinfo` are run when somebody looks, not
//! more often than their pace allows, and never twice at once. When one fails
//! the last answer is kept, and its age is told.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use slurmha_core::portal::cluster::Cluster;
use slurmha_core::portal::page::Away;
use slurmha_core::portal::queue::Queue;
use slurmha_host::program::slurm;
use slurmha_host::{CommandError, System};
use tokio::sync::watch;

/// `squeue` is not asked more often.
const QUEUE_PACE: Duration = Duration::from_secs(1);
/// Nor `sinfo`.
const CLUSTER_PACE: Duration = Duration::from_secs(5);
/// An answer that is no older is shown while the next one is fetched.
const FRESH: Duration = Duration::from_secs(5);
/// How long a page waits for an answer when there is none that fresh.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long the programs may take. They try for MessageTimeout (slurm.conf(5)) themselves.
const LIMIT: Duration = Duration::from_secs(20);
/// A question that takes longer has, so far, no answer: `squeue` itself tries again for
/// half a minute before it says so.
const SLOW: Duration = Duration::from_secs(4);
/// From when on the age of an answer is told.
const OLD: Duration = Duration::from_secs(10);

/// What the cluster was like when it was last asked.
pub struct Lookout {
    system: Arc<dyn System + Send + Sync>,
    queue: Kept<Queue>,
    cluster: Kept<Cluster>,
}

/// An answer, with its age in seconds where it is old.
pub struct Seen<T> {
    /// `None` when nothing is known yet.
    pub it: Option<Arc<T>>,
    /// Where it is old.
    pub age_s: Option<u64>,
}

struct Kept<T> {
    state: Mutex<State<T>>,
    is_asked: AtomicBool,
    rounds: watch::Sender<u64>,
}

struct State<T> {
    it: Option<Arc<T>>,
    /// When it came, and when the last question began, by [`System::elapsed`].
    at: Duration,
    began: Option<Duration>,
    /// Since when questions fail.
    failing: Option<Duration>,
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        let state = State { it: None, at: Duration::ZERO, began: None, failing: None };
        Self {
            state: Mutex::new(state),
            is_asked: AtomicBool::new(false),
            rounds: watch::Sender::new(0),
        }
    }
}

impl Lookout {
    /// Nothing is asked before somebody looks.
    pub fn new(system: Arc<dyn System + Send + Sync>) -> Arc<Self> {
        Arc::new(Self { system, queue: Kept::default(), cluster: Kept::default() })
    }

    /// Everybody's jobs.
    pub async fn queue(self: &Arc<Self>) -> Seen<Queue> {
        self.look(
            |it| &it.queue,
            QUEUE_PACE,
            |system| {
                let word = system.random(12).map(|bytes| hex(&bytes));
                // Without a word that nobody knows a name could be taken for a job.
                let word = word.map_err(|error| error.to_string())?;
                slurm::queue(system, &word, LIMIT).map_err(|error| brief(&error))
            },
        )
        .await
    }

    /// Partitions and nodes.
    pub async fn cluster(self: &Arc<Self>) -> Seen<Cluster> {
        self.look(
            |it| &it.cluster,
            CLUSTER_PACE,
            |system| slurm::cluster(system, LIMIT).map_err(|error| brief(&error)),
        )
        .await
    }

    /// Since when the scheduler does not answer, if it does not: for all that
    /// the last look at the queue knows.
    pub fn away(&self) -> Option<Away> {
        let state = lock(&self.queue.state);
        let now = self.system.elapsed();
        let is_asked = self.queue.is_asked.load(Ordering::SeqCst);
        let is_slow =
            is_asked && state.began.is_some_and(|began| now.saturating_sub(began) >= SLOW);
        if state.failing.is_none() && !is_slow {
            return None;
        }
        let since = state.it.is_some().then(|| now.saturating_sub(state.at));
        Some(Away { since_s: since.map(|since| since.as_secs()) })
    }

    async fn look<T: Send + Sync + 'static>(
        self: &Arc<Self>,
        kept: fn(&Self) -> &Kept<T>,
        pace: Duration,
        ask: fn(&dyn System) -> Result<T, String>,
    ) -> Seen<T> {
        let mut rounds = kept(self).rounds.subscribe();
        self.begin(kept, pace, ask);
        let is_fresh = |it: &Self| {
            let state = lock(&kept(it).state);
            let age = it.system.elapsed().saturating_sub(state.at);
            state.failing.is_some() && state.it.is_some() || state.it.is_some() && age < FRESH
        };
        if !is_fresh(self) && kept(self).is_asked.load(Ordering::SeqCst) {
            // Whether it came in time or not: what is there is shown.
            let _ = tokio::time::timeout(PATIENCE, rounds.changed()).await;
        }
        let state = lock(&kept(self).state);
        let age = self.system.elapsed().saturating_sub(state.at);
        let age_s = (state.it.is_some() && age >= OLD).then_some(age.as_secs());
        Seen { it: state.it.clone(), age_s }
    }

    /// Asks, in a thread of its own, if it is time and nobody else does.
    fn begin<T: Send + Sync + 'static>(
        self: &Arc<Self>,
        kept: fn(&Self) -> &Kept<T>,
        pace: Duration,
        ask: fn(&dyn System) -> Result<T, String>,
    ) {
        let it = kept(self);
        let now = self.system.elapsed();
        let mut state = lock(&it.state);
        let is_due = state.began.is_none_or(|began| now.saturating_sub(began) >= pace);
        if !is_due || it.is_asked.swap(true, Ordering::SeqCst) {
            return;
        }
        state.began = Some(now);
        let this = Arc::clone(self);
        tokio::task::spawn_blocking(move || {
            let answer = ask(&*this.system);
            this.keep(kept(&this), answer);
        });
    }

    fn keep<T>(&self, kept: &Kept<T>, answer: Result<T, String>) {
        let now = self.system.elapsed();
        let mut state = lock(&kept.state);
        match answer {
            Ok(it) => {
                if state.failing.take().is_some() {
                    eprintln!("Slurm answers again");
                }
                (state.it, state.at) = (Some(Arc::new(it)), now);
            }
            Err(why) => {
                if state.failing.is_none() {
                    eprintln!("Slurm does not answer: {why}");
                    state.failing = Some(now);
                }
            }
        }
        drop(state);
        kept.is_asked.store(false, Ordering::SeqCst);
        kept.rounds.send_modify(|rounds| *rounds += 1);
    }
}

/// Without the format, which is long, and its word.
fn brief(error: &CommandError) -> String {
    match error {
        CommandError::Failed { exit, stderr, .. } => format!("{exit}: {stderr}"),
        CommandError::TimedOut { after, .. } => format!("nothing within {} s", after.as_secs()),
        other => other.to_string(),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
