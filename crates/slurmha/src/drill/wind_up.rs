// SPDX-License-Identifier: Apache-2.0
//! After the load: jobs come to their end, machines come back, and everybody
//! tells what was seen.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use slurmha_core::drill::{Aftermath, Fault, Side};
use slurmha_core::site::NodeName;

use super::aftermath::{Wanted, restore, settle};
use super::collect::{Gathered, gather};
use super::power::Victim;
use super::preflight::Casts;
use super::run::{Course, Drill};
use super::scene::Scene;
use super::take_back::take_back;
use crate::failure::Failure;

impl Drill<'_> {
    /// What the machines have seen, and whether all is as before. The machine
    /// boots and catches up while the jobs come to their end: a requeued one
    /// alone waits for two minutes, if all is not well before.
    pub(super) fn wind_up(
        &self,
        scene: &Scene<'_>,
        course: &Course,
    ) -> Result<(Gathered, Aftermath), Failure> {
        let is_well = AtomicBool::new(false);
        let aftermath = || {
            let after = self.aftermath(scene)?;
            is_well.store(after.lacking.is_empty(), Ordering::SeqCst);
            Ok::<_, Failure>(after)
        };
        let gather = || self.gather(scene, course, &is_well);
        let is_awaited = |fault: Fault| {
            fault.leaves_by_itself() || fault.leaves_nobody() || fault.side() == Side::Compute
        };
        if self.scenario.any(is_awaited) {
            // Jobs wait for it, or it has something to tell when it is back.
            let aftermath = aftermath()?;
            return Ok((gather()?, aftermath));
        }
        thread::scope(|scope| {
            let aftermath = scope.spawn(aftermath);
            let gathered = gather();
            let aftermath = aftermath.join().map_err(|_| Failure::internal("a thread panicked"))?;
            Ok((gathered?, aftermath?))
        })
    }

    /// Whether the machine that is the victim of the whole can tell of it: no
    /// fault that hit it has felled it, or has set its clock wrong.
    fn victim_tells(&self, scene: &Scene<'_>) -> bool {
        let tells = |fault: Fault| {
            let is_controller = matches!(fault.side(), Side::Active | Side::Passive);
            let lives = !fault.fells_machine() && (is_controller || !fault.cuts_power());
            // A journal that was written by a wrong clock tells nothing of when.
            lives && !fault.steps_clock()
        };
        let Casts { whole, first, .. } = scene.casts;
        let first = (self.scenario.fault, &first.victim);
        let mut hits = std::iter::once(first).chain(scene.others.hits());
        hits.all(|(fault, victim)| *victim != whole.victim || tells(fault))
    }

    /// What the machines have seen, once the jobs have ended.
    fn gather(
        &self,
        scene: &Scene<'_>,
        course: &Course,
        is_well: &AtomicBool,
    ) -> Result<Gathered, Failure> {
        self.drain(scene, is_well)?;
        self.progress.stage("collecting what the machines have seen");
        let (remote, cast) = (self.fleet.remote(), &scene.casts.whole);
        let cut = |machine: &NodeName| {
            let clock = course.clocks.get(machine);
            clock.map_or(course.cut.at, |clock| clock.there(course.cut.at))
        };
        Ok(gather(self.site, remote, cast, self.victim_tells(scene), &scene.run, &cut))
    }

    fn aftermath(&self, scene: &Scene<'_>) -> Result<Aftermath, Failure> {
        let (cast, seen) = (&scene.casts.first, &scene.seen);
        let wanted =
            Wanted { limit: self.scenario.bounds.rejoin, accepts_weakness: self.accepts_weakness };
        let victim = scene.breaker.power.first().filter(|_| !self.scenario.fault.leaves_nobody());
        let first = victim.map(|victim| (victim, &cast.victim));
        let mut dark: Vec<(&Victim<'_>, &NodeName)> = scene.others.powers().chain(first).collect();
        let Some((victim, name)) = dark.pop() else {
            self.progress.stage("waiting until the cluster is as healthy as before");
            self.take_back_what_was_left(scene);
            let mut after = settle(self.site, self.fleet, wanted)?;
            after.lacking.extend(seen.moved().and_then(|moved| moved.left_over));
            return Ok(after);
        };
        if self.keep_down {
            let all = dark.into_iter().chain([(victim, name)]);
            let left_off = all.map(|(victim, name)| {
                victim.leave_off();
                format!("{name} has no power, as was asked for")
            });
            let lacking = left_off.collect();
            return Ok(Aftermath { kept_down: true, lacking, ..Aftermath::default() });
        }
        for (victim, name) in dark {
            self.progress.machine(name.as_str(), "power on");
            if let Err(why) = victim.restore() {
                seen.trouble(format!("{name} could not be switched on: {why}"));
            }
        }
        restore(self.site, self.fleet, victim, name, wanted, self.progress)
    }

    /// Where the connection was lost while the order was there, its other end has
    /// taken it back, or its timer will; unless that machine died.
    fn take_back_what_was_left(&self, scene: &Scene<'_>) {
        let (cast, seen) = (&scene.casts.first, &scene.seen);
        let is_lost = self.scenario.fault == Fault::LeftoverMove && seen.moved().is_none();
        let tries = [&cast.survivor, &cast.victim];
        if is_lost && tries.iter().all(|machine| take_back(self.fleet, machine).is_err()) {
            seen.trouble("nobody could take back what was left behind".to_owned());
        }
    }
}
