// SPDX-License-Identifier: Apache-2.0
//! When a console has the controllers asked fast although nobody looks on.
//!
//! What has begun is seen to its end. But asking costs the machines that are
//! asked, and one that has too much to do says nothing for a while: if that
//! were a reason to ask, asking would be its own reason. So only what has
//! changed in the cluster is one, and not that a controller fell silent or is
//! heard again; and there is a budget, for a cluster that does not come to
//! rest.

use std::time::Duration;

use super::Line;

/// After a change it is asked fast for so long.
const AFTERMATH: Duration = Duration::from_secs(180);

/// So long at a stretch, if changes do not end.
const BUDGET: Duration = Duration::from_secs(600);

/// A second of the budget comes back in so many calm ones. What is used up
/// is not used again before it is enough for an aftermath.
const RETURN: u32 = 6;

/// Whether a console has the controllers asked fast.
#[derive(Clone, Debug)]
pub struct Attention {
    /// Until when the last change is a reason.
    until: Duration,
    /// How long it has to be calm until the budget is whole again.
    owed: Duration,
    /// Whether the budget was used up and too little of it has come back.
    is_exhausted: bool,
    /// The last moment, and what was decided then.
    before: (Duration, Decision),
}

/// What a console knows at one moment.
#[derive(Clone, Copy, Debug)]
pub struct Moment<'a> {
    /// The time, by a clock that only goes forward.
    pub now: Duration,
    /// What has happened since the moment before.
    pub lines: &'a [Line],
    /// Whether a failover is under way.
    pub is_under_way: bool,
    /// Whether anybody looks on.
    pub is_watched: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Decision {
    Calm,
    /// Somebody looks on, which is no matter of budgets.
    Watched,
    /// Fast, and nobody looks on.
    Alone,
}

impl Attention {
    /// A console begins. It asks fast for a while: it has no earlier word to
    /// compare with.
    pub fn from(now: Duration) -> Self {
        Self {
            until: now + AFTERMATH,
            owed: Duration::ZERO,
            is_exhausted: false,
            before: (now, Decision::Alone),
        }
    }

    /// Whether from this moment on it is asked fast.
    pub fn is_fast(&mut self, moment: &Moment<'_>) -> bool {
        let now = moment.now;
        self.account(now);
        if moment.is_under_way || moment.lines.iter().any(is_of_the_cluster) {
            self.until = now + AFTERMATH;
        }
        let decision = if moment.is_watched {
            Decision::Watched
        } else if now < self.until && !self.is_exhausted {
            Decision::Alone
        } else {
            Decision::Calm
        };
        self.before = (now, decision);
        decision != Decision::Calm
    }

    /// Takes from the budget what was used since the last moment, or gives
    /// back.
    fn account(&mut self, now: Duration) {
        let (then, decision) = self.before;
        let passed = now.saturating_sub(then);
        match decision {
            Decision::Alone => self.owed = (self.owed + passed * RETURN).min(BUDGET * RETURN),
            Decision::Calm => self.owed = self.owed.saturating_sub(passed),
            Decision::Watched => {}
        }
        self.is_exhausted = match self.is_exhausted {
            true => self.owed > (BUDGET - AFTERMATH) * RETURN,
            false => self.owed >= BUDGET * RETURN,
        };
    }
}

/// Whether the cluster has changed, and not only what is heard of it.
fn is_of_the_cluster(line: &Line) -> bool {
    match line {
        Line::Event(event) => event.subject.is_of_the_cluster(),
        Line::Failover(_) => true,
    }
}
