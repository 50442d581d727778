// SPDX-License-Identifier: Apache-2.0
//! A planned move from its beginning to its end, with a client that watches.
//!
//! The move itself is made by the other end on the target
//! (`drill::node`), which also takes back what it has set. Here it is
//! started, watched, and measured.

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use jiff::Timestamp;
use slurmha_core::drill::{ClockOffset, Probe};
use slurmha_core::site::{NodeName, Site};
use slurmha_core::switchover::{Report, Step};
use slurmha_host::{Local, System as _};
use slurmha_lab::interrupt::interrupted;

use crate::drill::breaker::await_strike;
use crate::drill::protocol::{MoveTask, Moved, Struck, Task};
use crate::drill::seen::Seen;
use crate::drill::watch::Watch;
use crate::drill::watches::{EndAll, synchronise};
use crate::failure::Failure;
use crate::fleet::{Fleet, failure};
use crate::pause::pause;
use crate::progress::Progress;

/// The longest that a move may take; an idle one takes some ten seconds on
/// real hardware, and a minute in emulation.
const LIMIT: Duration = Duration::from_secs(600);

/// Time for the first answer to the client, and for one after the move: on a
/// busy emulated host starting a program takes seconds.
const ANSWER_PATIENCE: Duration = Duration::from_secs(60);

/// The client asks this long before and after.
const MARGIN: Duration = Duration::from_secs(2);

const TICK: Duration = Duration::from_millis(100);

/// Time for a clock to be read.
const CLOCK_PATIENCE: Duration = Duration::from_secs(5);

/// Time for the target to take back what it has set, after Ctrl-C.
const UNDO_PATIENCE: Duration = Duration::from_secs(60);

/// One move.
pub struct Move<'a> {
    /// The site.
    pub site: &'a Site,
    /// The way to its machines.
    pub fleet: &'a Fleet,
    /// The controller that is active.
    pub from: NodeName,
    /// The other one.
    pub to: NodeName,
    /// Where somebody asks as users do, all the time.
    pub client: NodeName,
    /// Where to say what happens.
    pub progress: &'a Progress,
}

/// What happened, on this machine's clock.
struct Course {
    ordered: Timestamp,
    done: Timestamp,
    /// Until when the client was to ask, when it fell silent before.
    silent_until: Option<Timestamp>,
    steps: Vec<Step>,
    clocks: BTreeMap<NodeName, ClockOffset>,
}

