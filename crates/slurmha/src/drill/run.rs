// SPDX-License-Identifier: Apache-2.0
//! A drill from its beginning to its end.

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use jiff::Timestamp;
use slurmha_core::drill::{
    Aftermath, ClockOffset, ControllerState, Evidence, Report, Scenario, analyse,
};
use slurmha_core::site::{NodeName, Site};
use slurmha_host::{Local, System as _};
use slurmha_lab::interrupt::interrupted;

use super::aftermath::restore;
use super::collect::{Gathered, gather, unfinished};
use super::power::{Cut, PowerSwitch, Victim};
use super::preflight::{Cast, cast};
use super::protocol::{SubmitTask, Task};
use super::seen::Seen;
use super::watch::Watch;
use crate::failure::Failure;
use crate::fleet::{Fleet, failure};
use crate::progress::Progress;

/// How often what happens is looked at.
const TICK: Duration = Duration::from_millis(200);

/// Time for a machine's clock to be read.
const CLOCK_PATIENCE: Duration = Duration::from_secs(10);

/// Time for submissions that wait to be answered after the load has ended.
const ANSWER_PATIENCE: Duration = Duration::from_secs(60);

/// Everything that a drill needs.
pub struct Drill<'a> {
    /// The site.
    pub site: &'a Site,
    /// The way to its machines.
    pub fleet: &'a Fleet,
    /// The way to their power.
    pub power: &'a dyn PowerSwitch,
    /// What to do.
    pub scenario: Scenario,
    /// Whether the victim is left without power.
    pub keep_down: bool,
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
struct Course {
    cut: Cut,
    load_stopped: Timestamp,
    clocks: BTreeMap<NodeName, ClockOffset>,
}

