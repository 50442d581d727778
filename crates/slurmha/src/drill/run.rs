// SPDX-License-Identifier: Apache-2.0
//! A drill from its beginning to its end.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use slurmha_core::drill::{ClockOffset, DrillResult, Evidence, Fault, Report, Scenario, analyse};
use slurmha_core::site::{NodeName, Site};
use slurmha_host::{Local, System as _, for_each_host};

use super::boots;
use super::power::{Cut, PowerSwitch};
use super::preflight::casts;
use super::protocol::{Reply, Task};
use super::revival::Revival;
use super::scene::Scene;
use super::twice;
use super::watch::complete;
use super::watches::{are_read, end_load, synchronise};
use crate::apply::lock::{self, Lock};
use crate::failure::Failure;
use crate::fleet::Fleet;
use crate::pause::pause;
use crate::progress::Progress;

/// Time for a machine's clock to be read: without it nothing that the machine tells has
/// a time. On a busy emulated host a conversation needs many seconds to begin; half a minute has
/// been too little.
pub(super) const CLOCK_PATIENCE: Duration = Duration::from_secs(90);

/// Everything that a drill needs.
pub struct Drill<'a> {
    /// The site.
    pub site: &'a Site,
    /// The way to its machines.
    pub fleet: &'a Fleet,
    /// The way to their power, for a fault that cuts it.
    pub power: Option<&'a dyn PowerSwitch>,
    /// What to do.
    pub scenario: Scenario,
    /// Whether the victim is left without power.
    pub keep_down: bool,
    /// Whether it may begin on a cluster whose settings are too weak: what that
    /// costs is what is to be seen.
    pub accepts_weakness: bool,
    /// Where to say what happens.
    pub progress: &'a Progress,
}

/// What came out of it.
pub struct Outcome {
    /// The judgement.
    pub report: Report,
    /// What it rests on.
    pub evidence: Evidence,
}

/// What happened while there was load.
pub struct Course {
    /// When the first fault happened.
    pub cut: Cut,
    /// When the load was stopped.
    pub load_stopped: Timestamp,
    /// How far each machine's clock is from ours.
    pub clocks: BTreeMap<NodeName, ClockOffset>,
}

/// Time for slurmctld to cancel some jobs; it may just be coming back.
const ABANDON_LIMIT: Duration = Duration::from_secs(120);

/// Time for a controller to let go of the lock of the drill that this process played
/// before: a machine that is busy notices late that nobody holds it any more.
const LETS_GO: Duration = Duration::from_secs(60);

/// The same for whoever was killed just before.
const LETS_GO_OF_OTHERS: Duration = Duration::from_secs(10);

/// Time for a controller to write down how the drill has ended.
const REMEMBER_LIMIT: Duration = Duration::from_secs(30);

