// SPDX-License-Identifier: Apache-2.0
//! One fault that overlaps.

use std::sync::OnceLock;

use slurmha_core::drill::{Bounds, Planned, Stroke};
use slurmha_core::site::NodeName;

use crate::drill::breaker::Breaker;
use crate::drill::power::Cut;
use crate::drill::preflight::Cast;
use crate::drill::protocol::Reply;
use crate::drill::seen::Seen;

/// A fault with the time at which it comes, and what became of it.
pub struct Blow<'a> {
    /// What, when, and for how long.
    pub planned: Planned,
    /// Who plays which part.
    pub cast: &'a Cast,
    /// Makes it happen.
    pub breaker: Breaker<'a>,
    /// Its conversation among those of [`super::Overlaps`], if it has one.
    pub watch: Option<usize>,
    /// The drill's, with the time for which this one lasts.
    pub bounds: Bounds,
    /// What was told in its conversation.
    pub seen: Seen,
    /// When it happened, or why it did not; nothing before its time.
    pub cut: OnceLock<Result<Cut, String>>,
}

impl<'a> Blow<'a> {
    /// Its time has not come yet.
    pub fn new(
        planned: Planned,
        cast: &'a Cast,
        breaker: Breaker<'a>,
        watch: Option<usize>,
        bounds: Bounds,
    ) -> Self {
        let (seen, cut) = (Seen::default(), OnceLock::new());
        Self { planned, cast, breaker, watch, bounds, seen, cut }
    }

    /// The fault's name.
    pub fn name(&self) -> String {
        self.planned.fault.name()
    }

    /// Notes what was told; what does not work is noted for the whole drill.
    pub fn note(&self, common: &Seen, machine: &NodeName, reply: Reply) {
        match reply {
            Reply::NotTakenBack(_) => common.note(machine, reply),
            Reply::Trouble(what) => {
                common.trouble(format!("{machine}: {what}"));
                self.seen.note(machine, Reply::Trouble(what));
            }
            reply => self.seen.note(machine, reply),
        }
    }

    /// What became of it. What was told goes with it.
    pub fn stroke(&self) -> Stroke {
        let told = self.seen.take();
        let cut = self.cut.get();
        let at = match cut {
            Some(Ok(cut)) => Ok(cut.at),
            Some(Err(why)) => Err(why.clone()),
            None => Err("the drill ended before its time had come".to_owned()),
        };
        Stroke {
            fault: self.planned.fault,
            victim: self.cast.victim.clone(),
            survivor: self.cast.survivor.clone(),
            at,
            confirmed: cut.and_then(|cut| cut.as_ref().ok()).map(|cut| cut.confirmed),
            process: told.process,
            taken_back: told.taken_back,
            unfelt: told.unfelt,
        }
    }
}
