// SPDX-License-Identifier: Apache-2.0
//! What the console has heard of one controller.

use std::time::Duration;

use jiff::Timestamp;

use super::{Clock, View};

/// What the console has heard of one controller, by the console's own clock.
#[derive(Clone, Debug, Default)]
pub struct Heard {
    /// Its last word, and when it came.
    pub last: Option<(View, Timestamp)>,
    /// Why there is no connection to it; `None` while there is one.
    pub trouble: Option<String>,
    /// How long it may say nothing before it counts as silent. It sends a
    /// sign of life at least twice as often.
    pub patience: Duration,
    /// Its clock beside the console's.
    pub clock: Clock,
}

impl Heard {
    /// It tells this, at that time of the console's clock, and may then say
    /// nothing for so long.
    pub fn hear(&mut self, view: View, now: Timestamp, patience: Duration) {
        self.clock.compare(view.time, now);
        (self.last, self.trouble, self.patience) = (Some((view, now)), None, patience);
    }

    /// Its word, as long as that is not old.
    pub fn view(&self, now: Timestamp) -> Option<&View> {
        let (view, at) = self.last.as_ref()?;
        (!self.is_old(*at, now)).then_some(view)
    }

    /// When it was heard last, if it has fallen silent.
    pub fn silent_since(&self, now: Timestamp) -> Option<Timestamp> {
        let (_, at) = self.last.as_ref()?;
        self.is_old(*at, now).then_some(*at)
    }

    /// A clock that was set back makes nothing old.
    fn is_old(&self, at: Timestamp, now: Timestamp) -> bool {
        let age = Duration::try_from(now.duration_since(at)).unwrap_or_default();
        age > self.patience
    }
}
