// SPDX-License-Identifier: Apache-2.0
//! From the fault until clients are served again as they have to be, with what
//! has to be done meanwhile.

use std::collections::BTreeMap;

use slurmha_core::drill::{ClockOffset, Fault, Side, ToBeTold};
use slurmha_core::site::NodeName;
use slurmha_host::{Local, System as _};

use super::leftover::ask_status;
use super::news::News;
use super::power::Cut;
use super::run::Drill;
use super::scene::Scene;
use super::watches::TICK;
use crate::failure::Failure;
use crate::pause::pause;

impl Drill<'_> {
    /// Waits until clients are served again, and a little longer.
    pub(super) fn await_service(
        &self,
        scene: &Scene<'_>,
        cut: Cut,
        clocks: &BTreeMap<NodeName, ClockOffset>,
    ) -> Result<(), Failure> {
        let (cast, others, seen) = (&scene.casts.first, &scene.others, &scene.seen);
        let bounds = &self.scenario.bounds;
        let clock = Local::new();
        let mut news = News::default();
        while clock.elapsed() < bounds.recovery {
            pause(TICK)?;
            others.strike_due(clock.elapsed(), clocks)?;
            if clock.elapsed() >= bounds.fault
                && let Err(why) = scene.breaker.give_back()
            {
                // It is tried again and again.
                if !seen.troubles().contains(&why) {
                    seen.trouble(why);
                }
            }
            if seen.awaits_a_look()
                && let Some(wanted) = self.scenario.to_be_told(&cast.victim)
            {
                self.look_at_leftover(scene, &wanted)?;
            }
            // A survivor that is active from the beginning is no news.
            if self.scenario.gravest().side() == Side::Active {
                for (machine, text) in news.look(seen, &scene.casts.whole) {
                    self.progress.machine(machine.as_str(), text);
                }
            }
            if clock.elapsed() < bounds.watch {
                continue;
            }
            if let Some(Err(why)) = seen.moved().map(|moved| moved.result) {
                seen.trouble(format!("the move: {why}"));
                self.progress.machine(cast.survivor.as_str(), &why);
                return pause(bounds.cool_down);
            }
            let is_survived =
                others.have_removed(&cast.victim) || self.is_survived(scene, cut, clocks);
            if is_survived && others.are_survived(seen, clocks) {
                self.progress.machine(cast.client.as_str(), "jobs are accepted");
                return pause(bounds.cool_down);
            }
        }
        self.progress.stage("scheduling did not come back in time");
        Ok(())
    }

    /// While it is there `status` is asked; then an order is taken back, and what
    /// lasts for a time goes on.
    fn look_at_leftover(&self, scene: &Scene<'_>, wanted: &ToBeTold) -> Result<(), Failure> {
        self.progress.stage("what does status tell?");
        let told = ask_status(self.site, self.fleet, &scene.casts.first.victim, wanted)?;
        for problem in &told {
            self.progress.stage(&format!("status: {problem}"));
        }
        scene.seen.note_status(told);
        if let Some(mover) = scene.striker().filter(|_| self.scenario.fault.is_move()) {
            mover.stop();
        }
        Ok(())
    }

    /// Whether clients are served as they have to be after this fault.
    fn is_survived(
        &self,
        scene: &Scene<'_>,
        cut: Cut,
        clocks: &BTreeMap<NodeName, ClockOffset>,
    ) -> bool {
        let (fault, cast, seen) = (self.scenario.fault, &scene.casts.first, &scene.seen);
        match fault {
            Fault::Switchover | Fault::LeftoverMove => {
                seen.moved().is_some() && seen.serves_again(cast, cut.at, clocks)
            }
            // There is nothing to wait for.
            Fault::TwoSwitchovers if seen.all_orders_failed() => true,
            _ if fault.must_hand_over() => seen.serves_again(cast, cut.at, clocks),
            _ => seen.goes_on(fault, cast, cut.confirmed, clocks),
        }
    }
}
