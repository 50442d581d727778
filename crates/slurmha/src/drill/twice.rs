// SPDX-License-Identifier: Apache-2.0
//! Two administrators who give the same order at the same moment.

use std::sync::Barrier;
use std::thread;

use jiff::Timestamp;
use slurmha_core::drill::OrderFate;
use slurmha_core::site::Site;
use slurmha_core::switchover::{Choice, Report};
use slurmha_host::{Local, System as _};

use super::power::Cut;
use crate::failure::Failure;
use crate::fleet::Fleet;
use crate::order::Order;
use crate::progress::Progress;

/// What became of the two, and when the first was taken by Pacemaker; when none
/// was, when both were given. Both have looked before either is carried out, so
/// that each believes the move to be safe and agrees to it.
pub fn order(site: &Site, fleet: &Fleet, progress: &Progress) -> (Cut, [OrderFate; 2]) {
    let given = Local::new().now();
    let both_agree = Barrier::new(2);
    let give = || {
        let order = Order { site, fleet, to: None, progress };
        let planned = order.plan();
        both_agree.wait();
        match planned? {
            Choice::Move { from, to } => order.carry_out(from, to),
            Choice::Already(active) => {
                Err(Failure::internal(format!("{active} is active already, and nobody asked")))
            }
        }
    };
    let ended = thread::scope(|scope| {
        let orders = [scope.spawn(give), scope.spawn(give)];
        orders.map(|order| {
            order.join().unwrap_or_else(|_| Err(Failure::internal("a thread panicked")))
        })
    });
    let at = first(&ended).unwrap_or(given);
    (Cut { at, confirmed: at }, ended.map(fate))
}

fn first(ended: &[Result<Report, Failure>]) -> Option<Timestamp> {
    ended.iter().filter_map(|order| order.as_ref().ok()?.ordered).min()
}

fn fate(ended: Result<Report, Failure>) -> OrderFate {
    match ended {
        Ok(report) if report.moved => OrderFate::Moved,
        Ok(report) => OrderFate::Failed(format!("{} is active and nothing moved", report.to)),
        Err(failure) if failure.is_refusal() => OrderFate::Refused(failure.message().to_owned()),
        Err(failure) => OrderFate::Failed(failure.message().to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_told_why_not_is_refused_and_everything_else_is_a_failure() {
        let moved = |moved| Report { moved, ..Report::already("lab", &"ctl2".into()) };
        assert_eq!(fate(Ok(moved(true))), OrderFate::Moved);
        assert!(matches!(fate(Ok(moved(false))), OrderFate::Failed(_)));
        let why = "something else is at work: a switchover by root@here, process 7";
        assert_eq!(fate(Err(Failure::refused(why))), OrderFate::Refused(why.to_owned()));
        let lost = "the connection to ctl2 was lost";
        assert_eq!(fate(Err(Failure::remote(lost))), OrderFate::Failed(lost.to_owned()));
    }

    #[test]
    fn the_zero_is_when_pacemaker_took_the_first() {
        let at = |second| Timestamp::from_second(second).ok();
        let ordered =
            |second| Report { ordered: at(second), ..Report::already("lab", &"c".into()) };
        let refused = || Err(Failure::refused("no"));
        assert_eq!(first(&[refused(), Ok(ordered(9))]), at(9));
        assert_eq!(first(&[Ok(ordered(9)), Ok(ordered(4))]), at(4));
        assert_eq!(first(&[refused(), refused()]), None);
    }
}
