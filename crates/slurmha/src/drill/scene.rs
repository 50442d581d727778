// SPDX-License-Identifier: Apache-2.0
//! All that a drill under way has to do with: who plays which part, who makes
//! the faults happen, who watches, and what was told.

use std::thread;

use slurmha_core::site::NodeName;
use slurmha_host::{Local, System as _};

use super::breaker::Breaker;
use super::overlap::Overlaps;
use super::preflight::Casts;
use super::revival::{EndRevivals, Revival};
use super::run::Drill;
use super::seen::Seen;
use super::watch::Watch;
use super::watches::EndAll;
use crate::failure::Failure;
use crate::fleet::failure;

/// A drill under way. What goes last is undone first.
pub struct Scene<'a> {
    /// The run's name, with which every job's name begins.
    pub run: String,
    /// Who plays which part.
    pub casts: &'a Casts,
    /// Makes the faults happen that come while the first is being survived.
    pub others: Overlaps<'a>,
    /// In this order: submitter, prober, a sampler for each controller, and the
    /// one that makes the first fault happen, if a machine does that itself.
    pub watches: Vec<Watch>,
    /// What was told so far.
    pub seen: Seen,
    /// Makes the first fault happen.
    pub breaker: Breaker<'a>,
    /// Watch each controller again whose sampler is lost.
    pub revivals: [Revival<'a>; 2],
}

/// Where the samplers are.
const SAMPLERS: usize = 2;

/// Where the one is that makes the first fault happen.
const STRIKER: usize = 4;

impl<'a> Scene<'a> {
    /// Prepares; nothing happens yet.
    ///
    /// # Errors
    /// When a machine cannot be reached, or there is no way to cut the power.
    pub fn set(drill: &Drill<'a>, casts: &'a Casts) -> Result<Self, Failure> {
        let (scenario, site, fleet) = (&drill.scenario, drill.site, drill.fleet);
        let (power, progress) = (drill.power, drill.progress);
        let run = format!("drill{:x}", Local::new().now().as_second());
        let cast = &casts.first;
        let breaker = Breaker::new(scenario.fault, site, cast, power, progress)?;
        let seen = Seen::default();
        for weakness in &cast.weaknesses {
            seen.trouble(format!("begun all the same: {weakness}"));
        }
        let [first, second] = site.controllers.each_ref().map(|it| &it.name);
        let watches = [&cast.client, &cast.client, first, second]
            .into_iter()
            .chain(breaker.machine(cast))
            .map(|machine| Watch::start(fleet.remote(), machine).map_err(|e| failure(&e)))
            .collect::<Result<_, Failure>>()?;
        let others = Overlaps::new(scenario, site, fleet, &casts.others, power, progress)?;
        let revivals = [first, second].map(Revival::new);
        Ok(Self { run, casts, others, watches, seen, breaker, revivals })
    }

    /// The conversation with the machine that makes the first fault happen.
    pub fn striker(&self) -> Option<&Watch> {
        self.watches.get(STRIKER)
    }

    /// Hears what everybody has to tell while `play` lasts. However that ends, all
    /// conversations end with it.
    pub fn hear<T>(&self, drill: &Drill<'_>, play: impl FnOnce() -> T) -> T {
        let first_silences = |machine: &NodeName| self.breaker.silences(machine, &self.casts.first);
        thread::scope(|scope| {
            let _end = EndAll(&self.watches);
            let _end_others = EndAll(&self.others.watches);
            self.others.listen(scope, &self.seen, &first_silences);
            let _end_revivals = EndRevivals(&self.revivals);
            for (revival, sampler) in self.revivals.iter().zip(&self.watches[SAMPLERS..]) {
                let (remote, limit, vip) = (drill.fleet.remote(), drill.longest(), drill.site.vip);
                scope.spawn(move || revival.watch(sampler, remote, &self.seen, vip, limit));
            }
            for watch in &self.watches {
                let first_silences = &first_silences;
                scope.spawn(move || {
                    let ended = watch.listen(&mut |reply| self.seen.note(&watch.machine, reply));
                    if let Err(why) = ended
                        && !first_silences(&watch.machine)
                        && !self.others.silence(&watch.machine)
                    {
                        self.seen.trouble(why);
                    }
                });
            }
            play()
        })
    }
}
