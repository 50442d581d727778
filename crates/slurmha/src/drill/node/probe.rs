// SPDX-License-Identifier: Apache-2.0
//! Asks slurmctld for a sign of life, again and again, as a client does.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
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

/// Asks until told to stop.
pub fn run(system: &dyn System, link: &Link, limit: Duration) {
    let outstanding = AtomicUsize::new(0);
    let usual_millis = AtomicU64::new(0);
    let end = system.elapsed() + limit;
    let mut due = system.elapsed();
    thread::scope(|scope| {
        while due < end && link.wait_until(system, due) {
            // On a machine where starting scontrol takes long, asking must
            // not become the load itself.
            let usual = Duration::from_millis(usual_millis.load(Ordering::SeqCst));
            due = system.elapsed() + INTERVAL.max(usual * 2);
            if outstanding.load(Ordering::SeqCst) >= AT_ONCE {
                due = system.elapsed() + Duration::from_millis(20);
                continue;
            }
            outstanding.fetch_add(1, Ordering::SeqCst);
            let (outstanding, usual_millis) = (&outstanding, &usual_millis);
            scope.spawn(move || {
                let begin = system.elapsed();
                let answered = ask(system, link, limit_after(usual));
                if answered {
                    let took = (system.elapsed() - begin).as_millis();
                    usual_millis.store(u64::try_from(took).unwrap_or_default(), Ordering::SeqCst);
                }
                outstanding.fetch_sub(1, Ordering::SeqCst);
            });
        }
    });
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
}
