// SPDX-License-Identifier: Apache-2.0
//! A drill from its beginning to its end.

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use jiff::Timestamp;
use slurmha_core::drill::{
    Aftermath, ClockOffset, Evidence, Fault, Report, Scenario, Stroke, analyse,
};
use slurmha_core::site::{NodeName, Site};
use slurmha_host::{Local, System as _};

use super::breaker::Breaker;
use super::collect::Gathered;
use super::overlap::Overlaps;
use super::power::{Cut, PowerSwitch};
use super::preflight::{Cast, casts};
use super::protocol::{SubmitTask, Task};
use super::revival::EndRevivals;
use super::seen::Seen;
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
        // What belongs to the first fault goes by its own part.
        let parts = casts(self.site, self.fleet, &self.scenario, self.accepts_weakness)?;
        let cast = parts.first.clone();
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
        let (scenario, site, fleet) = (&self.scenario, self.site, self.fleet);
        let others = Overlaps::new(scenario, site, fleet, &parts, self.power, self.progress)?;
        let first_silences = |machine: &NodeName| breaker.silences(machine, &cast);
        let course = thread::scope(|scope| {
            // Whatever happens, the listeners must come to an end.
            let _end = EndAll(&watches);
            let _end_others = EndAll(&others.watches);
            others.listen(scope, &seen, &first_silences);
            let _end_revivals = EndRevivals(&breaker.revivals);
            for revival in &breaker.revivals {
                let (remote, seen) = (self.fleet.remote(), &seen);
                let limit = self.longest();
                scope.spawn(move || revival.watch(remote, seen, self.site.vip, limit));
            }
            for watch in &watches {
                let (seen, others, first_silences) = (&seen, &others, &first_silences);
                scope.spawn(move || {
                    let ended = watch.listen(&mut |reply| seen.note(&watch.machine, reply));
                    if let Err(why) = ended
                        && !first_silences(&watch.machine)
                        && !others.silence(&watch.machine)
                    {
                        seen.trouble(why);
                    }
                });
            }
            self.play(&cast, &run, &breaker, &others, &watches, &seen)
        })?;
        let (gathered, aftermath) =
            self.wind_up(&cast, &run, &breaker, &others, &seen, course.cut)?;
        let given_back = breaker.given_back();
        drop(breaker);
        let (cut, strokes) = (course.cut, others.strokes());
        drop(others);
        let evidence = self.evidence(parts.whole, run, course, &seen, gathered, aftermath);
        let evidence = Evidence { given_back, ..with_strokes(evidence, &cast, cut, strokes) };
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
        others: &Overlaps<'_>,
        watches: &[Watch],
        seen: &Seen,
    ) -> Result<Course, Failure> {
        let mut clocks = synchronise(&others.watches, CLOCK_PATIENCE);
        clocks.extend(synchronise(watches, CLOCK_PATIENCE));
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
        self.await_service(breaker, others, watches, seen, cut, &clocks)?;
        let load_stopped = Local::new().now();
        self.progress.stage("ending the load");
        end_load(watches)?;
        end_load(&others.watches)?;
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
            strokes: Vec::new(),
            hastened: told.hastened,
        }
    }
}

/// Of several faults each tells of itself, the first one, too.
fn with_strokes(mut evidence: Evidence, cast: &Cast, cut: Cut, others: Vec<Stroke>) -> Evidence {
    if others.is_empty() {
        return evidence;
    }
    let first = Stroke {
        fault: evidence.scenario.fault,
        victim: cast.victim.clone(),
        survivor: cast.survivor.clone(),
        at: Ok(cut.at),
        confirmed: Some(cut.confirmed),
        process: evidence.process.take(),
        taken_back: evidence.taken_back.take(),
    };
    evidence.strokes = [vec![first], others].concat();
    evidence
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