impl Drill<'_> {
    /// Runs it. However it ends, the load ends and the victim gets its power
    /// back, unless it was to be left off.
    ///
    /// # Errors
    /// When the cluster is not healthy to begin with, a machine cannot be
    /// reached, or somebody pressed Ctrl-C. A drill that was not passed is
    /// no error but a report.
    pub fn run(&self) -> Result<Outcome, Failure> {
        self.progress.stage("is the cluster healthy?");
        let cast = cast(self.site, self.fleet)?;
        let run = format!("drill{:x}", Local::new().now().as_second());
        let victim = Victim::new(self.power, &cast.victim, self.progress);
        let seen = Seen::default();
        let watches = self.watches(&cast)?;
        let course = thread::scope(|scope| {
            // Whatever happens, the listeners must come to an end.
            let _end = EndAll(&watches);
            for watch in &watches {
                let (seen, victim, cast) = (&seen, &victim, &cast);
                scope.spawn(move || {
                    let ended = watch.listen(&mut |reply| seen.note(&watch.machine, reply));
                    let intended = watch.machine == cast.victim && victim.was_cut();
                    if let Err(why) = ended
                        && !intended
                    {
                        seen.trouble(why);
                    }
                });
            }
            self.play(&cast, &run, &victim, &watches, &seen)
        })?;
        self.drain(&cast, &run, &seen)?;
        self.progress.stage("collecting what the machines have seen");
        let gathered = gather(self.site, self.fleet.remote(), &cast, &run, course.cut.at);
        let aftermath = self.aftermath(&cast, &victim)?;
        drop(victim);
        let evidence = self.evidence(cast, run, course, &seen, gathered, aftermath);
        Ok(Outcome { report: analyse(&evidence), evidence })
    }

    /// In this order: submitter, prober, victim's sampler, survivor's.
    fn watches(&self, cast: &Cast) -> Result<Vec<Watch>, Failure> {
        [&cast.client, &cast.client, &cast.victim, &cast.survivor]
            .into_iter()
            .map(|machine| Watch::start(self.fleet.remote(), machine).map_err(|e| failure(&e)))
            .collect()
    }

    /// From the first submission to the last.
    fn play(
        &self,
        cast: &Cast,
        run: &str,
        victim: &Victim<'_>,
        watches: &[Watch],
        seen: &Seen,
    ) -> Result<Course, Failure> {
        let clocks = synchronise(watches);
        self.begin(run, watches)?;
        self.warm_up(cast, seen)?;
        let cut = victim.cut()?;
        self.progress.machine(cast.victim.as_str(), "its power is cut");
        self.await_service(cast, seen, cut.at, &clocks)?;
        let load_stopped = Local::new().now();
        self.progress.stage("ending the load");
        end_load(watches)?;
        Ok(Course { cut, load_stopped, clocks })
    }

    fn begin(&self, run: &str, watches: &[Watch]) -> Result<(), Failure> {
        let bounds = &self.scenario.bounds;
        // No machine goes on for longer than the longest possible drill.
        let limit = bounds.warm_up + bounds.recovery + bounds.cool_down + CLOCK_PATIENCE * 2;
        let submit = SubmitTask { run: run.to_owned(), load: self.scenario.load.clone(), limit };
        let sample = || Task::Sample { vip: self.site.vip, limit };
        let tasks = [Task::Submit(submit), Task::Probe { limit }, sample(), sample()];
        for (watch, task) in watches.iter().zip(tasks) {
            watch.begin(task).map_err(Failure::remote)?;
        }
        Ok(())
    }

    fn warm_up(&self, cast: &Cast, seen: &Seen) -> Result<(), Failure> {
        let load = &self.scenario.load;
        self.progress.machine(
            cast.client.as_str(),
            &format!("submits {} jobs a second as {}", load.rate, load.user),
        );
        pause(self.scenario.bounds.warm_up)?;
        let accepted = seen.acknowledged();
        self.progress.machine(cast.client.as_str(), &format!("{accepted} jobs accepted so far"));
        if accepted > 0 && seen.has_answered() {
            return Ok(());
        }
        let troubles = seen.troubles().join("\n  ");
        Err(Failure::remote(format!("no job is accepted, so nothing was broken\n  {troubles}"))
            .hint(format!("on {}: sbatch --wrap hostname; scontrol ping", cast.client)))
    }

    /// Waits until the survivor serves, and a little longer.
    fn await_service(
        &self,
        cast: &Cast,
        seen: &Seen,
        cut: Timestamp,
        clocks: &BTreeMap<NodeName, ClockOffset>,
    ) -> Result<(), Failure> {
        let bounds = &self.scenario.bounds;
        let clock = Local::new();
        let mut steps = Steps::default();
        while clock.elapsed() < bounds.recovery {
            pause(TICK)?;
            for step in steps.news(&seen.last_state(&cast.survivor).unwrap_or_default()) {
                self.progress.machine(cast.survivor.as_str(), step);
            }
            if seen.serves_again(cast, cut, clocks) {
                self.progress.machine(cast.client.as_str(), "jobs are accepted again");
                return pause(bounds.cool_down);
            }
        }
        self.progress.stage("scheduling did not come back in time");
        Ok(())
    }

    /// Waits until no job of the run is left in the queue.
    fn drain(&self, cast: &Cast, run: &str, seen: &Seen) -> Result<(), Failure> {
        let clock = Local::new();
        let user = &self.scenario.load.user;
        let mut told = String::new();
        while clock.elapsed() < self.scenario.bounds.drain {
            let now = match unfinished(self.fleet.remote(), &cast.client, run, user) {
                Ok(0) => return Ok(()),
                Ok(count) => format!("waiting for {count} jobs to end"),
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

    fn aftermath(&self, cast: &Cast, victim: &Victim<'_>) -> Result<Aftermath, Failure> {
        if self.keep_down {
            victim.leave_off();
            let lacking = vec![format!("{} has no power, as was asked for", cast.victim)];
            return Ok(Aftermath { lacking, ..Aftermath::default() });
        }
        let limit = self.scenario.bounds.rejoin;
        restore(self.site, self.fleet, victim, &cast.victim, limit, self.progress)
    }

    fn evidence(
        &self,
        cast: Cast,
        run: String,
        course: Course,
        seen: &Seen,
        gathered: Gathered,
        aftermath: Aftermath,
    ) -> Evidence {
        let mut told = seen.take();
        // The ledger was on the disk before anything was told: it is right.
        for submission in gathered.ledger {
            told.note_submission(submission);
        }
        let mut troubles = told.troubles;
        troubles.extend(gathered.troubles);
        let mut clocks = gathered.clocks;
        clocks.extend(course.clocks);
        Evidence {
            run,
            scenario: self.scenario.clone(),
            cluster_name: self.site.cluster_name.clone(),
            victim: cast.victim,
            survivor: cast.survivor,
            client: cast.client,
            cut: course.cut.at,
            cut_confirmed: course.cut.confirmed,
            load_stopped: course.load_stopped,
            clocks,
            submissions: told.submissions.into_values().collect(),
            skipped_submissions: told.skipped,
            probes: told.probes,
            samples: told.samples,
            marks: gathered.marks,
            scheduler_jobs: gathered.scheduler_jobs,
            accounting_jobs: gathered.accounting_jobs,
            journal: gathered.journal,
            takeover: gathered.takeover,
            aftermath,
            troubles,
        }
    }
}

/// Reads every machine's clock; a machine has several conversations, of
/// which the quickest reading counts.
fn synchronise(watches: &[Watch]) -> BTreeMap<NodeName, ClockOffset> {
    thread::scope(|scope| {
        for watch in watches {
            scope.spawn(|| watch.synchronise(CLOCK_PATIENCE));
        }
    });
    let mut clocks: BTreeMap<NodeName, ClockOffset> = BTreeMap::new();
    for watch in watches {
        let Some(offset) = watch.offset() else { continue };
        let known = clocks.entry(watch.machine.clone()).or_insert(offset);
        if offset.error_s < known.error_s {
            *known = offset;
        }
    }
    clocks
}

/// Ends the load; submissions that wait may still be answered.
fn end_load(watches: &[Watch]) -> Result<(), Failure> {
    watches.iter().for_each(Watch::stop);
    let clock = Local::new();
    while clock.elapsed() < ANSWER_PATIENCE && !watches.iter().all(Watch::has_ended) {
        pause(TICK)?;
    }
    Ok(())
}

/// Waits.
///
/// # Errors
/// When somebody pressed Ctrl-C meanwhile.
pub fn pause(time: Duration) -> Result<(), Failure> {
    let clock = Local::new();
    loop {
        if interrupted() {
            return Err(Failure::remote("interrupted; the load has been ended"));
        }
        let left = time.saturating_sub(clock.elapsed());
        if left.is_zero() {
            return Ok(());
        }
        thread::sleep(left.min(TICK));
    }
}

/// Ends every conversation when it goes.
struct EndAll<'a>(&'a [Watch]);

impl Drop for EndAll<'_> {
    fn drop(&mut self) {
        for watch in self.0.iter().filter(|watch| !watch.has_ended()) {
            watch.kill();
        }
    }
}

