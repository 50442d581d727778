// SPDX-License-Identifier: Apache-2.0
//! An order to move the active role: looked at before it is agreed to, and
//! carried out only as it was agreed to, one at a time.

use slurmha_core::console::action::unsafe_move;
use slurmha_core::observe::{Health, ObserveRequest, SlurmQuestion};
use slurmha_core::site::{NodeName, Site};
use slurmha_core::switchover::{Choice, Report, Unfit, View, choose};

use crate::apply::lock;
use crate::failure::Failure;
use crate::fleet::Fleet;
use crate::look;
use crate::progress::Progress;
use crate::switchover::Move;

/// An order.
pub struct Order<'a> {
    /// The site.
    pub site: &'a Site,
    /// The way to its machines.
    pub fleet: &'a Fleet,
    /// The controller that shall be active; without one, the one that is not.
    pub to: Option<&'a str>,
    /// Where to say what happens.
    pub progress: &'a Progress,
}

impl Order<'_> {
    /// What it comes to, as the cluster is now.
    ///
    /// # Errors
    /// A refusal when a move would not be safe, or the name is none of a
    /// controller's.
    pub fn plan(&self) -> Result<Choice, Failure> {
        self.progress.stage("is it safe to move?");
        let status = look::look_patiently(self.site, self.fleet)?;
        let choice = choose(self.site, &status, self.to).map_err(|unfit| match unfit {
            Unfit::NoController(..) => Failure::usage(unfit),
            Unfit::NothingActive => {
                Failure::refused(unfit).hint("slurmha status tells what is wrong")
            }
        })?;
        let Choice::Move { from, to } = &choice else { return Ok(choice) };
        match unsafe_move(&status, View::Whole, from, to) {
            None => Ok(choice),
            Some(refusal) => {
                Err(refusal.next.iter().fold(Failure::refused(refusal.text), Failure::hint))
            }
        }
    }

    /// Moves the role between these two, as was agreed on.
    ///
    /// # Errors
    /// A refusal when somebody else is at work, or the role is not any more
    /// where it was; else as [`Move::run`].
    pub fn carry_out(&self, from: NodeName, to: NodeName) -> Result<Report, Failure> {
        let _lock = lock::take(self.fleet, self.site, "a switchover")?;
        // Whatever happened while somebody thought about it is seen now.
        let Choice::Move { from: now, .. } = self.plan()? else {
            return Err(not_any_more(&to));
        };
        if now != from {
            return Err(not_any_more(&now));
        }
        let client = self.client().unwrap_or_else(|| to.clone());
        // From here on Ctrl-C takes the order back.
        slurmha_lab::interrupt::watch();
        let Self { site, fleet, progress, .. } = *self;
        Move { site, fleet, from, to, client, progress }.run()
    }

    /// A login node sees what users see: the first that is served. One that is off or
    /// shut out is no reason against a move.
    fn client(&self) -> Option<NodeName> {
        let slurm = SlurmQuestion::Ping;
        let ask = ObserveRequest { slurm, patient: true, ..ObserveRequest::default() };
        let mut logins = self.site.logins.iter().map(|login| &login.name);
        let served = logins.find(|name| {
            let seen = self.fleet.observe_one(name, &ask);
            seen.is_ok_and(|it| it.slurm.known().is_some_and(|it| it.slurmctld == Health::Up))
        });
        served.cloned()
    }
}

fn not_any_more(active: &NodeName) -> Failure {
    Failure::refused(format!("{active} has become active meanwhile")).hint("slurmha status")
}
