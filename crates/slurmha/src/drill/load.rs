// SPDX-License-Identifier: Apache-2.0
//! The load: it begins, and has to be served before anything is broken.

use std::time::Duration;

use slurmha_host::{Local, System as _};

use super::preflight::Cast;
use super::protocol::{SubmitTask, Task};
use super::run::{CLOCK_PATIENCE, Drill};
use super::scene::Scene;
use super::watch::Watch;
use super::watches::TICK;
use crate::failure::Failure;
use crate::pause::pause;

/// Beyond the warm-up, for the first job to be accepted and the first question
/// to be answered: on a busy emulated host starting a program takes seconds.
const SERVICE_PATIENCE: Duration = Duration::from_secs(120);

impl Drill<'_> {
    /// Everybody but the one who makes the fault happen begins.
    pub(super) fn begin(&self, scene: &Scene<'_>) -> Result<(), Failure> {
        let limit = self.longest();
        let load = self.scenario.load.clone();
        let turns = load.mix.turns(self.site.default_nodes());
        let submit = SubmitTask { run: scene.run.clone(), load, turns, limit };
        let run = Some(scene.run.clone());
        let sample = || Task::Sample { vip: self.site.vip, run: run.clone(), limit };
        let tasks = [Task::Submit(submit), Task::Probe { limit }, sample(), sample()];
        for (watch, task) in scene.watches.iter().zip(tasks) {
            watch.begin(task).map_err(Failure::remote)?;
        }
        Ok(())
    }

    /// No machine goes on for longer than the longest possible drill.
    pub(super) fn longest(&self) -> Duration {
        let bounds = &self.scenario.bounds;
        let fault = bounds.watch + bounds.recovery + bounds.cool_down;
        bounds.warm_up + SERVICE_PATIENCE + fault + CLOCK_PATIENCE * 2
    }

    /// Waits until jobs are accepted and questions answered.
    pub(super) fn warm_up(&self, scene: &Scene<'_>) -> Result<(), Failure> {
        let (load, cast, seen) = (&self.scenario.load, &scene.casts.first, &scene.seen);
        self.progress.machine(
            cast.client.as_str(),
            &format!("submits {} {} jobs a second as {}", load.rate, load.mix.word(), load.user),
        );
        pause(self.scenario.bounds.warm_up)?;
        let served = || seen.acknowledged() > 0 && seen.has_answered(&|_| true);
        let gave_up = || scene.watches.iter().any(Watch::has_ended);
        let clock = Local::new();
        while !served() && !gave_up() && clock.elapsed() < SERVICE_PATIENCE {
            pause(TICK)?;
        }
        let accepted = seen.acknowledged();
        self.progress.machine(cast.client.as_str(), &format!("{accepted} jobs accepted so far"));
        if served() { Ok(()) } else { Err(not_served(cast, accepted, &seen.troubles())) }
    }
}

/// Why nothing was broken.
fn not_served(cast: &Cast, accepted: usize, troubles: &[String]) -> Failure {
    let lacking = match accepted {
        0 => "no job is accepted".to_owned(),
        _ => format!("{accepted} jobs are accepted, but `scontrol ping` is not answered"),
    };
    let mut message = format!("{lacking}, so nothing was broken");
    for trouble in troubles {
        message.push_str("\n  ");
        message.push_str(trouble);
    }
    let look = format!("on {}: sbatch --wrap hostname; scontrol ping", cast.client);
    Failure::remote(message).hint(look)
}