impl Move<'_> {
    /// Moves, and tells what it cost.
    ///
    /// # Errors
    /// When a machine cannot be reached, the cluster does not move in time,
    /// or somebody pressed Ctrl-C. Nothing of the order is left behind, or
    /// the error says what.
    pub fn run(&self) -> Result<Report, Failure> {
        let seen = Seen::default();
        let watches = [self.watch(&self.client)?, self.watch(&self.to)?];
        let course = thread::scope(|scope| {
            // Whatever happens, the listeners must come to an end.
            let _end = EndAll(&watches);
            for watch in &watches {
                let seen = &seen;
                scope.spawn(move || {
                    if let Err(why) = watch.listen(&mut |reply| seen.note(&watch.machine, reply)) {
                        seen.trouble(why);
                    }
                });
            }
            self.play(&watches, &seen)
        })?;
        Ok(self.report(&course, seen.take().probes))
    }

    fn watch(&self, machine: &NodeName) -> Result<Watch, Failure> {
        Watch::start(self.fleet.remote(), machine).map_err(|error| failure(&error))
    }

    fn play(&self, watches: &[Watch; 2], seen: &Seen) -> Result<Course, Failure> {
        let [prober, mover] = watches;
        let clocks = all_or_none(synchronise(watches, CLOCK_PATIENCE), watches);
        prober.begin(Task::Probe { limit: LIMIT * 2 }).map_err(Failure::remote)?;
        await_first_answer(prober, seen)?;
        pause(MARGIN)?;
        let (from, to) = (self.from.clone(), self.to.clone());
        mover
            .begin(Task::Move(MoveTask {
                from,
                to,
                limit: LIMIT,
                from_here: false,
                is_left: false,
            }))
            .map_err(Failure::remote)?;
        let moved = self.follow(mover, seen);
        if moved.is_err() {
            self.wait_for_undo(mover, seen);
        }
        let (struck, moved, steps) = moved?;
        let on_our_clock = |machine, there| {
            clocks.get(machine).map_or(there, |clock: &ClockOffset| clock.apply(there))
        };
        let here = |there| on_our_clock(&mover.machine, there);
        let is_after = |sent| on_our_clock(&prober.machine, sent) > here(moved.at);
        let measured = pause(MARGIN).and_then(|()| await_last_answer(prober, seen, &is_after));
        if measured.is_err() {
            // Everything has arrived: Ctrl-C ends the measuring, and no move.
            self.progress.stage("interrupted: the move is done, its outage is measured no longer");
        }
        // A client that went away saw no outage; that is not none.
        let is_silent = prober.has_ended() || measured.is_err();
        let now = if clocks.is_empty() { here(moved.at) } else { Local::new().now() };
        let silent_until = is_silent.then_some(now);
        prober.stop();
        let (ordered, done) = (here(struck.at), here(moved.at));
        Ok(Course { ordered, done, silent_until, steps, clocks })
    }

    /// From the order to the end of the move.
    fn follow(&self, mover: &Watch, seen: &Seen) -> Result<(Struck, Moved, Vec<Step>), Failure> {
        let struck = await_strike(mover, seen)
            .map_err(|failure| refused(&self.to, seen).unwrap_or(failure))?;
        let ordered = Local::new().now();
        self.progress.machine(self.from.as_str(), "the active role has to leave");
        let mut steps = Vec::new();
        loop {
            let ended = mover.has_ended();
            for (at, text) in seen.steps_after(steps.len()) {
                self.progress.machine(self.to.as_str(), &text);
                let after_s = at.duration_since(ordered).as_secs_f64();
                steps.push(Step { after_s: (after_s * 10.0).round() / 10.0, text });
            }
            if let Some(moved) = seen.moved() {
                return self.judge(moved).map(|moved| (struck, moved, steps));
            }
            if ended {
                return Err(self.lost(seen));
            }
            pause(TICK)?;
        }
    }

    fn judge(&self, moved: Moved) -> Result<Moved, Failure> {
        let moved = judge(&self.to, moved)?;
        self.progress.machine(self.to.as_str(), "all runs here; the order is taken back");
        Ok(moved)
    }

    /// The target fell silent. It takes the order back as soon as it notices.
    fn lost(&self, seen: &Seen) -> Failure {
        let troubles = seen.troubles().join("\n  ");
        Failure::remote(format!(
            "the connection to {} was lost in the middle of the move\n  {troubles}",
            self.to
        ))
        .hint("slurmha status tells where the role is now")
        .hint(format!(
            "an order that is left over ends by itself; when {0} is active, `slurmha switchover \
             --to {0}` takes it away",
            self.to
        ))
    }

    /// Asks the target to stop, and waits until it has taken the order back.
    fn wait_for_undo(&self, mover: &Watch, seen: &Seen) {
        let was_told = seen.moved().is_some();
        mover.stop();
        let clock = Local::new();
        while !mover.has_ended() && clock.elapsed() < UNDO_PATIENCE {
            thread::sleep(TICK);
        }
        if !mover.has_ended() {
            let seconds = UNDO_PATIENCE.as_secs();
            let said = format!(
                "no word in {seconds} s whether the order has been taken back: slurmha status"
            );
            return self.progress.machine(self.to.as_str(), &said);
        }
        let Some(moved) = seen.moved().filter(|_| !was_told) else { return };
        let said = moved.left_over.unwrap_or_else(|| "the order has been taken back".to_owned());
        self.progress.machine(self.to.as_str(), &said);
        if interrupted() {
            self.progress.stage("what has begun to move may still arrive: slurmha status");
        }
    }

    fn report(&self, course: &Course, probes: Vec<Probe>) -> Report {
        let here = |there| course.clocks.get(&self.client).map_or(there, |c| c.apply(there));
        let probes: Vec<Probe> = probes
            .into_iter()
            .map(|p| Probe { sent: here(p.sent), ended: here(p.ended), ..p })
            .collect();
        let last = probes.iter().map(|probe| probe.ended).max();
        let end = course.silent_until.or(last).unwrap_or(course.done);
        let took = course.done.duration_since(course.ordered).as_secs_f64();
        Report {
            moved: true,
            to: self.to.clone(),
            client: Some(self.client.clone()),
            took_s: (took * 10.0).round() / 10.0,
            steps: course.steps.clone(),
            ..Report::already(&self.site.cluster_name, &self.from)
        }
        .with_outage(&probes, course.ordered, end)
    }
}

