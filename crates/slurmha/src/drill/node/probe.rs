// SPDX-License-Identifier: Apache-2.0
//! Asks slurmctld for a sign of life, again and again, as a client does, and now
//! and then the accounting.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use slurmha_core::drill::Probe;
use slurmha_core::observe::Health;
use slurmha_host::System;
use slurmha_host::program::slurm;

use super::super::protocol::Reply;
use super::link::Link;

/// Distance between questions.
const INTERVAL: Duration = Duration::from_millis(250);

/// A question without an answer after this counts as unanswered, where
/// answers usually come in a fraction of it.
const SHORTEST_LIMIT: Duration = Duration::from_secs(2);

/// The same on the slowest machine, and before the first answer.
const LONGEST_LIMIT: Duration = Duration::from_secs(10);

/// Questions at a time. While nobody answers each lasts for its limit, so this
/// bounds how often one is asked then: three times a second, with the shortest.
const AT_ONCE: usize = 6;

/// Distance between questions to the accounting. Nobody waits for it as for the
/// scheduler, and sacctmgr(1) takes longer to start.
const ACCOUNTING_INTERVAL: Duration = Duration::from_secs(5);

/// An answer of the accounting that takes longer counts as none. One that is
/// away refuses at once.
const ACCOUNTING_LIMIT: Duration = Duration::from_secs(10);

/// Asks both until told to stop.
pub fn run(system: &dyn System, link: &Link, limit: Duration) {
    thread::scope(|scope| {
        scope.spawn(|| ask_accounting(system, link, limit));
        ask_scheduler(system, link, limit);
    });
}

/// One question at a time.
fn ask_accounting(system: &dyn System, link: &Link, limit: Duration) {
    let end = system.elapsed() + limit;
    let mut due = system.elapsed();
    while due < end && link.wait_until(system, due) {
        due = system.elapsed() + ACCOUNTING_INTERVAL;
        let sent = system.now();
        let answered = slurm::clusters(system, ACCOUNTING_LIMIT).is_ok();
        link.send(&Reply::AccountingProbe(Probe { sent, ended: system.now(), answered }));
    }
}

fn ask_scheduler(system: &dyn System, link: &Link, limit: Duration) {
    let outstanding = AtomicUsize::new(0);
    let patience = Mutex::new(Patience::default());
    let locked = || patience.lock().unwrap_or_else(PoisonError::into_inner);
    let end = system.elapsed() + limit;
    let mut due = system.elapsed();
    thread::scope(|scope| {
        while due < end && link.wait_until(system, due) {
            // On a machine where starting scontrol takes long, asking must
            // not become the load itself.
            due = system.elapsed() + INTERVAL.max(locked().usual * 2);
            if outstanding.load(Ordering::SeqCst) >= AT_ONCE {
                due = system.elapsed() + Duration::from_millis(20);
                continue;
            }
            outstanding.fetch_add(1, Ordering::SeqCst);
            let question = locked().question();
            let (outstanding, locked) = (&outstanding, &locked);
            scope.spawn(move || {
                let begin = system.elapsed();
                let answered = ask(system, link, question.limit);
                let took = answered.then(|| system.elapsed() - begin);
                locked().hear(question, took);
                outstanding.fetch_sub(1, Ordering::SeqCst);
            });
        }
    });
}

/// How long an answer is waited for, by those before it.
///
/// After a question without an answer one at a time waits for the longest limit. A
/// machine that has become slower than the usual limit would otherwise never be seen
/// to answer, and six questions that are all given up too early would keep it slow
/// (seen: 30 s without an answer on a login node on which sbatch succeeded).
#[derive(Default)]
struct Patience {
    /// How long the last answer took; zero is not known.
    usual: Duration,
    is_unanswered: bool,
    someone_waits: bool,
}

#[derive(Clone, Copy)]
struct Question {
    limit: Duration,
    is_patient: bool,
}

impl Patience {
    fn question(&mut self) -> Question {
        let is_patient = self.is_unanswered && !self.someone_waits;
        self.someone_waits |= is_patient;
        let limit = if is_patient { LONGEST_LIMIT } else { limit_after(self.usual) };
        Question { limit, is_patient }
    }

    /// `took` is `None` where there was no answer.
    fn hear(&mut self, question: Question, took: Option<Duration>) {
        self.usual = took.unwrap_or(self.usual);
        self.is_unanswered = took.is_none();
        self.someone_waits &= !question.is_patient;
    }
}

/// How long an answer may take where it usually takes so long; zero is not
/// known. On a busy emulated machine starting scontrol alone may take two
/// seconds, and a limit below that finds an outage where there is none.
fn limit_after(usual: Duration) -> Duration {
    if usual.is_zero() {
        return LONGEST_LIMIT;
    }
    (usual * 4).clamp(SHORTEST_LIMIT, LONGEST_LIMIT)
}

fn ask(system: &dyn System, link: &Link, limit: Duration) -> bool {
    let sent = system.now();
    let answered = matches!(slurm::ping(system, limit), Ok(Health::Up));
    link.send(&Reply::Probe(Probe { sent, ended: system.now(), answered }));
    answered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_machine_is_given_longer() {
        let after = |millis| limit_after(Duration::from_millis(millis));
        assert_eq!(after(0), LONGEST_LIMIT);
        assert_eq!(after(20), SHORTEST_LIMIT);
        assert_eq!(after(1500), Duration::from_secs(6));
        assert_eq!(after(9000), LONGEST_LIMIT);
    }

    #[test]
    fn where_nobody_answers_one_at_a_time_waits_longer() {
        let mut patience = Patience::default();
        let first = patience.question();
        patience.hear(first, Some(Duration::from_millis(300)));
        let quick = patience.question();
        assert_eq!(quick.limit, SHORTEST_LIMIT);
        patience.hear(quick, None);
        let limits = [patience.question(), patience.question()];
        assert_eq!(limits.map(|question| question.limit), [LONGEST_LIMIT, SHORTEST_LIMIT]);
        // The patient one learns how slow the machine has become.
        patience.hear(limits[1], None);
        patience.hear(limits[0], Some(Duration::from_secs(2)));
        assert_eq!(patience.question().limit, Duration::from_secs(8));
    }
}
