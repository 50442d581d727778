// SPDX-License-Identifier: Apache-2.0
//! What a step has at hand: the machine, and a way to tell how it goes.

use std::cell::RefCell;
use std::ops::ControlFlow;
use std::time::Duration;

use slurmha_core::plan::StepEvent;

use super::StepError;
use crate::system::System;

/// A wait tells how it stands at least this often, so that a connection that
/// is gone is noticed.
const HEARTBEAT: Duration = Duration::from_secs(10);

type Events<'a> = &'a mut dyn FnMut(StepEvent) -> ControlFlow<()>;

pub(super) struct Context<'a> {
    pub(super) system: &'a dyn System,
    step: usize,
    events: RefCell<Events<'a>>,
}

/// What a wait found out.
pub(super) enum Look<T> {
    /// It has come.
    Ready(T),
    /// Not yet: what is missing, in one line.
    Missing(String),
    /// It will not come.
    Hopeless(StepError),
}

impl<'a> Context<'a> {
    pub(super) fn new(system: &'a dyn System, step: usize, events: Events<'a>) -> Self {
        Self { system, step, events: RefCell::new(events) }
    }

    /// Reports a line inside a long step.
    pub(super) fn progress(&self, text: impl Into<String>) -> Result<(), StepError> {
        self.send(StepEvent::Progress { step: self.step, text: text.into() })
    }

    /// Reports anything.
    pub(super) fn send(&self, event: StepEvent) -> Result<(), StepError> {
        let mut events = self.events.borrow_mut();
        if (*events)(event).is_break() { Err(StepError::Abandoned) } else { Ok(()) }
    }

    /// Looks again and again until it is there or the time is up.
    pub(super) fn wait<T>(
        &self,
        limit: Duration,
        pause: Duration,
        mut look: impl FnMut() -> Look<T>,
        give_up: impl FnOnce(String, Duration) -> StepError,
    ) -> Result<T, StepError> {
        let begin = self.system.elapsed();
        let mut told = (String::new(), begin);
        loop {
            let missing = match look() {
                Look::Ready(value) => return Ok(value),
                Look::Missing(missing) => missing,
                Look::Hopeless(error) => return Err(error),
            };
            let now = self.system.elapsed();
            if now - begin >= limit {
                return Err(give_up(missing, limit));
            }
            if told.0 != missing || now - told.1 >= HEARTBEAT {
                self.progress(format!("waiting: {missing}"))?;
                told = (missing, now);
            }
            self.system.sleep(pause);
        }
    }
}