/// Machines of a cluster have one time, which need not be ours: with the clocks of some of
/// them alone their times could not be compared.
fn all_or_none(
    clocks: BTreeMap<NodeName, ClockOffset>,
    watches: &[Watch],
) -> BTreeMap<NodeName, ClockOffset> {
    let is_complete = watches.iter().all(|watch| clocks.contains_key(&watch.machine));
    if is_complete { clocks } else { BTreeMap::new() }
}

/// The target has looked, and has ordered nothing.
fn refused(machine: &NodeName, seen: &Seen) -> Option<Failure> {
    let why = seen.struck()?.err()?;
    Some(Failure::refused(format!("{machine}: {why}")).hint("slurmha status"))
}

/// Whether a move to that controller has ended as it should.
///
/// # Errors
/// When it has not, or has left something behind.
pub fn judge(to: &NodeName, moved: Moved) -> Result<Moved, Failure> {
    let undone = match &moved.left_over {
        None => "the order has been taken back; Pacemaker decides alone again".to_owned(),
        Some(left) => left.clone(),
    };
    match (&moved.result, &moved.left_over) {
        (Ok(()), None) => Ok(moved),
        (Ok(()), Some(left)) => {
            Err(Failure::not_as_wanted(format!("everything runs on {to}, but {left}"))
                .hint(format!("`slurmha switchover --to {to}` takes it away")))
        }
        (Err(why), _) => {
            Err(Failure::not_as_wanted(format!("the role did not move to {to}: {why}\n  {undone}"))
                .hint("slurmha status"))
        }
    }
}

/// An outage can only be measured until an answer after it. When none comes,
/// the report says so.
fn await_last_answer(
    prober: &Watch,
    seen: &Seen,
    is_after: &dyn Fn(Timestamp) -> bool,
) -> Result<(), Failure> {
    let clock = Local::new();
    while clock.elapsed() < ANSWER_PATIENCE && !prober.has_ended() && !seen.has_answered(is_after) {
        pause(TICK)?;
    }
    Ok(())
}

/// An outage can only be measured from the last answer before it.
fn await_first_answer(prober: &Watch, seen: &Seen) -> Result<(), Failure> {
    let clock = Local::new();
    while clock.elapsed() < ANSWER_PATIENCE {
        if seen.has_answered(&|_| true) {
            return Ok(());
        }
        if prober.has_ended() {
            break;
        }
        pause(TICK)?;
    }
    let machine = &prober.machine;
    let troubles = seen.troubles().join("\n  ");
    Err(Failure::refused(format!(
        "{machine} has no answer of slurmctld; nothing was moved\n  {troubles}"
    ))
    .hint(format!("on {machine}: scontrol ping")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drill::protocol::Reply;

    /// A program that tries again what a machine was too slow for must not try
    /// this again for ever.
    #[test]
    fn what_the_target_refused_is_a_refusal() {
        let (seen, target) = (Seen::default(), NodeName::from("ctl2"));
        assert!(refused(&target, &seen).is_none());
        seen.note(&target, Reply::Unharmed("somebody has banned it".to_owned()));
        let failure = refused(&target, &seen).expect("a refusal");
        assert!(failure.is_refusal());
        assert_eq!(failure.message(), "ctl2: somebody has banned it");
        let now = Timestamp::UNIX_EPOCH;
        seen.note(&target, Reply::Struck(Struck { at: now, confirmed: now }));
        assert!(refused(&target, &seen).is_none());
    }
}
