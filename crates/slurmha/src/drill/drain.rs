// SPDX-License-Identifier: Apache-2.0
//! Waits until the run's jobs have ended.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use slurmha_host::{Local, System as _};

use super::collect::{accounted, hasten, unfinished};
use super::haste::Haste;
use super::protocol::HastenTask;
use super::run::Drill;
use super::scene::Scene;
use crate::failure::Failure;
use crate::pause::pause;

/// Distance between looks.
const PAUSE: Duration = Duration::from_secs(2);

impl Drill<'_> {
    /// Waits until no job of the run is left in the queue, and where the
    /// accounting was hit, until it has caught up. `is_well` is whether the
    /// cluster is as healthy as before.
    pub(super) fn drain(&self, scene: &Scene<'_>, is_well: &AtomicBool) -> Result<(), Failure> {
        let (remote, client) = (self.fleet.remote(), &scene.casts.whole.client);
        let (run, user) = (&scene.run, &self.scenario.load.user);
        let clock = Local::new();
        let mut haste = Haste {
            is_well,
            by_users: scene.seen.requeued_by_users(),
            client,
            ask: &|task| hasten(remote, client, task),
            seen: &scene.seen,
            say: &|text| self.progress.machine(client.as_str(), text),
            task: HastenTask { run: run.clone(), user: user.clone(), ..HastenTask::default() },
            trouble: String::new(),
        };
        let mut told = String::new();
        while clock.elapsed() < self.scenario.bounds.drain {
            let now = match unfinished(remote, client, run, user) {
                Ok(queued) if queued.jobs == 0 => return self.await_accounting(scene),
                Ok(queued) => {
                    haste.look(queued);
                    format!("waiting for {} jobs to end", queued.jobs)
                }
                Err(why) => why,
            };
            if told != now {
                self.progress.machine(client.as_str(), &now);
                told = now;
            }
            pause(PAUSE)?;
        }
        scene.seen.trouble("the jobs did not end in time".to_owned());
        Ok(())
    }

    /// After a takeover slurmdbd comes beside the scheduler and may come later;
    /// it has to answer. Where the accounting was hit it has to catch up, too:
    /// slurmctld keeps what it has to say to a slurmdbd that is away and tries
    /// again every ten seconds.
    fn await_accounting(&self, scene: &Scene<'_>) -> Result<(), Failure> {
        let client = &scene.casts.whole.client;
        let is_hit = !self.scenario.any(|fault| !fault.is_behind_the_scheduler());
        let wanted = if is_hit { scene.seen.acknowledged() } else { 0 };
        let clock = Local::new();
        let mut told = false;
        while clock.elapsed() < self.scenario.bounds.drain {
            match accounted(self.fleet.remote(), client, &scene.run) {
                Ok(count) if count >= wanted => return Ok(()),
                // The verdict names what is missing.
                Ok(_) | Err(_) => pause(PAUSE)?,
            }
            if !std::mem::replace(&mut told, true) {
                self.progress.machine(client.as_str(), "waiting for the accounting");
            }
        }
        Ok(())
    }
}
