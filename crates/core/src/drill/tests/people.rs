// SPDX-License-Identifier: Apache-2.0
//! Nothing is broken: people move the role, two at once or by hand.

use super::made_up::sample;
use super::per_fault::{both, moved, reasons};
use crate::drill::*;
use crate::site::NodeName;

#[test]
fn of_two_orders_one_is_told_why_not() {
    use OrderFate::{Failed, Moved, Refused};
    let refused = || Refused("something else is at work: a switchover by root@here".to_owned());
    let ordered = |orders: &[OrderFate]| {
        let mut seen = moved(both());
        seen.scenario = Scenario::new(Fault::TwoSwitchovers);
        seen.orders = orders.to_vec();
        reasons(&seen)
    };
    for orders in [[Moved, refused()], [refused(), Moved]] {
        assert_eq!(ordered(&orders), (Verdict::Pass, Vec::new()));
    }
    for (orders, why) in [
        (vec![Moved, Moved], "of two orders one moved the role, and one moved the role"),
        (
            vec![Moved, Failed("ssh ended".to_owned())],
            "of two orders one moved the role, and one failed (ssh ended)",
        ),
        (
            vec![Moved, Refused(String::new())],
            "of two orders one moved the role, and one was refused ()",
        ),
        (Vec::new(), "what became of the two orders is not known"),
    ] {
        assert_eq!(ordered(&orders), (Verdict::Fail, vec![why.to_owned()]));
    }
}

#[test]
fn a_role_that_comes_back_has_not_moved_once() {
    for fault in [Fault::Switchover, Fault::TwoSwitchovers, Fault::LeftoverMove] {
        let mut seen = moved(both());
        seen.scenario = Scenario::new(fault);
        seen.samples.get_mut(&NodeName::from("ctl2")).unwrap().truncate(5);
        seen.samples.get_mut(&NodeName::from("ctl1")).unwrap().push(sample(61.5, true));
        let why = "slurmctld ran on ctl1 again, 61.5 s after the order";
        assert!(reasons(&seen).1.contains(&why.to_owned()), "{:?}", reasons(&seen));
    }
}

#[test]
fn what_a_move_by_hand_leaves_has_to_be_named_with_its_cure() {
    let left = |told: Option<&[&str]>| {
        let mut seen = moved(both());
        seen.scenario = Scenario::new(Fault::LeftoverMove);
        seen.status_told = told.map(|told| told.iter().map(|&it| it.to_owned()).collect());
        reasons(&seen)
    };
    let named = "a constraint is left over: cli-prefer-drbd-clone prefers ctl2 for ever; on ctl2: \
                 crm_resource --clear -r drbd-clone";
    assert_eq!(left(Some(&[named])), (Verdict::Pass, Vec::new()));
    let without_cure = "a constraint is left over: cli-prefer-drbd-clone prefers ctl2 for ever";
    for (told, why) in [
        (None, "status was not looked at meanwhile".to_owned()),
        (
            Some(&[][..]),
            "status did not name cli-prefer-drbd-clone with its cure; it told: nothing".to_owned(),
        ),
        (
            Some(&[without_cure][..]),
            format!(
                "status did not name cli-prefer-drbd-clone with its cure; it told: {without_cure}"
            ),
        ),
    ] {
        assert_eq!(left(told), (Verdict::Fail, vec![why]));
    }
    let mut forgotten = moved(both());
    forgotten.scenario = Scenario::new(Fault::LeftoverMove);
    forgotten.status_told = Some(vec![named.to_owned()]);
    forgotten.aftermath.lacking = vec![without_cure.to_owned()];
    assert_eq!(reasons(&forgotten).1, [format!("not as before: {without_cure}")]);
}