/// The steps of a takeover, each told once.
#[derive(Default)]
struct Steps {
    told: Vec<&'static str>,
}

impl Steps {
    fn news(&mut self, state: &ControllerState) -> Vec<&'static str> {
        let steps = [
            (state.drbd_role.as_deref() == Some("Primary"), "DRBD is primary"),
            (state.state_mounted == Some(true), "the state is mounted"),
            (state.vip == Some(true), "holds the VIP"),
            (state.slurmctld == Some(true), "slurmctld runs"),
            (state.mariadbd == Some(true), "MariaDB runs"),
            (state.slurmdbd == Some(true), "slurmdbd runs"),
        ];
        let news: Vec<_> = steps
            .into_iter()
            .filter(|(reached, step)| *reached && !self.told.contains(step))
            .map(|(_, step)| step)
            .collect();
        self.told.extend(&news);
        news
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_of_a_takeover_is_told_once() {
        let mut steps = Steps::default();
        let mut state = ControllerState::default();
        assert_eq!(steps.news(&state), [""; 0]);
        state.drbd_role = Some("Primary".to_owned());
        state.vip = Some(true);
        assert_eq!(steps.news(&state), ["DRBD is primary", "holds the VIP"]);
        state.slurmctld = Some(true);
        assert_eq!(steps.news(&state), ["slurmctld runs"]);
    }
}