impl Drill<'_> {
    /// Runs it. However it ends, the load ends, the victim gets its power back
    /// unless it was to be left off, a frozen process goes on, and Pacemaker's
    /// configuration is as before.
    ///
    /// # Errors
    /// When the cluster is not healthy to begin with, a machine cannot be
    /// reached, or somebody pressed Ctrl-C. A drill that was not passed is
    /// no error but a report.
    pub fn run(&self) -> Result<Outcome, Failure> {
        self.progress.stage("is the cluster healthy?");
        let lock = match self.lock() {
            Err(taken) if taken.is_refusal() => return Err(taken),
            lock => lock,
        };
        // Looked at under the lock: nobody changes it any more. Where that could not be
        // asked for, this says better what is wrong, or that the machine is there by now.
        let casts = casts(self.site, self.fleet, &self.scenario, self.accepts_weakness)?;
        // Lost with its machine, it is not taken again: what is left is to be undone.
        let _lock = lock.or_else(|_| self.lock())?;
        let scene = Scene::set(self, &casts)?;
        let mortal = self.mortal(&scene);
        let before = boots::ask(self.fleet.remote(), &mortal);
        let reservation = self.reserve(&scene)?;
        let played = scene.hear(self, || self.play(&scene)).and_then(|course| {
            let (gathered, aftermath) = self.wind_up(&scene, &course)?;
            Ok((course, gathered, aftermath))
        });
        if played.is_err() {
            scene.breaker.give_up();
            scene.others.give_up();
            self.abandon(&scene);
        }
        drop(reservation);
        let (course, gathered, aftermath) = played?;
        let compared = self.compare(&aftermath);
        let boots = boots::compare(&before, &boots::ask(self.fleet.remote(), &mortal));
        let mut evidence = self.evidence(scene, course, gathered, aftermath);
        evidence.compared = compared;
        evidence.boots = boots;
        let report = analyse(&evidence);
        self.remember(&report);
        Ok(Outcome { report, evidence })
    }

    /// Of two who change machines the second is told who the first is. Two orders at once
    /// take the lock themselves, and one of them is to be refused.
    fn lock(&self) -> Result<Option<Lock>, Failure> {
        let fault = self.scenario.fault;
        if fault == Fault::TwoSwitchovers {
            return Ok(None);
        }
        let what = format!("a {} drill", fault.name());
        let clock = Local::new();
        loop {
            match lock::reach_and_take(self.fleet, self.site, &what) {
                Err(taken) if taken.is_refusal() && clock.elapsed() < lets_go(&taken) => {
                    pause(Duration::from_secs(1))?;
                }
                taken => return taken.map(Some),
            }
        }
    }

    /// Lets the controllers remember how it has ended, for their metrics. One that cannot, such
    /// as one that was left without power, is no reason to call the drill something else.
    fn remember(&self, report: &Report) {
        let result = DrillResult::of(report);
        let controllers = self.site.controllers.each_ref().map(|controller| &controller.name);
        let told = for_each_host(&controllers, |controller| {
            let task = Task::Remember(result.clone());
            complete(self.fleet.remote(), controller, task, false, REMEMBER_LIMIT)
        });
        for (controller, told) in controllers.iter().zip(told) {
            let trouble = told.map(|(replies, _)| replies).map_or_else(Some, trouble);
            if let Some(why) = trouble {
                let forgets = format!("will not know of this drill: {why}");
                self.progress.machine(controller.as_str(), &forgets);
            }
        }
    }

    /// Of a drill that ended before its time no job is left that waits.
    fn abandon(&self, scene: &Scene<'_>) {
        let (client, run) = (&scene.casts.whole.client, scene.run.clone());
        let asked =
            complete(self.fleet.remote(), client, Task::Abandon { run }, false, ABANDON_LIMIT);
        let trouble = asked.map(|(replies, _)| replies).map_or_else(Some, trouble);
        if let Some(why) = trouble {
            let left = format!("jobs {}-* may be left in the queue: {why}", scene.run);
            self.progress.machine(client.as_str(), &left);
        }
    }

    /// From the first submission to the last.
    fn play(&self, scene: &Scene<'_>) -> Result<Course, Failure> {
        let (cast, others) = (&scene.casts.first, &scene.others);
        let mut clocks = synchronise(&others.watches, CLOCK_PATIENCE);
        clocks.extend(synchronise(&scene.watches, CLOCK_PATIENCE));
        let [first, second] = self.site.controllers.each_ref().map(|controller| &controller.name);
        are_read(&clocks, &[first, second, &cast.client])?;
        scene.seen.note_clocks(&clocks);
        self.begin(scene)?;
        self.warm_up(scene)?;
        let cut = if self.scenario.fault == Fault::TwoSwitchovers {
            let (cut, orders) = twice::order(self.site, self.fleet, self.progress);
            scene.seen.note_orders(orders);
            cut
        } else {
            let bounds = &self.scenario.bounds;
            scene.breaker.strike(cast, scene.striker(), bounds, &scene.seen, &clocks)?
        };
        self.progress.machine(cast.victim.as_str(), &self.scenario.fault.news());
        self.await_service(scene, cut, &clocks)?;
        let load_stopped = Local::new().now();
        self.progress.stage("ending the load");
        scene.revivals.iter().for_each(Revival::end);
        end_load(&scene.watches)?;
        end_load(&others.watches)?;
        Ok(Course { cut, load_stopped, clocks })
    }
}

/// How long the one who is named as having the lock may need to let it go.
fn lets_go(taken: &Failure) -> Duration {
    let is_our_own = taken.message().ends_with(&format!(", process {}", std::process::id()));
    if is_our_own { LETS_GO } else { LETS_GO_OF_OTHERS }
}

/// The first thing that a machine complains of.
fn trouble(replies: Vec<Reply>) -> Option<String> {
    replies.into_iter().find_map(|reply| match reply {
        Reply::Trouble(why) => Some(why),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_of_our_own_is_waited_for() {
        let pid = std::process::id();
        let taken = |by: &str| Failure::refused(format!("something else is at work: {by}"));
        let own = taken(&format!("a crash drill by root@here, process {pid}"));
        assert_eq!(lets_go(&own), LETS_GO);
        let other = taken(&format!("an apply by root@here, process {pid}1"));
        assert_eq!(lets_go(&other), LETS_GO_OF_OTHERS);
    }
}
