// SPDX-License-Identifier: Apache-2.0
//! Whether a machine that was fenced gets its power back, and when.
//!
//! `stonith-action` is `off`, so that a takeover waits for nothing but the
//! proof. The other half of a reboot is made up for here, when the takeover
//! is over: without it one failure too many, weeks later, finds a cluster of
//! one machine.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::observe::Reading;

/// A machine that was fenced for good reason must not be back, and DRBD send
/// it everything, in the middle of the takeover.
pub const DELAY: Duration = Duration::from_secs(60);
/// How long the scheduler is waited for. A cluster that does not recover with
/// one machine may do with two.
pub const PATIENCE: Duration = Duration::from_secs(300);
/// How long a side without quorum waits: it does not decide over machines.
pub const LIMIT: Duration = Duration::from_secs(1800);
/// Time between two looks.
pub const POLL: Duration = Duration::from_secs(5);

/// A machine that is fenced again and again is broken, and every return
/// costs the other one a resync and a pause.
pub const MOST: usize = 3;
/// Within this time.
pub const WITHIN: SignedDuration = SignedDuration::from_hours(1);

/// What the decision depends on.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Since the fence.
    pub waited: Duration,
    /// Whether the machine takes part in the cluster.
    pub is_member: Reading<bool>,
    /// Whether this side has quorum.
    pub quorate: Reading<bool>,
    /// Whether slurmctld answers here.
    pub serves: bool,
    /// Whether a person had it fenced, and not the cluster.
    pub by_hand: Reading<bool>,
    /// When the machine was switched on before by this rule, and now.
    pub before: Vec<Timestamp>,
    /// The wall clock.
    pub now: Timestamp,
}

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Look again after [`POLL`].
    Wait,
    /// Switch it on.
    PowerOn,
    /// Nothing more; why.
    Leave(String),
}

/// The next thing to do.
pub fn decide(seen: &Seen) -> Decision {
    let recent = recent(&seen.before, seen.now).len();
    if seen.is_member == Reading::Known(true) {
        Decision::Leave("it is back".to_owned())
    } else if seen.by_hand == Reading::Known(true) {
        Decision::Leave("a person had it fenced, so a person switches it on".to_owned())
    } else if recent >= MOST {
        let minutes = WITHIN.as_mins();
        Decision::Leave(format!(
            "it was switched on {recent} times within {minutes} minutes and fenced again each time"
        ))
    } else if seen.waited >= LIMIT {
        Decision::Leave(obstacle(seen))
    } else if seen.waited < DELAY || !may_decide(seen) {
        Decision::Wait
    } else if seen.serves || seen.waited >= PATIENCE {
        Decision::PowerOn
    } else {
        Decision::Wait
    }
}

/// What cannot be told is no permission: somebody may have a hand in the machine.
fn may_decide(seen: &Seen) -> bool {
    seen.quorate == Reading::Known(true)
        && seen.is_member == Reading::Known(false)
        && seen.by_hand == Reading::Known(false)
}

fn obstacle(seen: &Seen) -> String {
    match (&seen.quorate, &seen.is_member, &seen.by_hand) {
        (Reading::Known(false), _, _) => "this side has no quorum".to_owned(),
        (Reading::Unknown(why), _, _) | (_, Reading::Unknown(why), _) => {
            format!("the cluster's state is not known: {why}")
        }
        (_, _, Reading::Unknown(why)) => format!("who had it fenced is not known: {why}"),
        _ => "its fence is too long ago".to_owned(),
    }
}

/// Those of the times that still count. One in the future (the clock was set
/// back) does, too.
pub fn recent(times: &[Timestamp], now: Timestamp) -> Vec<Timestamp> {
    times.iter().copied().filter(|at| now.duration_since(*at) < WITHIN).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(waited: u64) -> Seen {
        Seen {
            waited: Duration::from_secs(waited),
            is_member: Reading::Known(false),
            quorate: Reading::Known(true),
            serves: true,
            by_hand: Reading::Known(false),
            before: Vec::new(),
            now: Timestamp::from_second(1_800_000_000).unwrap(),
        }
    }

    fn reason(seen: &Seen) -> String {
        match decide(seen) {
            Decision::Leave(why) => why,
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn the_takeover_comes_first() {
        assert_eq!(decide(&seen(59)), Decision::Wait);
        assert_eq!(decide(&seen(60)), Decision::PowerOn);
        let not_yet = Seen { serves: false, ..seen(299) };
        assert_eq!(decide(&not_yet), Decision::Wait);
        assert_eq!(decide(&Seen { waited: PATIENCE, ..not_yet }), Decision::PowerOn);
    }

    #[test]
    fn a_side_without_quorum_decides_nothing() {
        let alone = Seen { quorate: Reading::Known(false), ..seen(900) };
        assert_eq!(decide(&alone), Decision::Wait);
        assert_eq!(reason(&Seen { waited: LIMIT, ..alone }), "this side has no quorum");
    }

    #[test]
    fn what_cannot_be_told_is_no_permission() {
        let unknown = || Reading::Unknown("no answer".to_owned());
        for (silent, wanted) in [
            (
                Seen { quorate: unknown(), ..seen(900) },
                "the cluster's state is not known: no answer",
            ),
            (
                Seen { is_member: unknown(), ..seen(900) },
                "the cluster's state is not known: no answer",
            ),
            (Seen { by_hand: unknown(), ..seen(900) }, "who had it fenced is not known: no answer"),
        ] {
            assert_eq!(decide(&silent), Decision::Wait);
            assert_eq!(reason(&Seen { waited: LIMIT, ..silent }), wanted);
        }
        assert_eq!(reason(&Seen { waited: LIMIT, ..seen(0) }), "its fence is too long ago");
    }

    #[test]
    fn what_a_person_did_is_left_alone() {
        let by_hand = Seen { by_hand: Reading::Known(true), ..seen(60) };
        assert_eq!(reason(&by_hand), "a person had it fenced, so a person switches it on");
        assert_eq!(reason(&Seen { is_member: Reading::Known(true), ..seen(10) }), "it is back");
    }

    #[test]
    fn a_machine_that_is_fenced_again_and_again_stays_off() {
        let now = seen(60).now;
        let ago = |minutes| now - SignedDuration::from_mins(minutes);
        let before = vec![ago(200), ago(50), ago(30)];
        let twice = Seen { before: before.clone(), ..seen(60) };
        assert_eq!(decide(&twice), Decision::PowerOn);
        let thrice = Seen { before: [before, vec![ago(-2)]].concat(), ..seen(60) };
        assert_eq!(
            reason(&thrice),
            "it was switched on 3 times within 60 minutes and fenced again each time"
        );
    }
}
