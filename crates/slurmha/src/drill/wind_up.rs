// SPDX-License-Identifier: Apache-2.0
//! After the load: jobs come to their end, machines come back, and everybody
//! tells what was seen.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use slurmha_core::drill::{Aftermath, Fault, Side};
use slurmha_core::site::NodeName;
use slurmha_host::{Local, System as _};

use super::aftermath::{Wanted, restore, settle};
use super::breaker::Breaker;
use super::collect::{Gathered, accounted, gather, hasten, unfinished};
use super::haste::Haste;
use super::overlap::Overlaps;
use super::power::{Cut, Victim};
use super::preflight::Cast;
use super::protocol::HastenTask;
use super::run::Drill;
use super::seen::Seen;
use super::take_back::take_back;
use crate::failure::Failure;
use crate::pause::pause;

impl Drill<'_> {
    /// What the machines have seen, and whether all is as before. The machine
    /// boots and catches up while the jobs come to their end: a requeued one
    /// alone waits for two minutes, if all is not well before.
    pub(super) fn wind_up(
        &self,
        cast: &Cast,
        run: &str,
        breaker: &Breaker<'_>,
        others: &Overlaps<'_>,
        seen: &Seen,
        cut: Cut,
    ) -> Result<(Gathered, Aftermath), Failure> {
        let tells = self.victim_tells(cast, others);
        let is_well = AtomicBool::new(false);
        let aftermath = || {
            let after = self.aftermath(cast, breaker, others, seen)?;
            is_well.store(after.lacking.is_empty(), Ordering::SeqCst);
            Ok::<_, Failure>(after)
        };
        let gather = || self.gather(others.whole, tells, run, seen, cut, &is_well);
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
    fn victim_tells(&self, cast: &Cast, others: &Overlaps<'_>) -> bool {
        let tells = |fault: Fault| {
            let is_controller = matches!(fault.side(), Side::Active | Side::Passive);
            let lives = !fault.fells_machine() && (is_controller || !fault.cuts_power());
            // A journal that was written by a wrong clock tells nothing of when.
            lives && !fault.steps_clock()
        };
        let first = (self.scenario.fault, &cast.victim);
        let mut hits = std::iter::once(first).chain(others.hits());
        hits.all(|(fault, victim)| *victim != others.whole.victim || tells(fault))
    }

    /// What the machines have seen, once the jobs have ended.
    fn gather(
        &self,
        cast: &Cast,
        tells: bool,
        run: &str,
        seen: &Seen,
        cut: Cut,
        is_well: &AtomicBool,
    ) -> Result<Gathered, Failure> {
        self.drain(cast, run, seen, is_well)?;
        self.progress.stage("collecting what the machines have seen");
        Ok(gather(self.site, self.fleet.remote(), cast, tells, run, cut.at))
    }

    /// Waits until no job of the run is left in the queue, and where the
    /// accounting was hit, until it has caught up.
    fn drain(
        &self,
        cast: &Cast,
        run: &str,
        seen: &Seen,
        is_well: &AtomicBool,
    ) -> Result<(), Failure> {
        let clock = Local::new();
        let (user, remote, client) = (&self.scenario.load.user, self.fleet.remote(), &cast.client);
        let mut haste = Haste {
            is_well,
            client,
            ask: &|task| hasten(remote, client, task),
            seen,
            say: &|text| self.progress.machine(client.as_str(), text),
            task: HastenTask { run: run.to_owned(), user: user.clone(), ..HastenTask::default() },
            trouble: String::new(),
        };
        let mut told = String::new();
        while clock.elapsed() < self.scenario.bounds.drain {
            let now = match unfinished(remote, client, run, user) {
                Ok(queued) if queued.jobs == 0 => return self.await_accounting(cast, run, seen),
                Ok(queued) => {
                    haste.look(queued);
                    format!("waiting for {} jobs to end", queued.jobs)
                }
                Err(why) => why,
            };
            if told != now {
                self.progress.machine(cast.client.as_str(), &now);
                told = now;
            }
            pause(Duration::from_secs(2))?;
        }
        seen.trouble("the jobs did not end in time".to_owned());
        Ok(())
    }

    /// After a takeover slurmdbd comes beside the scheduler and may come later;
    /// it has to answer. Where the accounting was hit it has to catch up, too:
    /// slurmctld keeps what it has to say to a slurmdbd that is away and tries
    /// again every ten seconds.
    fn await_accounting(&self, cast: &Cast, run: &str, seen: &Seen) -> Result<(), Failure> {
        let is_hit = !self.scenario.any(|fault| !fault.is_behind_the_scheduler());
        let wanted = if is_hit { seen.acknowledged() } else { 0 };
        let clock = Local::new();
        let mut told = false;
        while clock.elapsed() < self.scenario.bounds.drain {
            match accounted(self.fleet.remote(), &cast.client, run) {
                Ok(count) if count >= wanted => return Ok(()),
                // The verdict names what is missing.
                Ok(_) | Err(_) => pause(Duration::from_secs(2))?,
            }
            if !std::mem::replace(&mut told, true) {
                self.progress.machine(cast.client.as_str(), "waiting for the accounting");
            }
        }
        Ok(())
    }

    fn aftermath(
        &self,
        cast: &Cast,
        breaker: &Breaker<'_>,
        others: &Overlaps<'_>,
        seen: &Seen,
    ) -> Result<Aftermath, Failure> {
        let wanted =
            Wanted { limit: self.scenario.bounds.rejoin, accepts_weakness: self.accepts_weakness };
        let victim = breaker.power.first().filter(|_| !self.scenario.fault.leaves_nobody());
        let first = victim.map(|victim| (victim, &cast.victim));
        let mut dark: Vec<(&Victim<'_>, &NodeName)> = others.powers().chain(first).collect();
        let Some((victim, name)) = dark.pop() else {
            self.progress.stage("waiting until the cluster is as healthy as before");
            self.take_back_what_was_left(cast, seen);
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
            return Ok(Aftermath { lacking: left_off.collect(), ..Aftermath::default() });
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
    fn take_back_what_was_left(&self, cast: &Cast, seen: &Seen) {
        let is_lost = self.scenario.fault == Fault::LeftoverMove && seen.moved().is_none();
        let tries = [&cast.survivor, &cast.victim];
        if is_lost && tries.iter().all(|machine| take_back(self.fleet, machine).is_err()) {
            seen.trouble("nobody could take back what was left behind".to_owned());
        }
    }
}
