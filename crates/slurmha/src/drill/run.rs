// SPDX-License-Identifier: Apache-2.0
//! A drill from its beginning to its end.

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use jiff::Timestamp;
use slurmha_core::drill::{
    Aftermath, ClockOffset, Evidence, Fault, Report, Scenario, Side, analyse,
};
use slurmha_core::site::{NodeName, Site};
use slurmha_host::{Local, System as _};

use super::aftermath::{Wanted, restore, settle};
use super::breaker::Breaker;
use super::collect::{Gathered, accounted, gather, unfinished};
use super::power::{Cut, PowerSwitch};
use super::preflight::{Cast, cast};
use super::protocol::{SubmitTask, Task};
use super::revival::EndRevivals;
use super::seen::Seen;
use super::take_back::take_back;
use super::twice;
use super::watch::Watch;
use super::watches::{EndAll, TICK, end_load, synchronise};
use crate::apply::lock;
use crate::failure::Failure;
use crate::fleet::{Fleet, failure};
use crate::pause::pause;
use crate::progress::Progress;

/// Time for a machine's clock to be read.
const CLOCK_PATIENCE: Duration = Duration::from_secs(10);

/// Beyond the warm-up, for the first job to be accepted and the first question
/// to be answered: on a busy emulated host starting a program takes seconds.
const SERVICE_PATIENCE: Duration = Duration::from_secs(120);

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
struct Course {
    cut: Cut,
    load_stopped: Timestamp,
    clocks: BTreeMap<NodeName, ClockOffset>,
}

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
        let fault = self.scenario.fault;
        let cast = cast(self.site, self.fleet, fault, self.accepts_weakness)?;
        // Two orders take it themselves, or one of them does.
        let moves = matches!(fault, Fault::Switchover | Fault::LeftoverMove);
        let _lock = moves
            .then(|| lock::take(self.fleet, self.site, &format!("a {} drill", fault.name())))
            .transpose()?;
        let run = format!("drill{:x}", Local::new().now().as_second());
        let breaker = Breaker::new(fault, self.site, &cast, self.power, self.progress)?;
        let seen = Seen::default();
        for weakness in &cast.weaknesses {
            seen.trouble(format!("begun all the same: {weakness}"));
        }
        let watches = self.watches(&cast, &breaker)?;
        let course = thread::scope(|scope| {
            // Whatever happens, the listeners must come to an end.
            let _end = EndAll(&watches);
            let _end_revivals = EndRevivals(&breaker.revivals);
            for revival in &breaker.revivals {
                let (remote, seen) = (self.fleet.remote(), &seen);
                let limit = self.longest();
                scope.spawn(move || revival.watch(remote, seen, self.site.vip, limit));
            }
            for watch in &watches {
                let (seen, breaker, cast) = (&seen, &breaker, &cast);
                scope.spawn(move || {
                    let ended = watch.listen(&mut |reply| seen.note(&watch.machine, reply));
                    if let Err(why) = ended
                        && !breaker.silences(&watch.machine, cast)
                    {
                        seen.trouble(why);
                    }
                });
            }
            self.play(&cast, &run, &breaker, &watches, &seen)
        })?;
        let (gathered, aftermath) = self.wind_up(&cast, &run, &breaker, &seen, course.cut)?;
        let given_back = breaker.given_back();
        drop(breaker);
        let evidence =
            Evidence { given_back, ..self.evidence(cast, run, course, &seen, gathered, aftermath) };
        Ok(Outcome { report: analyse(&evidence), evidence })
    }

    /// In this order: submitter, prober, a sampler for each controller, and the
    /// one that makes the fault happen.
    fn watches(&self, cast: &Cast, breaker: &Breaker<'_>) -> Result<Vec<Watch>, Failure> {
        let [first, second] = self.site.controllers.each_ref().map(|it| &it.name);
        [&cast.client, &cast.client, first, second]
            .into_iter()
            .chain(breaker.machine(cast))
            .map(|machine| Watch::start(self.fleet.remote(), machine).map_err(|e| failure(&e)))
            .collect()
    }

    /// From the first submission to the last.
    fn play(
        &self,
        cast: &Cast,
        run: &str,
        breaker: &Breaker<'_>,
        watches: &[Watch],
        seen: &Seen,
    ) -> Result<Course, Failure> {
        let clocks = synchronise(watches, CLOCK_PATIENCE);
        self.begin(run, watches)?;
        self.warm_up(cast, watches, seen)?;
        let bounds = &self.scenario.bounds;
        let cut = if self.scenario.fault == Fault::TwoSwitchovers {
            let (cut, orders) = twice::order(self.site, self.fleet, self.progress);
            seen.note_orders(orders);
            cut
        } else {
            breaker.strike(cast, watches.get(4), bounds, seen, &clocks)?
        };
        self.progress.machine(cast.victim.as_str(), &self.scenario.fault.news());
        self.await_service(cast, breaker, watches, seen, cut, &clocks)?;
        let load_stopped = Local::new().now();
        self.progress.stage("ending the load");
        end_load(watches)?;
        Ok(Course { cut, load_stopped, clocks })
    }

    fn begin(&self, run: &str, watches: &[Watch]) -> Result<(), Failure> {
        let limit = self.longest();
        let submit = SubmitTask { run: run.to_owned(), load: self.scenario.load.clone(), limit };
        let sample = || Task::Sample { vip: self.site.vip, limit };
        let tasks = [Task::Submit(submit), Task::Probe { limit }, sample(), sample()];
        for (watch, task) in watches.iter().zip(tasks) {
            watch.begin(task).map_err(Failure::remote)?;
        }
        Ok(())
    }

    /// No machine goes on for longer than the longest possible drill.
    fn longest(&self) -> Duration {
        let bounds = &self.scenario.bounds;
        let fault = bounds.watch + bounds.recovery + bounds.cool_down;
        bounds.warm_up + SERVICE_PATIENCE + fault + CLOCK_PATIENCE * 2
    }

    fn warm_up(&self, cast: &Cast, watches: &[Watch], seen: &Seen) -> Result<(), Failure> {
        let load = &self.scenario.load;
        self.progress.machine(
            cast.client.as_str(),
            &format!("submits {} jobs a second as {}", load.rate, load.user),
        );
        pause(self.scenario.bounds.warm_up)?;
        let served = || seen.acknowledged() > 0 && seen.has_answered(&|_| true);
        let gave_up = || watches.iter().any(Watch::has_ended);
        let clock = Local::new();
        while !served() && !gave_up() && clock.elapsed() < SERVICE_PATIENCE {
            pause(TICK)?;
        }
        let accepted = seen.acknowledged();
        self.progress.machine(cast.client.as_str(), &format!("{accepted} jobs accepted so far"));
        if served() { Ok(()) } else { Err(not_served(cast, accepted, &seen.troubles())) }
    }

    /// What the machines have seen, and whether all is as before. The machine
    /// boots and catches up while the jobs come to their end: a requeued one
    /// alone takes two minutes.
    fn wind_up(
        &self,
        cast: &Cast,
        run: &str,
        breaker: &Breaker<'_>,
        seen: &Seen,
        cut: Cut,
    ) -> Result<(Gathered, Aftermath), Failure> {
        let fault = self.scenario.fault;
        let comes_back = fault.leaves_by_itself() || fault.leaves_nobody();
        if fault.side() == Side::Compute || comes_back {
            // Jobs wait for it, or it has something to tell when it is back.
            let aftermath = self.aftermath(cast, breaker, seen)?;
            return Ok((self.gather(cast, run, seen, cut)?, aftermath));
        }
        thread::scope(|scope| {
            let aftermath = scope.spawn(|| self.aftermath(cast, breaker, seen));
            let gathered = self.gather(cast, run, seen, cut);
            let aftermath = aftermath.join().map_err(|_| Failure::internal("a thread panicked"))?;
            Ok((gathered?, aftermath?))
        })
    }

    /// What the machines have seen, once the jobs have ended.
    fn gather(&self, cast: &Cast, run: &str, seen: &Seen, cut: Cut) -> Result<Gathered, Failure> {
        self.drain(cast, run, seen)?;
        self.progress.stage("collecting what the machines have seen");
        let fault = self.scenario.fault;
        // A journal that was written by a wrong clock tells nothing of when.
        let is_controller = matches!(fault.side(), Side::Active | Side::Passive);
        let lives = !fault.fells_machine() && (is_controller || !fault.cuts_power());
        let tells = lives && !fault.steps_clock();
        Ok(gather(self.site, self.fleet.remote(), cast, tells, run, cut.at))
    }

    /// Waits until no job of the run is left in the queue, and where the
    /// accounting was hit, until it has caught up.
    fn drain(&self, cast: &Cast, run: &str, seen: &Seen) -> Result<(), Failure> {
        let clock = Local::new();
        let user = &self.scenario.load.user;
        let mut told = String::new();
        while clock.elapsed() < self.scenario.bounds.drain {
            let now = match unfinished(self.fleet.remote(), &cast.client, run, user) {
                Ok(0) => return self.await_accounting(cast, run, seen),
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

    /// After a takeover slurmdbd comes beside the scheduler and may come later;
    /// it has to answer. Where the accounting was hit it has to catch up, too:
    /// slurmctld keeps what it has to say to a slurmdbd that is away and tries
    /// again every ten seconds.
    fn await_accounting(&self, cast: &Cast, run: &str, seen: &Seen) -> Result<(), Failure> {
        let is_hit = self.scenario.fault.is_behind_the_scheduler();
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
        seen: &Seen,
    ) -> Result<Aftermath, Failure> {
        let wanted =
            Wanted { limit: self.scenario.bounds.rejoin, accepts_weakness: self.accepts_weakness };
        let victim = breaker.power.first().filter(|_| !self.scenario.fault.leaves_nobody());
        let Some(victim) = victim else {
            self.progress.stage("waiting until the cluster is as healthy as before");
            self.take_back_what_was_left(cast, seen);
            let mut after = settle(self.site, self.fleet, wanted)?;
            after.lacking.extend(seen.moved().and_then(|moved| moved.left_over));
            return Ok(after);
        };
        if self.keep_down {
            victim.leave_off();
            let lacking = vec![format!("{} has no power, as was asked for", cast.victim)];
            return Ok(Aftermath { lacking, ..Aftermath::default() });
        }
        restore(self.site, self.fleet, victim, &cast.victim, wanted, self.progress)
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

    fn evidence(
        &self,
        cast: Cast,
        run: String,
        course: Course,
        seen: &Seen,
        gathered: Gathered,
        aftermath: Aftermath,
    ) -> Evidence {
        let Cast { victim, survivor, client, .. } = cast;
        let mut told = seen.take();
        // The ledger was on the disk before anything was told: it is right.
        for submission in gathered.ledger {
            told.note_submission(submission);
        }
        let mut troubles = told.troubles;
        troubles.extend(gathered.troubles);
        let mut clocks = gathered.clocks;
        clocks.extend(course.clocks);
        let mut journals = gathered.journals;
        Evidence {
            run,
            scenario: self.scenario.clone(),
            cluster_name: self.site.cluster_name.clone(),
            victim: victim.clone(),
            survivor: survivor.clone(),
            client,
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
            journal: journals.remove(&survivor).unwrap_or_default(),
            victim_journal: journals.remove(&victim).unwrap_or_default(),
            process: told.process,
            taken_back: told.taken_back,
            given_back: None,
            orders: told.orders,
            status_told: told.status_told,
            takeovers: gathered.takeovers,
            aftermath,
            troubles,
        }
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
